import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { tempDir } from './temp-dir.ts';

const exec = promisify(execFile);
const nameKey = 'org.opencontainers.image.ref.name';

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[];
}

/** Names of an OCI image layout, sorted. */
export async function namesOf(layout: string): Promise<readonly string[]> {
  const { manifests } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as Index;
  return manifests.map(({ annotations }) => annotations?.[nameKey] ?? '').sort();
}

/** Blobs whose bytes are not what their names say. */
export async function wrongBlobs(layout: string): Promise<readonly string[]> {
  const directory = join(layout, 'blobs/sha256');
  const wrong: string[] = [];
  for (const name of await readdir(directory)) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(directory, name)), hash);
    if (hash.digest('hex') !== name) wrong.push(name);
  }
  return wrong;
}

/** skopeo reads these names of a layout; throws what it says otherwise. */
export async function inspect(layout: string, names: readonly string[]): Promise<void> {
  for (const name of names) await exec('skopeo', ['inspect', '--raw', `oci:${layout}:${name}`]);
}

/** skopeo copies every name of a layout, whole indexes, and thereby reads and checks every blob; throws what it says otherwise. */
export async function copyAll(layout: string): Promise<void> {
  for (const name of await namesOf(layout)) {
    await using target = await tempDir();
    await exec('skopeo', ['copy', '--quiet', '--all', `oci:${layout}:${name}`, `dir:${target.path}`]);
  }
}

interface Document {
  readonly manifests?: readonly { readonly digest: string }[];
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
}

/**
 * What tags of a registry on this machine name and it does not have: `repository:tag digest`. Tags of `whole` are not
 * looked at again; those that miss nothing are added to it.
 */
export async function missingFromRegistry(
  registry: string,
  repository: string,
  whole: Set<string> = new Set(),
): Promise<readonly string[]> {
  const url = `http://${registry}/v2/${repository}`;
  const answer = await fetch(`${url}/tags/list`);
  if (answer.status === 404) return [];
  const { tags } = (await answer.json()) as { readonly tags: readonly string[] | null };
  const missing: string[] = [];
  for (const tag of (tags ?? []).filter((name) => !whole.has(`${repository}:${name}`))) {
    const before = missing.length;
    const { stdout } = await exec('skopeo', [
      ...['inspect', '--raw', '--tls-verify=false'],
      `docker://${registry}/${repository}:${tag}`,
    ]);
    const documents = [JSON.parse(stdout) as Document];
    for (const { manifests = [], config, layers = [] } of documents) {
      for (const { digest } of manifests) {
        const manifest = await fetch(`${url}/manifests/${digest}`);
        if (manifest.ok) documents.push((await manifest.json()) as Document);
        else missing.push(`${repository}:${tag} ${digest}`);
      }
      for (const { digest } of [...(config ? [config] : []), ...layers]) {
        const { ok } = await fetch(`${url}/blobs/${digest}`, { method: 'HEAD' });
        if (!ok) missing.push(`${repository}:${tag} ${digest}`);
      }
    }
    if (missing.length === before && tag !== 'latest') whole.add(`${repository}:${tag}`);
  }
  return missing;
}
