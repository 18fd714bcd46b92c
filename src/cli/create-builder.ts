import { availableParallelism, userInfo } from 'node:os';
import type { Builder } from '../builder.ts';
import { findEmulators } from '../engine/executor/emulation.ts';
import { findTools } from '../engine/executor/tools.ts';
import type { RegistryOptions } from '../registry/registry-options.ts';
import { FailureError } from '../result.ts';
import type { Store } from '../store/store.ts';
import { WorkerBuilder, type WorkerBuilderOptions } from '../worker/worker-builder.ts';
import { invalidSourceDateEpoch } from './failure.ts';
import type { Surroundings } from './surroundings.ts';

/** Settings of the machine that steps see: nothing else of the environment reaches a build. */
const passedOn = /^(https?_proxy|ftp_proxy|no_proxy|all_proxy)$/i;

/** The embedded engine in a worker process of its own, which starts with the first build. */
export async function createBuilder(
  store: Store,
  registry: RegistryOptions,
  { env, now }: Surroundings,
): Promise<Builder> {
  const path = env['PATH'] ?? '';
  const [tools, emulators] = await Promise.all([findTools(path), findEmulators(path)]);
  const sourceDateEpoch = epochIn(env['SOURCE_DATE_EPOCH']);
  const options: WorkerBuilderOptions = {
    engine: {
      storeDir: store.paths.root,
      sessionDir: store.session.path,
      registry: { ...registry },
      emulators,
      tools,
      concurrency: availableParallelism(),
      sourceDateEpoch,
      created: new Date(sourceDateEpoch === undefined ? now() : sourceDateEpoch * 1000).toISOString(),
      env: Object.fromEntries(
        Object.entries(env).flatMap(([name, value]) => (passedOn.test(name) && value ? [[name, value]] : [])),
      ),
    },
    user: userOf(),
    isolation: 'namespaces',
    env: { PATH: path, ...(env['HOME'] && { HOME: env['HOME'] }) },
  };
  return new WorkerBuilder(options);
}

/** Seconds since 1970; https://reproducible-builds.org/specs/source-date-epoch/ */
function epochIn(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,11}$/.test(text)) throw new FailureError(invalidSourceDateEpoch(text));
  return Number(text);
}

/** Containers are often run as an id that has no name. */
export function userOf(): WorkerBuilderOptions['user'] {
  const { uid, gid, name } = named() ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, name: '' };
  return { uid, gid, name: name || String(uid) };
}

function named() {
  try {
    const { uid, gid, username } = userInfo();
    return { uid, gid, name: username };
  } catch {
    return undefined;
  }
}
