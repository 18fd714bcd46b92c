import { z } from 'zod';
import { fixedCommit, type GitSource, type RemoteSource, withoutPassword } from '../dockerfile/remote-source.ts';
import { digestOf } from '../oci/digest.ts';
import type { RegistryOptions } from '../registry/registry-options.ts';
import type { RecordLog } from '../store/record-log.ts';
import type { Store } from '../store/store.ts';
import { GitRepositories } from './git-repositories.ts';
import { HttpClient } from './http-client.ts';
import { HttpFiles } from './http-files.ts';
import { Logins } from './logins.ts';
import type { RemotePin } from './remote-pin.ts';
import { RemoteTimes } from './remote-times.ts';

/** What ADD fetches: what it is now, and its files. */
export class RemoteSources implements AsyncDisposable {
  readonly files: HttpFiles;
  readonly repositories: GitRepositories;
  readonly logins = new Logins();
  readonly times: RemoteTimes;
  readonly #commits: RecordLog<string>;
  #client: HttpClient | undefined;

  constructor({ store, registry }: { readonly store: Store; readonly registry: RegistryOptions }) {
    this.files = new HttpFiles(
      store,
      () => {
        this.#client ??= new HttpClient(registry);
        return this.#client;
      },
      this.logins,
    );
    this.repositories = new GitRepositories(registry.env, this.logins);
    this.#commits = store.records('remote-commits', z.string());
    this.times = new RemoteTimes(store, this);
  }

  /** What a source is now; of one that is fixed nobody is asked. */
  async resolve(source: RemoteSource, signal: AbortSignal): Promise<RemotePin> {
    if (source.type === 'http') return await this.files.file(source, signal);
    const commit = await this.repositories.commitOf(source, signal);
    const id = idOf(source);
    if (fixedCommit(source) === undefined && (await this.#commits.get(id)) !== commit) {
      await this.#commits.append(id, commit);
    }
    return { type: 'git', commit };
  }

  /** What it was when it was last resolved with this store; undefined where nobody knows. Asks nobody. */
  async lastSeen(source: RemoteSource): Promise<RemotePin | undefined> {
    if (source.type === 'http') return await this.files.lastSeen(source);
    const commit = fixedCommit(source) ?? (await this.#commits.get(idOf(source)));
    return commit === undefined ? undefined : { type: 'git', commit };
  }

  /** Ends connections. */
  async close(): Promise<void> {
    await this.#client?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A login is written down nowhere. */
function idOf({ remote, ref = 'HEAD' }: GitSource): string {
  const address = withoutPassword(remote);
  return `${address}${address === remote ? '' : ` ${digestOf(remote)}`} ${ref}`;
}
