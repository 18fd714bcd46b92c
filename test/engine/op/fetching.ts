import { Checkouts } from '../../../src/engine/op/checkouts.ts';
import { FetchedFiles } from '../../../src/engine/op/fetched-files.ts';
import type { RemotePin } from '../../../src/remote/remote-pin.ts';
import { RemoteSources } from '../../../src/remote/remote-sources.ts';
import type { Store } from '../../../src/store/store.ts';
import { clientOptions } from '../../support/client-options.ts';

/** What ADD fetches, for operations without an engine around them. Its connections end with the process. */
export function fetching(store: Store, pins: Readonly<Record<string, RemotePin>> = {}): FetchedFiles {
  const registry = { ...clientOptions, env: { ...clientOptions.env, PATH: process.env['PATH'], HOME: '/nonexistent' } };
  const remote = new RemoteSources({ store, registry });
  return new FetchedFiles(remote, new Checkouts(remote.repositories, () => store.session.tempPath('git')), pins);
}
