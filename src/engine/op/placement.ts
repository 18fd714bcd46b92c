import type { Owner } from '../../layer/diff.ts';
import type { LayerInput } from '../../layer/layer-input.ts';
import type { Tree } from '../../layer/tree.ts';
import { FailureError } from '../../result.ts';
import { excessOf, parentOf } from '../../tree-path.ts';
import { applyChmod, isOctal } from './chmod.ts';
import { copyOntoDirectory, copyOntoNonDirectory, copyPathTooLong, invalidChmod } from './failure.ts';
import { type DraftNode, LayerDraft, SET_GROUP_ID } from './layer-draft.ts';
import type { StepOrigin } from './op-definition.ts';

type NodeInput = Extract<LayerInput, { readonly mode: number }>;
type DirectoryInput = Extract<NodeInput, { readonly type: 'directory' }>;

/** Where copied files are put, and what their modes, owners and times become. */
export interface PlacementOptions {
  readonly base: Tree;
  readonly owner?: Owner | undefined;
  readonly chmod?: string | undefined;
  /** Seconds; of directories made on the way. */
  readonly mtime: number;
  readonly origin?: StepOrigin | undefined;
}

/** Permissions of a directory that nothing gives others. */
const DIRECTORY_MODE = 0o755;

/**
 * What a copy puts where, by the rules of fsutil's copy. Directories made on the way are 0755 0:0, or have the owner of
 * `--chown` and the permissions of an octal `--chmod`, without its special bits; in one with the set-group-ID bit they have
 * that bit, and its group where none is given. Directories that exist keep theirs.
 * https://github.com/tonistiigi/fsutil/tree/master/copy
 */
export class Placement {
  readonly draft: LayerDraft;
  readonly #options: PlacementOptions;
  /** Nodes of files that came in under several names, by copy and identity. */
  readonly #shared = new Map<string, DraftNode>();

  constructor(options: PlacementOptions) {
    this.#options = options;
    this.draft = new LayerDraft(options.base);
  }

  /** Where an absolute destination really is: links followed in every component, missing ones kept. */
  resolve(destination: string): string {
    return this.draft.resolve(destination);
  }

  isDirectory(path: string): boolean {
    return path === '' || this.draft.at(path)?.type === 'directory';
  }

  /** Makes `path` a directory, with all that leads there. `--chmod` says nothing of where an archive is unpacked. */
  makeDirectories(path: string, { isForArchive = false } = {}): void {
    if (path === '') return;
    const existing = this.draft.at(path);
    if (existing?.type === 'directory') return;
    const { owner, mtime, chmod, origin } = this.#options;
    if (existing) throw new FailureError(copyOntoNonDirectory(path, origin));
    this.makeDirectories(parentOf(path), { isForArchive });
    const isGiven = chmod !== undefined && !isForArchive && isOctal(chmod);
    const group = this.draft.inheritedGroup(parentOf(path));
    const permissions = isGiven ? this.#changed(DIRECTORY_MODE, true) & 0o777 : DIRECTORY_MODE;
    const mode = group === undefined ? permissions : permissions | SET_GROUP_ID;
    this.draft.set(path, {
      content: { type: 'directory', mode, uid: owner?.uid ?? 0, gid: owner?.gid ?? group ?? 0, mtime },
    });
  }

  /** Gives a directory that is there the time of the one whose content was copied to it. The root has none in a layer. */
  setTime(path: string, mtime: number): void {
    const found = path === '' ? undefined : this.draft.at(path);
    if (found?.node !== undefined) found.node.content = { ...found.node.content, mtime };
    else if (found?.below?.type === 'directory') {
      const { path: _, ...content } = found.below;
      this.draft.set(path, { content: { ...content, mtime } });
    }
  }

  /** Puts a directory with its own mode and owner; what it holds in the base stays. */
  putDirectory(input: DirectoryInput): void {
    this.#requireDirectory(input.path);
    const { path, ...content } = this.#owned(input);
    this.draft.set(path, { content });
  }

  /**
   * Puts a directory that only leads to what `--parents` copies: one that is there keeps its owner, and takes the mode of
   * the source as it is.
   */
  putLeading(input: DirectoryInput): void {
    const { path, mode } = input;
    this.#requireDirectory(path);
    const found = this.draft.at(path);
    if (found?.node !== undefined) found.node.content = { ...found.node.content, mode };
    else if (found?.below?.type === 'directory') {
      const { path: _, ...content } = found.below;
      this.draft.set(path, { content: { ...content, mode } });
    } else this.putDirectory(input);
  }

  /**
   * Puts anything but a directory, in place of what is there unless that is a directory. Equal `identity` is one file.
   */
  put(input: Exclude<NodeInput, DirectoryInput>, identity?: string): void {
    const { path } = input;
    if (this.isDirectory(path)) throw new FailureError(copyOntoDirectory(path, this.#options.origin));
    const first = identity === undefined ? undefined : this.#shared.get(identity);
    if (first !== undefined) {
      this.draft.set(path, first);
      return;
    }
    const { path: _, ...content } = this.#owned(input);
    const node: DraftNode = { content };
    if (identity !== undefined) this.#shared.set(identity, node);
    this.draft.set(path, node);
  }

  /** All entries, each after the directories it is in. Throws FailureError for a path that no system can make. */
  entries(): LayerInput[] {
    const entries = this.draft.entries();
    for (const { path } of entries) {
      const excess = excessOf(`/${path}`);
      if (excess !== undefined) throw new FailureError(copyPathTooLong(path, excess, this.#options.origin));
    }
    return entries;
  }

  #requireDirectory(path: string): void {
    const existing = this.draft.at(path);
    if (existing && existing.type !== 'directory') {
      throw new FailureError(copyOntoNonDirectory(path, this.#options.origin));
    }
  }

  #owned<T extends NodeInput>(input: T): T {
    const { owner } = this.#options;
    const mode = input.type === 'symlink' ? input.mode : this.#changed(input.mode, input.type === 'directory');
    return { ...input, mode, uid: owner?.uid ?? input.uid, gid: owner?.gid ?? input.gid };
  }

  #changed(mode: number, isDirectory: boolean): number {
    const { chmod, origin } = this.#options;
    if (chmod === undefined) return mode;
    const changed = applyChmod(chmod, mode, isDirectory);
    if (changed === undefined) throw new FailureError(invalidChmod(chmod, origin));
    return changed;
  }
}
