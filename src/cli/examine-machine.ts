import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { findEmulators, isDynamicProgram } from '../engine/executor/emulation.ts';
import { findTools } from '../engine/executor/tools.ts';
import { formatPlatform, hostPlatform } from '../oci/platform.ts';
import { failuresOf } from '../result.ts';
import type { Store } from '../store/store.ts';
import { enter } from '../worker/enter.ts';
import { userOf } from './create-builder.ts';
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

const tiers = {
  'root-map': "as root, with the machine's user ids",
  'subuid-map': 'without root, with the user ids of /etc/subuid',
  'single-uid': 'without root, with one user id: files of images keep no owner, and steps run as root only',
  none: 'without namespaces',
};

/** Below this, in bytes, a build of any size is likely to fill the disk. */
const littleSpace = 2 * 1024 ** 3;

/** Tries what building needs, for real, in the directory of the store where it will be needed. */
export async function examineMachine(store: Store, { env, arch }: Surroundings): Promise<readonly Check[]> {
  const machine: Machine = {
    path: env['PATH'] ?? '',
    directory: join(store.session.path, 'doctor'),
    architecture: hostPlatform(arch).architecture,
  };
  await mkdir(machine.directory);
  try {
    const checks = [engineCheck, toolsCheck, overlayCheck, emulationCheck].map((check) => check(machine));
    return [...(await Promise.all(checks)).flat(), await storeCheck(store)];
  } finally {
    await rm(machine.directory, { recursive: true, force: true });
  }
}

interface Machine {
  readonly path: string;
  /** Empty, on the file system of the store. */
  readonly directory: string;
  readonly architecture: string;
}

async function engineCheck({ path }: Machine): Promise<readonly Check[]> {
  const name = 'namespaces';
  try {
    const { tier, warnings, ended } = await enter({ ...entering(path), command: ['/bin/sh', '-c', 'exit 0'] });
    await ended;
    const state = tier === 'single-uid' || tier === 'none' ? 'limited' : 'ok';
    return [{ name, state, message: `steps are isolated ${tiers[tier]}`, hint: warnings[0]?.hint }];
  } catch (error) {
    return [missing(name, error)];
  }
}

async function toolsCheck({ path }: Machine): Promise<readonly Check[]> {
  const name = 'programs';
  try {
    const { hostname, loopbackUp } = await findTools(path);
    if (hostname !== undefined && loopbackUp !== undefined) {
      return [{ name, state: 'ok', message: 'all that RUN starts is installed' }];
    }
    const message =
      'no program sets up the loopback interface or the host name: RUN --network=none and --hostname lack it';
    return [{ name, state: 'limited', message, hint: 'install iproute2 and hostname, or busybox' }];
  } catch (error) {
    return [missing(name, error)];
  }
}

async function overlayCheck({ path, directory }: Machine): Promise<readonly Check[]> {
  const script =
    'cd "$1" && mkdir lower upper work root && mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay root';
  const said = await tryInside(path, script, directory);
  if (said === undefined) return [{ name: 'overlay', state: 'ok', message: 'RUN works on overlay file systems' }];
  const message = 'no overlay file system can be mounted in the store: files are copied for each RUN, which is slower';
  return [{ name: 'overlay', state: 'limited', message, hint: 'Linux 5.11 or newer; CIP_STORE on ext4, xfs or btrfs' }];
}

/** One for each of the two usual architectures that is not this machine's. */
async function emulationCheck({ path, directory, architecture }: Machine): Promise<readonly Check[]> {
  const foreign = ['amd64', 'arm64'].filter((one) => one !== architecture);
  const emulators = await findEmulators(path);
  const isPrivate =
    (await tryInside(path, 'mkdir "$1" && mount -t binfmt_misc none "$1"', `${directory}/binfmt`)) === undefined;
  return await Promise.all(
    foreign.map(async (one): Promise<Check> => {
      const name = `emulation of ${formatPlatform({ os: 'linux', architecture: one })}`;
      const qemu = emulators[one];
      if (qemu !== undefined && isPrivate && !(await isDynamicProgram(qemu))) {
        return { name, state: 'ok', message: `${qemu}, registered for each build alone` };
      }
      const reason =
        qemu === undefined ? 'there is no static qemu' : 'the kernel gives builds no binfmt_misc of their own';
      const message = `${reason}: RUN for it works only where the machine has registered an emulator`;
      const hint =
        qemu === undefined
          ? 'install qemu-user-static'
          : 'Linux 6.7 or newer, or register qemu for the machine (binfmt-support)';
      return { name, state: 'limited', message, hint };
    }),
  );
}

async function storeCheck({ paths }: Store): Promise<Check> {
  const { bavail, bsize } = await statfs(paths.root);
  const free = bavail * bsize;
  const message = `${paths.root}, ${(free / 1024 ** 3).toFixed(1)} GiB free`;
  if (free >= littleSpace) return { name: 'store', state: 'ok', message };
  return { name: 'store', state: 'limited', message, hint: 'make room, or set CIP_STORE to a larger disk' };
}

/** What a script said that failed in namespaces like those of builds; undefined if it worked. */
async function tryInside(path: string, script: string, argument: string): Promise<string | undefined> {
  try {
    const { ended } = await enter({ ...entering(path), command: ['/bin/sh', '-c', script, 'sh', argument] });
    const { code, said } = await ended;
    return code === 0 ? undefined : said;
  } catch (error) {
    if (failuresOf(error) === undefined) throw error;
    return (error as Error).message;
  }
}

function entering(path: string) {
  return { env: { PATH: path }, path, user: userOf(), isolation: 'namespaces' as const };
}

function missing(name: string, error: unknown): Check {
  const [failure] = failuresOf(error) ?? [];
  if (failure === undefined) throw error;
  return { name, state: 'missing', message: failure.message, hint: failure.hint };
}
