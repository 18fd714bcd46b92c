import { contextFiles } from '../../context/context-files.ts';
import { ContextMoved } from '../../context/context-moved.ts';
import { DiskTree } from '../../context/disk-tree.ts';
import { contextChanging, contextNotCounted, stageNotCounted } from '../../context/failure.ts';
import type { RecordedContext, RecordedTree } from '../../context/recorded-context.ts';
import { missingSources, type Selected, select, selectedNodes, selectionDigest } from '../../context/selection.ts';
import { noMasks, type Selector } from '../../context/selector.ts';
import type { SourceNode, SourceTree } from '../../context/source-tree.ts';
import { digestOf } from '../../oci/digest.ts';
import { type Failure, FailureError } from '../../result.ts';

/**
 * The context of one build for one platform, as it was when the build was decided on: nothing else can come to be in an
 * image. It lives as long as the build.
 */
export class BuildContext {
  readonly tree: RecordedTree;
  readonly #directory: string;
  readonly #recorded: RecordedContext;
  readonly #platform: string;

  /** `tree` is shared by the platforms of a build; `directory` is absolute, `platform` as in `linux/amd64`. */
  constructor(tree: RecordedTree, options: { directory: string; recorded: RecordedContext; platform: string }) {
    this.tree = tree;
    this.#directory = options.directory;
    this.#recorded = options.recorded;
    this.#platform = options.platform;
  }

  /**
   * What is selected. Fails with `context-not-counted` where it is not what the key of the image counts, or as `missing`
   * says where it is not there at all: to count it would not help.
   */
  async select(selector: Selector, missing: (pattern: string) => Failure): Promise<readonly Selected[]> {
    if (selector.patterns.length === 0) return [];
    const { whole = false, selections = [] } = this.#recorded.counted[this.#platform] ?? {};
    try {
      const selection = await select(this.tree, selector, missing);
      if (
        whole ||
        selections.includes(await selectionDigest({ tree: this.tree, selection }, selector, { masks: noMasks }))
      )
        return selection;
    } catch (error) {
      if (!(error instanceof FailureError) || error.failure.reason !== 'context-not-counted') throw error;
    }
    const [absent] = await this.#absentOf(selector);
    throw new FailureError(absent === undefined ? contextNotCounted(selector.patterns.join(' ')) : missing(absent));
  }

  /** What the disk lacks now; nothing where that cannot be told. */
  async #absentOf(selector: Selector): Promise<readonly string[]> {
    try {
      return await missingSources(this.#disk(new AbortController().signal), selector);
    } catch (error) {
      if (error instanceof ContextMoved || error instanceof FailureError) return [];
      throw error;
    }
  }

  /** Fails with `stage-not-counted` for a stage that the key of the image does not count. */
  verifyStages(used: readonly { readonly index: number; readonly name?: string | undefined }[]): void {
    const { stages = [] } = this.#recorded.counted[this.#platform] ?? {};
    const other = used.find(({ index }) => !stages.includes(index));
    if (other !== undefined) throw new FailureError(stageNotCounted(other.name ?? String(other.index)));
  }

  /**
   * Fails with `context-changing` unless the disk still has what was selected, and nothing more that would be: looks at
   * everything but the bytes of files, which are compared while they are packed.
   */
  async verify(selector: Selector, decided: readonly Selected[], signal: AbortSignal): Promise<void> {
    if (selector.patterns.length === 0) return;
    const disk = this.#disk(signal);
    const moved = (path: string) => new FailureError(contextChanging(`${this.#directory}/${path}`));
    try {
      const found = await select(disk, selector, (pattern) => moved(pattern).failure);
      const [now, then] = [
        await selectionDigest({ tree: disk, selection: found }, selector, { masks: noMasks }),
        await selectionDigest({ tree: this.tree, selection: decided }, selector, { masks: noMasks }),
      ];
      if (now !== then) throw moved(firstDifference(selector, { decided, found }, this.tree));
    } catch (error) {
      if (error instanceof ContextMoved) throw moved(error.path);
      throw error;
    }
  }

  #disk(signal: AbortSignal): DiskTree {
    return new DiskTree({
      directory: this.#directory,
      ignore: this.#recorded.ignore,
      files: contextFiles,
      // A file that did not count then has no digest that any decided one has.
      digestOf: (path) => this.tree.digestOf(path) ?? digestOf(`new: ${path}`),
      signal,
    });
  }
}

/** Path of the first node that one selection has and the other has not, or has otherwise. */
function firstDifference(
  { parents }: Selector,
  { decided, found }: { readonly decided: readonly Selected[]; readonly found: readonly Selected[] },
  tree: SourceTree & { digestOf(path: string): unknown },
): string {
  const textOf = ({ path, type, mode, size, target, major, minor }: SourceNode) =>
    JSON.stringify([type, mode, size, target, major, minor, type === 'file' && tree.digestOf(path) === undefined]);
  const [then, now] = [decided, found].map(
    (selection) => new Map([...selectedNodes(selection, parents)].map((node) => [node.path, textOf(node)])),
  ) as [Map<string, string>, Map<string, string>];
  const paths = [...new Set([...then.keys(), ...now.keys()])];
  return paths.find((path) => then.get(path) !== now.get(path)) ?? '';
}
