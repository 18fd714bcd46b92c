import { statfs } from 'node:fs/promises';
import type { Store } from '../store/store.ts';
import { probeMachine } from '../worker/probe.ts';
import type { MachineFact } from '../worker/protocol.ts';
import { userOf } from './create-builder.ts';
import { isInContainer } from './in-container.ts';
import type { Surroundings } from './surroundings.ts';

/** One thing a machine can do, or cannot. */
export interface Check {
  readonly name: string;
  /** `limited`: works, but something is lost; `missing`: commands that need it fail. */
  readonly state: 'ok' | 'limited' | 'missing';
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
}

/** Facts without which nothing can be built at all. */
const essential = new Set(['tier', 'user-namespaces', 'run', 'tool-unshare', 'tool-mount']);

/** Below this, in bytes, a build of any size is likely to fill the disk. */
const littleSpace = 2 * 1024 ** 3;

/** Tries what building needs, for real, in the directory of the store where it will be needed. */
export async function checkMachine(
  store: Store,
  { env }: Surroundings,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const dir = store.session.path;
  const facts = await probeMachine(
    { dir, user: userOf(), inContainer: isInContainer(env), env: { PATH: env['PATH'] ?? '' } },
    signal,
  );
  return [...facts.map(checkOf), await storeCheck(store)];
}

function checkOf({ id, ok, detail, fix }: MachineFact): Check {
  const state = ok === 'yes' ? 'ok' : ok === 'no' && essential.has(id) ? 'missing' : 'limited';
  return { name: id, state, message: detail, hint: fix };
}

async function storeCheck({ paths }: Store): Promise<Check> {
  const { bavail, bsize } = await statfs(paths.root);
  const free = bavail * bsize;
  const message = `${paths.root}, ${(free / 1024 ** 3).toFixed(1)} GiB free`;
  if (free >= littleSpace) return { name: 'store', state: 'ok', message };
  return { name: 'store', state: 'limited', message, hint: 'make room, or set CIP_STORE to a larger disk' };
}
