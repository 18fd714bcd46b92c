import { contextChanging } from '../../context/failure.ts';
import type { SourceNode, SourceTree } from '../../context/source-tree.ts';
import type { LayerIndex } from '../../layer/layer-entry.ts';
import type { LayerInput } from '../../layer/layer-input.ts';
import type { Digest } from '../../oci/digest.ts';
import { FailureError, failuresOf } from '../../result.ts';

/**
 * Files on their way from a context to a layer: what is packed must be, byte for byte, what the build was decided on.
 * Files of layers are checked nowhere but where they enter the store.
 */
export class PackedFiles {
  /** The context; undefined for files of layers. */
  readonly #tree: SourceTree | undefined;
  /** By absolute path on this machine. */
  readonly #decided = new Map<string, Digest>();
  /** By path in the layer. */
  readonly #expected = new Map<string, { readonly digest: Digest; readonly sourcePath: string }>();

  constructor(tree: SourceTree | undefined) {
    this.#tree = tree;
  }

  /** What the bytes of the file must be; undefined where that is not checked. */
  async decided(node: SourceNode): Promise<Digest | undefined> {
    return await this.#tree?.digest(node);
  }

  async add(node: SourceNode, sourcePath: string): Promise<void> {
    const digest = await this.decided(node);
    if (digest !== undefined) this.#decided.set(sourcePath, digest);
  }

  /** To be given what is packed. */
  expect(entries: readonly LayerInput[]): readonly LayerInput[] {
    for (const entry of entries) {
      if (entry.type !== 'file' || entry.sourcePath === undefined) continue;
      const digest = this.#decided.get(entry.sourcePath);
      if (digest !== undefined) this.#expected.set(entry.path, { digest, sourcePath: entry.sourcePath });
    }
    return entries;
  }

  /** Throws `context-changing` for what was not packed as it was expected. */
  verify(index: LayerIndex): void {
    for (const entry of index) {
      const expected = entry.type === 'file' ? this.#expected.get(entry.path) : undefined;
      if (expected === undefined || entry.type !== 'file' || entry.digest === expected.digest) continue;
      throw new FailureError(contextChanging(expected.sourcePath));
    }
  }

  /** The work of packing. A file that is gone, or is longer or shorter by now, has changed. */
  async explained<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const { reason, subject = '', code = '' } = failuresOf(error)?.[0] ?? {};
      const hasMoved = reason === 'file-changed' || (reason === 'file-unreadable' && ofMoved.has(code));
      throw hasMoved && this.#decided.has(subject)
        ? new FailureError(contextChanging(subject), { cause: error })
        : error;
    }
  }
}

/** What the operating system says of a path that was a regular file before. */
const ofMoved: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO']);
