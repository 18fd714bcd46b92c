import type { ArchiveRecord } from '../../layer/archive-reader.ts';
import type { Owner } from '../../layer/diff.ts';
import { LINK_LIMIT } from '../../layer/layer-links.ts';
import { FailureError } from '../../result.ts';
import { baseOf, childOf, parentOf } from '../../tree-path.ts';
import { archiveEntryImpossible } from './failure.ts';
import { type DraftContent, type DraftNode, type LayerDraft, SET_GROUP_ID } from './layer-draft.ts';
import type { StepOrigin } from './op-definition.ts';

/** Where an archive of ADD is unpacked, and what its files become. */
export interface ArchivePlacementOptions {
  readonly draft: LayerDraft;
  /** Canonical path of the directory that the archive is unpacked in; it is there. */
  readonly target: string;
  /** Of `--chown`: of all that the archive has. */
  readonly owner: Owner | undefined;
  /** Seconds; of directories that the archive does not mention. */
  readonly mtime: number;
  /** As people know the archive, for failures. */
  readonly name: string;
  readonly origin: StepOrigin | undefined;
  /** Absolute path of the bytes of a file that the base has at a path. */
  readonly fileOfBase: (path: string) => Promise<string>;
}

/** What of an entry is said in the archive alone: where its bytes are by now. */
export type UnpackedRecord = Omit<ArchiveRecord, 'body'> & { readonly sourcePath?: string | undefined };

/**
 * Entries of an archive, put where `tar x` in a chroot at the destination would put them, one after the other. Links on
 * the way to an entry are followed inside the destination, an entry replaces what it finds, and a directory is merged
 * with one. Throws FailureError `archive-entry-impossible` where the kernel would say no.
 */
export class ArchivePlacement {
  readonly #options: ArchivePlacementOptions;
  /** Times of directories count when all else is there, by the paths of the archive. */
  readonly #directories: { readonly path: string; readonly mtime: number }[] = [];

  constructor(options: ArchivePlacementOptions) {
    this.#options = options;
  }

  async add(record: UnpackedRecord): Promise<void> {
    const { entry } = record;
    const { draft, target } = this.#options;
    if (entry.path === '' && entry.type !== 'directory') throw this.#impossible('', 'it would replace the destination');
    const directory = entry.path === '' ? '' : this.#parentOf(entry.path);
    const path = entry.path === '' ? target : childOf(directory, baseOf(entry.path));
    const existing = draft.at(path)?.type;
    if (existing !== undefined && !(existing === 'directory' && entry.type === 'directory')) draft.remove(path);
    if (entry.type === 'directory') this.#directories.push({ path: entry.path, mtime: entry.mtime });
    if (entry.type === 'hardlink') await this.#link(path, record);
    else if (path !== '') this.#put(path, record);
  }

  /** To be called when all entries are added. */
  finish(): void {
    for (const { path, mtime } of this.#directories) {
      const node = this.#nodeToChange(this.#existing(path, path));
      if (node !== undefined) node.content = { ...node.content, mtime };
    }
  }

  #put(path: string, { entry, sourcePath }: UnpackedRecord): void {
    const { draft } = this.#options;
    if (entry.type === 'hardlink' || entry.type === 'whiteout' || entry.type === 'opaque') return;
    const { path: _, ...own } = entry;
    const content = { ...own, ...this.#ownerOf(own) };
    if (content.type === 'file') {
      if (sourcePath === undefined) throw new Error(`${path} was not unpacked`);
      draft.set(path, { content: { ...content, sourcePath } });
      return;
    }
    const before = content.type === 'directory' ? draft.at(path) : undefined;
    const xattrs = { ...(before?.node?.content ?? before?.below)?.xattrs, ...content.xattrs };
    const merged = Object.keys(xattrs).length === 0 ? content : { ...content, xattrs };
    // No file system keeps a mode of a link.
    draft.set(path, { content: content.type === 'symlink' ? ({ ...merged, mode: 0o777 } as DraftContent) : merged });
  }

  /** The entry of a link says what the file is from then on. */
  async #link(path: string, { entry, metadata }: UnpackedRecord): Promise<void> {
    if (entry.type !== 'hardlink') return;
    const { draft, fileOfBase } = this.#options;
    const target = childOf(this.#existing(parentOf(entry.target), entry.path), baseOf(entry.target));
    const found = draft.at(target);
    if (found === undefined)
      throw this.#impossible(entry.path, `it is a hard link to ${entry.target}, which does not exist`);
    if (found.type === 'directory')
      throw this.#impossible(entry.path, `it is a hard link to the directory ${entry.target}`);
    let node = found.node;
    if (node === undefined) {
      const { path: _, ...below } = found.below!;
      const content: DraftContent = below.type === 'file' ? withSource(below, await fileOfBase(target)) : below;
      node = { content };
      draft.set(target, node);
    }
    const { mode, mtime, xattrs, ...owned } = metadata;
    const changed = found.type === 'symlink' ? {} : { mode, mtime };
    // A file that is given an owner loses its capabilities, even where it had that one. chown(2)
    node.content = { ...node.content, ...this.#ownerOf(owned), ...changed, xattrs };
    draft.set(path, node);
  }

  #ownerOf({ uid, gid }: Owner): Owner {
    return this.#options.owner ?? { uid, gid };
  }

  /** The directory that an entry is put in, made where nothing is. */
  #parentOf(path: string): string {
    const { draft, target, mtime } = this.#options;
    let at = target;
    for (const name of parentOf(path).split('/')) {
      if (name === '') continue;
      const next = childOf(at, name);
      const found = draft.at(next);
      if (found === undefined) {
        const mode = draft.inheritedGroup(at) === undefined ? 0o755 : 0o755 | SET_GROUP_ID;
        draft.set(next, { content: { type: 'directory', mode, uid: 0, gid: 0, mtime } });
        at = next;
      } else at = found.type === 'directory' ? next : this.#existing(this.#inTarget(next), path);
      if (draft.at(at)?.type !== 'directory' && at !== '') throw this.#impossible(path, `${name} is not a directory`);
    }
    return at;
  }

  /** Where a path below the destination leads when all links are followed. It has to be there. */
  #existing(path: string, of: string): string {
    const { draft, target } = this.#options;
    const ahead = path.split('/').reverse();
    let at = target;
    for (let hops = 0; ahead.length > 0; ) {
      const name = ahead.pop()!;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (at !== target) at = parentOf(at);
        continue;
      }
      if (at !== '' && draft.at(at)?.type !== 'directory')
        throw this.#impossible(of, `${baseOf(at)} is not a directory`);
      const next = childOf(at, name);
      const found = draft.at(next);
      if (found === undefined) throw this.#impossible(of, `${this.#inTarget(next)} does not exist`);
      const content = found.node?.content ?? found.below!;
      if (content.type !== 'symlink') {
        at = next;
        continue;
      }
      hops += 1;
      if (hops > LINK_LIMIT) throw this.#impossible(of, `${path} leads through more than ${LINK_LIMIT} links`);
      if (content.target.startsWith('/')) at = target;
      ahead.push(...content.target.split('/').reverse());
    }
    return at;
  }

  /** The node at a path, as one of the draft. */
  #nodeToChange(path: string): DraftNode | undefined {
    const { draft } = this.#options;
    const found = path === '' ? undefined : draft.at(path);
    if (found?.below?.type !== 'directory') return found?.node;
    const { path: _, ...content } = found.below;
    const node: DraftNode = { content };
    draft.set(path, node);
    return node;
  }

  #inTarget(path: string): string {
    const { target } = this.#options;
    return target === '' ? path : path.slice(target.length + 1);
  }

  #impossible(entry: string, why: string): FailureError {
    const { name, origin } = this.#options;
    return new FailureError(archiveEntryImpossible({ archive: name, entry, why }, origin));
  }
}

function withSource(
  { digest: _, ...file }: Omit<Extract<NonNullable<ReturnType<LayerDraft['at']>>['below'], { type: 'file' }>, 'path'>,
  sourcePath: string,
): DraftContent {
  return { ...file, sourcePath };
}
