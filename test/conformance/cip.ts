import { execFile } from 'node:child_process';
import { chmod, chown, lchown, lstat, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { bin } from '../support/paths.ts';
import { tempDir } from '../support/temp-dir.ts';
import { type Person, personWithSubids, self, subids } from '../worker/people.ts';
import { agentFlags } from './agents.ts';
import type { Built, ConformanceBuilder, StagedCase } from './builder.ts';
import { filledContext } from './case.ts';
import type { Identity } from './identity.ts';
import { type OwnersOnDisk, type UnpackedLayers, unpackedLayers } from './unpacked.ts';

const exec = promisify(execFile);

/** `cip build-image` of somebody, with a store of their own. */
export interface Cip extends ConformanceBuilder, AsyncDisposable {
  readonly identity: Identity;
  /** What all builds together have left for the next ones. */
  readonly unpacked: () => Promise<UnpackedLayers>;
}

/** Nothing is built yet. */
export async function startCip(identity: Identity): Promise<Cip> {
  const directory = await tempDir();
  const store = join(directory.path, 'home', 'store');
  return {
    name: 'cip',
    identity,
    build: (staged) => runCip(staged, { identity, store }),
    unpacked: () => unpackedLayers(store, identity === 'user' ? ownersOnDisk(personWithSubids()) : undefined),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** Root of an image is the person, and the others are those of the range. */
function ownersOnDisk(person: Person): OwnersOnDisk {
  const from = (file: Parameters<typeof subids>[0], own: number) => (id: number) =>
    id === 0 ? own : subids(file, person)[0] + id - 1;
  return { uid: from('/etc/subuid', person.uid), gid: from('/etc/subgid', person.gid) };
}

export interface CipRun {
  readonly identity: Identity;
  /** In a directory that is made if it is not there; everything above that one lets everybody through. */
  readonly store: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** A command that starts what follows, in surroundings of its own making. */
  readonly through?: readonly string[];
}

/** What was built, and the steps that were done for it: those that are not in the cache. */
export async function runCip(
  staged: StagedCase,
  run: CipRun,
): Promise<Built & { readonly steps: readonly string[]; readonly code: number }> {
  const { case: one, context, scratch } = staged;
  const { folder, args } = one;
  // Made when it is first needed: there may be no useradd.
  const person = run.identity === 'user' ? personWithSubids() : self;
  await prepare(staged, person, run.store);
  const layout = join(scratch, 'cip');
  const secrets: string[] = [];
  for (const [id, value] of Object.entries(args.secrets)) {
    const file = join(scratch, `cip-secret-${id}`);
    await writeFile(file, value);
    secrets.push('--secret', `id=${id},src=${file}`);
  }
  const contextOf = (value: string) => {
    const filled = filledContext(value, args.buildArgs);
    return filled.startsWith('dir:') ? join(context, filled.slice(4)) : filled.replace(/^image:/, 'docker-image://');
  };
  const { uid, gid } = person;
  const become = ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'];
  // Its steps see the processes around them: those of the machine are none of a case's business.
  const alone = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];
  const [command, ...rest] = [
    ...(run.identity === 'chroot' ? alone : []),
    ...(run.through ?? []),
    ...(uid === self.uid ? [] : become),
    ...[process.execPath, bin, 'build-image', context, '--file', join(folder, 'Dockerfile')],
    ...['--platform', args.platform, '--isolation', run.identity === 'chroot' ? 'chroot' : 'namespaces'],
    ...(args.target === undefined ? [] : ['--target', args.target]),
    ...Object.entries({ ...args.buildArgs, ...run.buildArgs }).flatMap(([name, value]) => [
      '--build-arg',
      `${name}=${value}`,
    ]),
    ...secrets,
    ...Object.entries(args.contexts).flatMap(([name, value]) => ['--build-context', `${name}=${contextOf(value)}`]),
    ...(args.options?.cip ?? []),
    ...(await agentFlags(args.ssh, scratch, person)),
    ...['--progress', 'json', '--output', `type=oci,tar=false,dest=${layout}`],
    ...(staged.outputs ?? []).flatMap((output) => ['--output', output]),
  ];
  const env = { PATH: process.env['PATH'], HOME: dirname(run.store), CIP_STORE: run.store };
  try {
    const { stderr } = await exec(command!, rest, { env, maxBuffer: 64 * 1024 * 1024 });
    return { layout, steps: startedIn(stderr), code: 0 };
  } catch (error) {
    const { stderr = String(error), code = 1 } = error as { stderr?: string; code?: number };
    if (code === 70) throw new Error(`cip ends with 70: ${stderr}`);
    return { refused: refusalIn(stderr), steps: startedIn(stderr), code };
  }
}

/** Failures as people see them, by the lines of `--progress=json`, and what stands beside those. */
function refusalIn(stderr: string): string {
  const lines = stderr.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [line];
    const { type, reason, message, place } = JSON.parse(line);
    return type === 'error' ? [`error[${reason}]: ${message}`, ...(place === undefined ? [] : [` --> ${place}`])] : [];
  });
  return lines.join('\n').trim();
}

/** Names of the steps that were started, by events of `--progress=json`. */
function startedIn(stderr: string): readonly string[] {
  const events = stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  return events.flatMap(({ type, name }) => (type === 'step-started' ? [name as string] : []));
}

/** What root has made becomes that of the person who builds, as it would be without root. */
async function prepare({ context, scratch }: StagedCase, person: Person, store: string): Promise<void> {
  const home = dirname(store);
  await mkdir(home, { recursive: true });
  await chmod(dirname(home), 0o755);
  if (person.uid === self.uid) return;
  for (const directory of [home, scratch]) await chown(directory, person.uid, person.gid);
  await giveAwayBelow(Buffer.from(context), person);
}

async function giveAwayBelow(path: Buffer, person: Person): Promise<void> {
  const stats = await lstat(path);
  await lchown(path, person.uid, person.gid);
  // Lost by changing the owner.
  if (stats.isFile() && (stats.mode & 0o6000) !== 0) await chmod(path, stats.mode & 0o7777);
  if (!stats.isDirectory()) return;
  for (const name of await readdir(path, { encoding: 'buffer' })) {
    await giveAwayBelow(Buffer.concat([path, Buffer.from('/'), name]), person);
  }
}
