import { compareBytes, parentOf } from '../../context/source-tree.ts';
import type { LayerInput } from '../../layer/layer-input.ts';
import type { Tree } from '../../layer/tree.ts';
import { FailureError } from '../../result.ts';
import { applyChmod } from './chmod.ts';
import { copyOntoDirectory, copyOntoNonDirectory, invalidChmod } from './failure.ts';
import type { StepOrigin } from './op-definition.ts';
import type { Owner } from './owner.ts';

type NodeInput = Extract<LayerInput, { readonly mode: number }>;

export interface PlacementOptions {
  readonly base: Tree;
  readonly owner?: Owner | undefined;
  readonly chmod?: string | undefined;
  /** Seconds; of directories made on the way. */
  readonly mtime: number;
  readonly origin?: StepOrigin | undefined;
}

/**
 * A layer in the making: what is put where, over a base of which only the index is looked at. Directories made on the
 * way are 0755 0:0, or have the owner and mode of `--chown` and `--chmod`; directories that exist keep theirs.
 */
export class Placement {
  readonly #options: PlacementOptions;
  readonly #entries = new Map<string, LayerInput>();
  /** First path of each file that came in under several names. */
  readonly #identities = new Map<string, string>();

  constructor(options: PlacementOptions) {
    this.#options = options;
  }

  /** Where an absolute destination really is: links followed in every component, missing ones kept. */
  resolve(destination: string): string {
    return this.#options.base.resolve(destination, { followLast: true }).path;
  }

  isDirectory(path: string): boolean {
    return path === '' || this.#at(path)?.type === 'directory';
  }

  /** Makes `path` a directory, with all that leads there. */
  makeDirectories(path: string): void {
    if (path === '') return;
    const existing = this.#at(path);
    if (existing?.type === 'directory') return;
    if (existing) throw new FailureError(copyOntoNonDirectory(path, this.#options.origin));
    this.makeDirectories(parentOf(path));
    const { owner, mtime } = this.#options;
    const mode = this.#modeOf('directory', 0o755);
    this.#entries.set(path, { type: 'directory', path, mode, uid: owner?.uid ?? 0, gid: owner?.gid ?? 0, mtime });
  }

  /** Puts a directory with its own mode and owner; what it holds in the base stays. */
  putDirectory(input: Extract<NodeInput, { readonly type: 'directory' }>): void {
    const existing = this.#at(input.path);
    if (existing && existing.type !== 'directory') {
      throw new FailureError(copyOntoNonDirectory(input.path, this.#options.origin));
    }
    this.#entries.set(input.path, this.#owned(input));
  }

  /** Puts anything but a directory, in place of what is there unless that is a directory. */
  put(input: Exclude<NodeInput, { readonly type: 'directory' }>, identity?: string): void {
    if (this.isDirectory(input.path)) throw new FailureError(copyOntoDirectory(input.path, this.#options.origin));
    const first = identity === undefined ? undefined : this.#identities.get(identity);
    if (first !== undefined && first !== input.path) {
      this.#entries.set(input.path, { type: 'hardlink', path: input.path, target: first });
      return;
    }
    if (identity !== undefined) this.#identities.set(identity, input.path);
    this.#entries.set(input.path, this.#owned(input));
  }

  /** Puts an entry of an archive, replacing whatever is there. */
  replace(input: LayerInput): void {
    const existing = this.#at(input.path);
    if (existing && (existing.type === 'directory') !== (input.type === 'directory')) {
      for (const path of this.#entries.keys()) if (path.startsWith(`${input.path}/`)) this.#entries.delete(path);
    }
    this.#entries.set(input.path, 'mode' in input ? this.#owned(input) : input);
  }

  /** All entries, each after the directories it is in: those of the base come along with their own metadata. */
  entries(): LayerInput[] {
    for (const path of [...this.#entries.keys()]) this.#includeParents(path);
    return [...this.#entries.values()].toSorted((a, b) => orderOf(a) - orderOf(b) || compareBytes(a.path, b.path));
  }

  #includeParents(path: string): void {
    const parent = parentOf(path);
    if (parent === '' || this.#entries.has(parent)) return;
    const entry = this.#options.base.lookup(parent)?.entry;
    if (entry?.type === 'directory') this.#entries.set(parent, { ...entry, path: parent });
    this.#includeParents(parent);
  }

  #at(path: string) {
    return this.#entries.get(path) ?? this.#options.base.lookup(path)?.entry;
  }

  #owned<T extends NodeInput>(input: T): T {
    const { owner } = this.#options;
    const mode = input.type === 'symlink' ? input.mode : this.#modeOf(input.type, input.mode);
    return { ...input, mode, uid: owner?.uid ?? input.uid, gid: owner?.gid ?? input.gid };
  }

  #modeOf(type: LayerInput['type'], mode: number): number {
    const { chmod, origin } = this.#options;
    if (chmod === undefined) return mode;
    const changed = applyChmod(chmod, mode, type === 'directory');
    if (changed === undefined) throw new FailureError(invalidChmod(chmod, origin));
    return changed;
  }
}

/** Hard links come last: their target is then always there, whatever the names. */
function orderOf(input: LayerInput): number {
  return input.type === 'hardlink' ? 1 : 0;
}
