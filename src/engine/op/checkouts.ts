import type { GitSource } from '../../dockerfile/remote-source.ts';
import type { GitRepositories } from '../../remote/git-repositories.ts';
import { removeTree } from '../../remove-tree.ts';

/** The files of a commit on disk. */
export interface Checkout {
  /** Absolute. */
  readonly directory: string;
  /** Seconds since 1970: when it was committed. */
  readonly time: number;
}

/** Commits on disk for as long as steps use them: steps that run at the same time share one. */
export class Checkouts {
  readonly #repositories: GitRepositories;
  readonly #newPath: () => string;
  readonly #open = new Map<string, { readonly checkout: Promise<Checkout>; users: number }>();

  /** `newPath` gives absolute paths where nothing is. */
  constructor(repositories: GitRepositories, newPath: () => string) {
    this.#repositories = repositories;
    this.#newPath = newPath;
  }

  /** `work` has the files until it ends. */
  async use<T>(
    {
      source,
      commit,
      work,
    }: {
      readonly source: GitSource;
      readonly commit: string;
      readonly work: (checkout: Checkout) => Promise<T>;
    },
    signal: AbortSignal,
  ): Promise<T> {
    const id = JSON.stringify([source, commit]);
    const open = this.#open.get(id) ?? { checkout: this.#make(source, commit, signal), users: 0 };
    this.#open.set(id, open);
    open.users += 1;
    try {
      return await work(await open.checkout);
    } finally {
      open.users -= 1;
      if (open.users === 0) {
        this.#open.delete(id);
        const made = await open.checkout.catch(() => undefined);
        if (made !== undefined) await removeTree(made.directory);
      }
    }
  }

  async #make(source: GitSource, commit: string, signal: AbortSignal): Promise<Checkout> {
    const directory = this.#newPath();
    try {
      return { directory, time: await this.#repositories.checkout(source, { commit, directory }, signal) };
    } catch (error) {
      await removeTree(directory);
      throw error;
    }
  }
}
