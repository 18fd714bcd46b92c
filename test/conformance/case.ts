import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, lstat, lutimes, mkdir, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { root } from '../support/paths.ts';
import { type Identity, identities } from './identity.ts';

const exec = promisify(execFile);

/** What `args.json` of a case may say; all of it may be left out. */
const Args = z.strictObject({
  /** Numbers of the rules of doc/dockerfile-support.md that the case is about. */
  rules: z.array(z.int()).default([]),
  buildArgs: z.record(z.string(), z.string()).default({}),
  target: z.string().optional(),
  platform: z.string().default('linux/amd64'),
  /** Values by id. */
  secrets: z.record(z.string(), z.string()).default({}),
  /** Options of cip, as words, and the attributes of BuildKit's frontend that mean the same. */
  options: z.strictObject({ cip: z.array(z.string()), buildkit: z.record(z.string(), z.string()) }).optional(),
  /** Named contexts: `dir:` and a folder of the context, `image:` and a reference, or an address; with `${BASES}` and `${WEB}`. */
  contexts: z.record(z.string(), z.string()).default({}),
  /** Ids of `--ssh`: each gets a new key. */
  ssh: z.array(z.string()).default([]),
  /** Where cip does otherwise on purpose, and why, for everybody or by identity: the case must differ then. */
  deviation: z.union([z.string(), z.partialRecord(z.enum(identities), z.string())]).optional(),
  /** Reasons of cip, sorted, where both builders refuse the case. */
  refused: z.array(z.string()).default([]),
  /** Fields that are not defined, and what makes them so: `tree`, `config.Env`. */
  undefined: z.record(z.string(), z.string()).default({}),
});

/** A folder: `Dockerfile`, `args.json`, files to copy in `context`, and what git cannot hold of them in `context.sh`. */
export interface Case {
  /** `copy/exclude-in-directory`: the path of the folder. */
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  readonly args: z.infer<typeof Args>;
}

export const casesFolder = join(root, 'test', 'conformance', 'cases');

/** Names of cases that differ though they should not, and why. */
export const knownFile = join(root, 'test', 'conformance', 'known.json');

/** Those with `pattern` in their name, sorted. */
export async function findCases(pattern = '', folder = casesFolder): Promise<readonly Case[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const folders = files
    .filter((file) => file.name === 'Dockerfile' && !file.parentPath.includes('/context'))
    .map(({ parentPath }) => parentPath)
    .sort();
  const cases = await Promise.all(folders.map((one) => readCase(one, relative(folder, one))));
  return cases.filter(({ name }) => name.includes(pattern));
}

/** Why a case differs on purpose for an identity. */
export function deviationOf({ args: { deviation } }: Case, identity: Identity): string | undefined {
  return typeof deviation === 'string' ? deviation : deviation?.[identity];
}

export async function readCase(folder: string, name: string): Promise<Case> {
  const text = await readFile(join(folder, 'args.json'), 'utf8').catch(() => '{}');
  return { name, folder, args: Args.parse(JSON.parse(text)) };
}

/** The value of a named context with what it says of servers filled in. */
export function filledContext(value: string, buildArgs: Readonly<Record<string, string>>): string {
  return value.replace(/\$\{(\w+)\}/g, (whole, name: string) => buildArgs[name] ?? whole);
}

/** Times of files of contexts, in seconds: before anything that a build makes by itself. */
export const contextTimes = { first: 1_120_000_000, last: 1_219_999_999 };

/** Of all files that a case is made of, with their names and modes. */
export async function caseDigest({ folder }: Case): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }));
  for (const { entry, path } of files.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const content = entry.isFile()
      ? await readFile(path)
      : Buffer.from(entry.isSymbolicLink() ? await readlink(path) : '');
    const { mode } = await lstat(path);
    hash.update(JSON.stringify([relative(folder, path), mode, content.length])).update(content);
  }
  return hash.digest('hex');
}

/**
 * The context of a case in the new directory `directory`, with times that are defined: the same ones whenever it is staged, and
 * others for another case, or BuildKit takes files of an earlier one.
 */
export async function stageContext(one: Case, directory: string): Promise<void> {
  const { folder } = one;
  const span = contextTimes.last - contextTimes.first;
  const time = contextTimes.first + (Number.parseInt((await caseDigest(one)).slice(0, 8), 16) % span);
  await mkdir(directory);
  const context = join(folder, 'context');
  if (await isThere(context)) await cp(context, directory, { recursive: true, verbatimSymlinks: true });
  const script = join(folder, 'context.sh');
  if (await isThere(script)) await exec('sh', ['-eu', script], { cwd: directory });
  await setTimes(directory, time);
}

async function setTimes(directory: string, seconds: number): Promise<void> {
  // Names need not be UTF-8.
  const names = await readdir(Buffer.from(directory), { withFileTypes: true, encoding: 'buffer' });
  for (const entry of names) {
    const path = Buffer.concat([Buffer.from(`${directory}/`), entry.name]);
    if (entry.isDirectory() && entry.name.toString().length < 200) await setTimes(path.toString(), seconds);
    await lutimes(path, seconds, seconds);
  }
  await lutimes(directory, seconds, seconds);
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
