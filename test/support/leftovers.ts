import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** Processes whose command line or environment holds a text, on a machine whose /proc this user can read: `pid command`. */
export async function processesOf(marker: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    const [command, environment] = await Promise.all(
      ['cmdline', 'environ'].map((file) => textOf(`/proc/${pid}/${file}`)),
    );
    if (`${command}\0${environment}`.includes(marker)) found.push(`${pid} ${command!.replaceAll('\0', ' ').trim()}`);
  }
  return found;
}

/** Lines of this mount namespace's mounts that hold a text. */
export async function mountsOf(marker: string): Promise<readonly string[]> {
  return (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(marker));
}

/** What is left of processes and mounts; waits up to `patience` milliseconds for them to go. `known`: those that stay. */
export async function leftovers(
  marker: string,
  known: ReadonlySet<string> = new Set(),
  patience = 5000,
): Promise<readonly string[]> {
  for (let waited = 0; ; waited += 50) {
    const left = [...(await processesOf(marker)), ...(await mountsOf(marker))].filter((line) => !known.has(line));
    if (left.length === 0 || waited >= patience) return left;
    await setTimeout(50);
  }
}

/** Files of a store that only a running process needs, or that have no place there. */
export async function strayFiles(store: string): Promise<readonly string[]> {
  const hex = /^[0-9a-f]{64}$/;
  const expected: Readonly<Record<string, RegExp>> = {
    '': /^(images|records|indexes|snapshots|cache-mounts|failed-steps|sessions|trash|logs|lock|taking|version)$/,
    images: /^(blobs|index\.json|oci-layout)$/,
    'images/blobs': /^sha256$/,
    'images/blobs/sha256': hex,
    records: /^[a-z0-9-]+\.log$/,
    // Before it, how owners are on disk there.
    snapshots: /^2-((one-id|[0-9a-f]{12})-)?(no-devices-)?(layer|chain)-[0-9a-f]{64}$/,
    indexes: hex,
    sessions: /^$/,
    trash: /^$/,
  };
  const stray = Object.entries(expected).map(async ([directory, name]) =>
    (await namesIn(join(store, directory))).filter((entry) => !name.test(entry)).map((entry) => join(directory, entry)),
  );
  return (await Promise.all(stray)).flat();
}

/** Also of a directory that is not there. */
async function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** Processes end while they are looked at. */
async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
