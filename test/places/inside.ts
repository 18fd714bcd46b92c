/**
 * Started in a place by the Node that is tried there, with the directory of what is built (`material.ts`) and one that it
 * may write to: builds each case with the real program, and prints what came of it as JSON (`PlaceResult`).
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin } from '../support/paths.ts';
import { type CaseResult, EXAMPLE, type PlaceResult, placeCases } from './cases.ts';

const [material = '', own = ''] = process.argv.slice(2);

async function cip(args: readonly string[], store: string): Promise<{ stdout: string; stderr: string }> {
  const env = { PATH: process.env['PATH'], HOME: own, CIP_STORE: store, SOURCE_DATE_EPOCH: '0', WORD: 'word' };
  const child = spawn(process.execPath, [bin, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  await new Promise((resolve) => child.once('close', resolve));
  return output;
}

interface Said {
  readonly type: string;
  readonly message?: string;
}
interface Document {
  readonly digest?: string;
  readonly images?: readonly { readonly digest?: string }[];
  readonly failures: readonly { readonly reason: string; readonly message: string; readonly hint?: string }[];
}

async function build(args: readonly string[], store: string): Promise<CaseResult> {
  const { stdout, stderr } = await cip([...args, '--json', '--progress=json'], store);
  const { digest, images = [{ ...(digest !== undefined && { digest }) }], failures } = JSON.parse(stdout) as Document;
  const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
  const notices = lines
    .map((line) => JSON.parse(line) as Said)
    .filter(({ type }) => type === 'notice' || type === 'warning')
    .map(({ type, message }) => `${type}: ${message}`);
  const errors = failures.map(({ message, hint }) => `error: ${message}${hint === undefined ? '' : ` (${hint})`}`);
  return {
    outcome: failures.length === 0 ? 'built' : failures.map(({ reason }) => reason).join(', '),
    ids: images.flatMap((image) => (image.digest === undefined ? [] : idsOf(image.digest, store))),
    said: [...new Set([...notices, ...errors])],
  };
}

interface Blob {
  readonly manifests?: readonly { readonly digest: string }[];
  readonly config?: { readonly digest: string };
}

/** What an image is known by to those who run it: what is on its manifest, as a mark of lost owners, is no part of it. */
function idsOf(digest: string, store: string): readonly string[] {
  const text = readFileSync(join(store, 'images/blobs', digest.replace(':', '/')), 'utf8');
  const { manifests, config } = JSON.parse(text) as Blob;
  if (config !== undefined) return [config.digest];
  return (manifests ?? []).flatMap((manifest) => idsOf(manifest.digest, store));
}

const store = join(own, 'store');
// Of the file system of a container: what is not mounted into it.
const ownStore = process.env['OWN_STORE'] ?? join(own, 'store-2');
const cases: Record<string, CaseResult> = {};
for (const [name, { args = [], ownStorage = false }] of Object.entries(placeCases)) {
  const where = ownStorage ? ownStore : store;
  mkdirSync(where, { recursive: true });
  cases[name] = await build(['build-image', join(material, name), '-t', `${name.toLowerCase()}:1`, ...args], where);
}
cases[EXAMPLE] = await build(['build', '-C', join(material, EXAMPLE)], join(own, 'store-of-example'));
const { checks } = JSON.parse((await cip(['doctor', '--json'], store)).stdout) as {
  checks: { name: string; state: string; message: string; hint?: string }[];
};
const result: PlaceResult = {
  tier: checks.find(({ name }) => name === 'tier')?.message ?? '',
  doctor: checks.map(({ name, state, hint }) => ({ name, state, ...(hint !== undefined && { hint }) })),
  cases,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
