import { execFile } from 'node:child_process';
import { cp, lutimes, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { root } from '../support/paths.ts';

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
  /** Where cip does otherwise on purpose, and why: the case must differ then. */
  deviation: z.string().optional(),
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

export async function readCase(folder: string, name: string): Promise<Case> {
  const text = await readFile(join(folder, 'args.json'), 'utf8').catch(() => '{}');
  return { name, folder, args: Args.parse(JSON.parse(text)) };
}

/** Times of files of contexts, in seconds: before anything that a build makes by itself. */
export const contextTimes = { first: 1_000_000_000, last: 1_000_999_999 };

/** Other for each case, or BuildKit takes files of an earlier one. */
let time = contextTimes.first;

/** The context of a case in the new directory `directory`, with times that are defined. */
export async function stageContext({ folder }: Case, directory: string): Promise<void> {
  await mkdir(directory);
  const context = join(folder, 'context');
  if (await isThere(context)) await cp(context, directory, { recursive: true, verbatimSymlinks: true });
  const script = join(folder, 'context.sh');
  if (await isThere(script)) await exec('sh', ['-eu', script], { cwd: directory });
  await setTimes(directory, time++);
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
