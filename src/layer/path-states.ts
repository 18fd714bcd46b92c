import { childOf } from '../tree-path.ts';
import type { DeviceEntry, DirectoryEntry, FifoEntry, HardlinkEntry } from './layer-entry.ts';
import { components } from './scoped-path.ts';
import type { Xattrs } from './xattr.ts';

/** What is known of one path while a layer is unpacked. */
export interface PathState {
  /** What of this layer is there; absent where nothing is. */
  added?: 'directory' | 'other' | undefined;
  /** Whether there is known to be a directory, reached through directories alone. */
  isReal?: boolean;
  /** Of a directory of this layer: what it is to be in the end. */
  directory?: DirectoryEntry | undefined;
  /** Whether the layer has no entry for that directory. */
  isImplicit?: boolean;
  /** Of a directory of a lower layer that was looked into: its times before. */
  touched?: { readonly atime: Date; readonly mtime: Date } | undefined;
  xattrs?: Xattrs | undefined;
  /** To be made at the end. */
  special?: FifoEntry | DeviceEntry | undefined;
  /** A name of such a thing, to be made after it. */
  specialLink?: HardlinkEntry | undefined;
  children?: Map<string, PathState> | undefined;
}

/** PathStates by component: reaching one costs the length of its path, forgetting one with all below it costs nothing. */
export class PathStates {
  readonly root: PathState = { isReal: true };

  find(path: string): PathState | undefined {
    let state: PathState | undefined = this.root;
    for (const [name] of components(path)) {
      state = state.children?.get(name);
      if (state === undefined) return undefined;
    }
    return state;
  }

  /** All that are known, parents first, those of a directory in the order they came. */
  *all(): Generator<{ readonly path: string; readonly state: PathState }, void, undefined> {
    const ahead: { path: string; state: PathState }[] = [{ path: '', state: this.root }];
    for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
      yield next;
      const below = [...(next.state.children ?? [])];
      for (const [name, state] of below.reverse()) ahead.push({ path: childOf(next.path, name), state });
    }
  }
}

/** The state of what is named `name` in the directory, made where nothing was known of it. */
export function childState(parent: PathState, name: string): PathState {
  parent.children ??= new Map();
  let child = parent.children.get(name);
  if (child === undefined) {
    child = {};
    parent.children.set(name, child);
  }
  return child;
}
