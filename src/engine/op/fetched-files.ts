import { fixedCommit, type GitSource, type HttpSource, type RemoteSource } from '../../dockerfile/remote-source.ts';
import { canonicalText } from '../../oci/canonical.ts';
import { type HttpFile, identityOfPin, type RemotePin } from '../../remote/remote-pin.ts';
import type { RemoteSources } from '../../remote/remote-sources.ts';
import type { Checkouts } from './checkouts.ts';
import { CommitTree } from './commit-tree.ts';
import type { FetchedSource } from './op-definition.ts';

/** What ADD fetches: what it is for keys, and its files for layers. */
export class FetchedFiles {
  readonly #remote: RemoteSources;
  readonly #checkouts: Checkouts;
  readonly #pins: Readonly<Record<string, RemotePin>>;

  /** `pins`: what sources were when the build was decided. */
  constructor(remote: RemoteSources, checkouts: Checkouts, pins: Readonly<Record<string, RemotePin>>) {
    this.#remote = remote;
    this.#checkouts = checkouts;
    this.#pins = pins;
  }

  /** Equal for what gives equal files: the address of a file says nothing of it but its name. */
  async keyOf({ source, before, unpack }: FetchedSource, signal: AbortSignal): Promise<string> {
    if (source.type === 'git') {
      const { subdir, keepsGitDir, submodules, remote } = source;
      const commit = fixedCommit(source) ?? (await this.#pinOf(source, signal));
      const where = keepsGitDir || submodules ? remote : '';
      return canonicalText({ before, git: commit, subdir, keepsGitDir, submodules, where });
    }
    const { name = '', checksum } = source;
    const content = checksum ?? (await this.#pinOf(source, signal));
    return canonicalText({ before, unpack, name, http: content });
  }

  /** The file of an address, and where its bytes are on this machine. */
  async file(source: HttpSource, signal: AbortSignal): Promise<{ readonly file: HttpFile; readonly path: string }> {
    const pin = this.#pins[JSON.stringify(source)];
    const file = pin?.type === 'http' ? pin : await this.#remote.files.file(source, signal);
    return { file, path: await this.#remote.files.path(source, file, signal) };
  }

  /** `work` has the files of a commit until it ends. */
  async commit<T>(source: GitSource, work: (tree: CommitTree) => Promise<T>, signal: AbortSignal): Promise<T> {
    const pin = this.#pins[JSON.stringify(source)];
    const commit = pin?.type === 'git' ? pin.commit : await this.#remote.repositories.commitOf(source, signal);
    const use = (checkout: Parameters<Parameters<Checkouts['use']>[0]['work']>[0]) =>
      work(new CommitTree(source, checkout, signal));
    return await this.#checkouts.use({ source, commit, work: use }, signal);
  }

  async #pinOf(source: RemoteSource, signal: AbortSignal): Promise<string> {
    return identityOfPin(this.#pins[JSON.stringify(source)] ?? (await this.#remote.resolve(source, signal)));
  }
}
