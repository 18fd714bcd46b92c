import { execFile } from 'node:child_process';
import {
  chmod,
  chown,
  copyFile,
  lchown,
  lstat,
  lutimes,
  mkdir,
  readdir,
  readFile,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { removeTree } from '../../src/remove-tree.ts';
import { type Case, caseDigest, readCase, stageContext } from './case.ts';
import { type CipRun, runCip } from './cip.ts';
import { differences } from './difference.ts';
import type { Identity } from './identity.ts';
import { readImage } from './image.ts';
import { changeContext, neighboursOf } from './neighbour.ts';
import { reasonsIn } from './reasons.ts';

const exec = promisify(execFile);

/**
 * What holds for every case, whatever BuildKit makes of it:
 *
 * - `consume`: built again from the cache, it is the same bytes, and no step is done.
 * - `determinism`: built with another empty store, on one processor, with another umask, time zone and group, it is the same bytes.
 * - `shape`: a context with equal files that were made in another order, at other times, by somebody else, and that is reached by
 *   a link, is the same bytes, and with a full cache no step is done.
 * - `collision`: a case that differs in one thing is the same bytes with the full cache of the first and with an empty one.
 *
 * The fifth is parity with BuildKit: `compare()`.
 */
export type Oracle = 'consume' | 'determinism' | 'shape' | 'collision';

/** What an oracle says against a case. */
export interface Objection {
  readonly oracle: Oracle;
  /** What differs, a line each. */
  readonly found: readonly string[];
}

export interface OracleOptions {
  readonly identity: Identity;
  /** Existing; empty again afterwards. Everybody can reach it. */
  readonly directory: string;
  /** Those that are asked; all if it is not given. */
  readonly oracles?: readonly Oracle[] | undefined;
  /** Which of the cases that differ in one thing is taken; by the digest of the case if it is not given. */
  readonly choice?: number | undefined;
}

const allOracles: readonly Oracle[] = ['consume', 'determinism', 'shape', 'collision'];

/** Before all times of contexts: what a step makes has this time then, and so has everything else. */
const EPOCH = '1115000000';

/** What came of a build: the digest of the image, or the reasons there is none. */
interface Outcome {
  readonly text: string;
  readonly layout?: string;
  readonly steps: readonly string[];
}

/** Builds a case again and again, by root or others, and says what does not hold. */
export async function objections(one: Case, options: OracleOptions): Promise<readonly Objection[]> {
  const { identity, directory, oracles = allOracles, choice } = options;
  const lab = join(directory, `${identity}-${one.name.replaceAll('/', '_')}`);
  await mkdir(lab);
  let builds = 0;
  const build = async (what: Case, context: string, run: Pick<CipRun, 'store' | 'through'>): Promise<Outcome> => {
    const scratch = join(lab, `build-${builds++}`);
    await mkdir(scratch);
    const buildArgs = { SOURCE_DATE_EPOCH: EPOCH, ...what.args.buildArgs };
    const built = await runCip({ case: what, context, scratch }, { ...run, identity, buildArgs });
    if ('refused' in built) return { text: `refused: ${reasonsIn(built.refused).join(', ')}`, steps: built.steps };
    return { text: await digestIn(built.layout), layout: built.layout, steps: built.steps };
  };
  const store = (name: string) => join(lab, `home-${name}`, 'store');
  try {
    const context = join(lab, 'context');
    await stageContext(one, context);
    const first = await build(one, context, { store: store('first') });
    if (first.layout === undefined) return [];
    const found: Objection[] = [];
    const object = async (oracle: Oracle, other: Outcome, mayDo: 'steps' | 'no steps', expected = first, note = '') => {
      const steps = mayDo === 'no steps' ? other.steps.map((step) => `not from the cache: ${step}`) : [];
      const lines = [...(await unlike(expected, other)), ...steps].map((line) => `${note}${line}`);
      if (lines.length > 0) found.push({ oracle, found: lines });
    };
    if (oracles.includes('consume')) {
      await object('consume', await build(one, context, { store: store('first') }), 'no steps');
    }
    if (oracles.includes('determinism')) {
      await object(
        'determinism',
        await build(one, context, { store: store('second'), through: elsewhere(identity) }),
        'steps',
      );
    }
    const shaped = oracles.includes('shape') ? await otherShape(context, join(lab, 'shaped')) : undefined;
    if (shaped !== undefined) {
      await object('shape', await build(one, shaped, { store: store('first') }), 'no steps');
      await object('shape', await build(one, shaped, { store: store('third') }), 'steps');
    }
    const changed = oracles.includes('collision') ? await neighbours(one, { context, lab, choice }) : [];
    for (const [index, neighbour] of changed.entries()) {
      const note = await neighbour.make();
      const cold = await build(neighbour.case, context, { store: store(`cold-${index}`) });
      const warm = await build(neighbour.case, context, { store: store('first') });
      await object('collision', warm, 'steps', cold, `${note}: `);
    }
    return found;
  } finally {
    await removeTree(lab);
  }
}

/** One processor, other rights for new files, another time zone and language; for root another group as well. */
function elsewhere(identity: Identity): readonly string[] {
  return [
    ...['taskset', '--cpu-list', '0', 'env', 'TZ=Asia/Kathmandu', 'LC_ALL=C'],
    ...(identity === 'user' ? [] : ['setpriv', '--regid', '12345', '--clear-groups', '--']),
    ...['sh', '-c', 'umask 077; exec "$@"', 'sh'],
  ];
}

async function digestIn(layout: string): Promise<string> {
  const { manifests } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  return (manifests as { digest: string }[]).map(({ digest }) => digest).join(' ');
}

async function unlike(expected: Outcome, other: Outcome): Promise<readonly string[]> {
  if (expected.text === other.text) return [];
  const what = `${expected.text} is ${other.text}`;
  if (expected.layout === undefined || other.layout === undefined) return [what];
  const fields = differences(await readImage(expected.layout), await readImage(other.layout), Number.POSITIVE_INFINITY);
  return [what, ...fields.slice(0, 5).map(({ at, ours, theirs }) => `${at}: ${JSON.stringify([ours, theirs])}`)];
}

interface Neighbour {
  readonly case: Case;
  /** Changes the context, if that is where it differs, and says what is different. */
  make(): Promise<string>;
}

/** One with another Dockerfile, and then one with another file; which ones depends on the case alone. */
async function neighbours(
  one: Case,
  {
    context,
    lab,
    ...options
  }: { readonly context: string; readonly lab: string; readonly choice?: number | undefined },
): Promise<readonly Neighbour[]> {
  const choice = options.choice ?? Number.parseInt((await caseDigest(one)).slice(8, 16), 16);
  const dockerfile = await readFile(join(one.folder, 'Dockerfile'), 'utf8');
  const texts = neighboursOf(dockerfile);
  const folder = join(lab, 'neighbour');
  await mkdir(folder);
  for (const name of await readdir(one.folder)) {
    if (name.endsWith('.dockerignore')) await copyFile(join(one.folder, name), join(folder, name));
  }
  const text = texts[choice % texts.length];
  const found: Neighbour[] = [];
  if (text !== undefined) {
    await writeFile(join(folder, 'Dockerfile'), text);
    const made = { ...(await readCase(folder, one.name)), args: one.args };
    found.push({ case: made, make: async () => `with the Dockerfile ${JSON.stringify(text)}` });
  }
  const files = await readdir(context);
  if (files.length > 0) {
    found.push({ case: one, make: async () => (await changeContext(context, choice)) ?? 'with the same files' });
  }
  return found;
}

/** A link to a copy of the context that is the same to any build; undefined if there are files that cannot be copied so. */
async function otherShape(context: string, link: string): Promise<string | undefined> {
  const entries = await readdir(context, { recursive: true, withFileTypes: true });
  if (entries.some((entry) => entry.isSocket())) return undefined;
  const copy = `${link}-copy`;
  await mkdir(copy);
  const script = [
    // Directories come after what is in them, and get their modes then.
    'find . -mindepth 1 -depth -print0 | sort -rz | tar --null --no-recursion --xattrs -cf - -T -',
    `tar --xattrs --same-owner -xpf - -C "$0"`,
  ].join(' | ');
  await exec('sh', ['-c', script, copy], { cwd: context });
  await chmod(copy, (await lstat(context)).mode & 0o7777);
  await disguise(Buffer.from(copy), 1);
  await symlink(copy, link);
  return link;
}

/** Other times and another owner for each file. Names need not be UTF-8. */
async function disguise(path: Buffer, number: number): Promise<void> {
  const stats = await lstat(path);
  if (stats.isDirectory()) {
    const names = await readdir(path, { encoding: 'buffer' });
    for (const [index, name] of names.entries()) {
      await disguise(Buffer.concat([path, Buffer.from('/'), name]), number * 3 + index);
    }
  }
  await (stats.isSymbolicLink() ? lchown : chown)(path, 2000 + (number % 100), 3000);
  if (stats.isFile() && (stats.mode & 0o6000) !== 0) await chmod(path, stats.mode & 0o7777);
  await lutimes(path, 1_000_000 + number, 1_300_000_000 + (number % 1_000_000));
}
