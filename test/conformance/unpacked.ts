import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { applyLayer, layerLines, type Node, nodeOf } from './image.ts';

const exec = promisify(execFile);

/** Which number an owner of an image has on disk. */
export interface OwnersOnDisk {
  readonly uid: (id: number) => number;
  readonly gid: (id: number) => number;
}

/** What was found about the layers of a store. */
export interface UnpackedLayers {
  /** How many directories were compared with what they are to be. */
  readonly compared: number;
  /** What differs, a line each. */
  readonly wrong: readonly string[];
}

interface Blob {
  readonly file: string;
  readonly mediaType: string;
}

/** What a directory is to hold. */
interface Wanted {
  readonly files: ReadonlyMap<string, Node>;
  readonly whiteouts: ReadonlySet<string>;
  readonly opaque: ReadonlySet<string>;
}

const same: OwnersOnDisk = { uid: (id) => id, gid: (id) => id };

/**
 * Compares each directory of a store that a layer is unpacked to with the blob of that layer: all builds share them, so what one
 * of them leaves there is in the images of all others. Directories whose blobs are not in the store are left out.
 */
export async function unpackedLayers(store: string, owners: OwnersOnDisk = same): Promise<UnpackedLayers> {
  const { blobs, chains } = await layersIn(join(store, 'images', 'blobs', 'sha256'));
  const places = join(store, 'snapshots');
  const wrong: string[] = [];
  let compared = 0;
  for (const name of await readdir(places).catch(() => [])) {
    const [, kind, hex] = /-(layer|chain|flat)-([0-9a-f]{64})$/.exec(name) ?? [];
    if (kind === undefined) continue;
    const stack = kind === 'layer' ? [hex!] : chains.get(hex!);
    const own = (kind === 'flat' ? stack : stack?.slice(-1))?.map((diffID) => blobs.get(diffID));
    if (own === undefined || own.length === 0 || own.includes(undefined)) continue;
    const wanted = await wantedOf(own as readonly Blob[]);
    const found = await differencesOf(join(places, name, 'fs'), {
      wanted,
      owners,
      withDevices: !name.includes('no-devices-'),
      withParents: kind === 'chain',
    });
    wrong.push(...found.map((line) => `${name}: ${line}`));
    compared++;
  }
  return { compared, wrong };
}

/** By the hexadecimal part of a diff ID, and of a chain ID: blobs, and the diff IDs from the lowest on. */
async function layersIn(
  directory: string,
): Promise<{ readonly blobs: ReadonlyMap<string, Blob>; readonly chains: ReadonlyMap<string, readonly string[]> }> {
  const blobs = new Map<string, Blob>();
  const chains = new Map<string, readonly string[]>();
  const all = await readdir(directory).catch((): string[] => []);
  for (const name of all) blobs.set(name, { file: join(directory, name), mediaType: 'tar' });
  for (const name of all) {
    const manifest = await documentIn(join(directory, name));
    if (!Array.isArray(manifest?.['layers'])) continue;
    const hex = ({ digest }: { digest: string }) => digest.slice('sha256:'.length);
    const config = await documentIn(join(directory, hex(manifest['config'] as { digest: string })));
    const diffIDs = ((config?.['rootfs'] as { diff_ids?: string[] } | undefined)?.diff_ids ?? []).map((digest) =>
      hex({ digest }),
    );
    const layers = manifest['layers'] as { digest: string; mediaType: string }[];
    let chain = '';
    for (const [index, diffID] of diffIDs.entries()) {
      const file = join(directory, hex(layers[index]!));
      if (all.includes(hex(layers[index]!))) blobs.set(diffID, { file, mediaType: layers[index]!.mediaType });
      chain = index === 0 ? diffID : createHash('sha256').update(`sha256:${chain} sha256:${diffID}`).digest('hex');
      chains.set(chain, diffIDs.slice(0, index + 1));
    }
  }
  return { blobs, chains };
}

async function documentIn(file: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { size } = await stat(file).catch(() => ({ size: Number.POSITIVE_INFINITY }));
  if (size > 1_000_000) return undefined;
  const text = await readFile(file, 'utf8');
  return text.startsWith('{') ? JSON.parse(text) : undefined;
}

async function wantedOf(layers: readonly Blob[]): Promise<Wanted> {
  const files = new Map<string, Node>();
  const whiteouts = new Set<string>();
  const opaque = new Set<string>();
  if (layers.length > 1) {
    for (const { file, mediaType } of layers) await applyLayer(files, file, mediaType);
    return { files, whiteouts, opaque };
  }
  for await (const line of layerLines(layers[0]!.file, layers[0]!.mediaType)) {
    if (line.says === 'whiteout') whiteouts.add(line.path);
    else if (line.says === 'opaque') opaque.add(line.path);
    else files.set(line.path, await nodeOf(line.entry, files));
  }
  return { files, whiteouts, opaque };
}

interface Comparing {
  readonly wanted: Wanted;
  readonly owners: OwnersOnDisk;
  readonly withDevices: boolean;
  /** Whether directories that the layer leaves out may be there, for what is in them. */
  readonly withParents: boolean;
}

async function differencesOf(directory: string, comparing: Comparing): Promise<readonly string[]> {
  const { wanted, withDevices, withParents } = comparing;
  const found: string[] = [];
  const inodes = new Map<number, Set<Node>>();
  const seen = new Set<string>();
  const xattrs = await xattrsBelow(directory);
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(directory.length + 1);
    const stats = await lstat(path);
    if (stats.isCharacterDevice() && stats.rdev === 0) {
      // Of a device that cannot be made, so that nothing below is seen in its place.
      if (!withDevices && isDevice(wanted.files.get(name))) continue;
      if (!wanted.whiteouts.has(name) && !isHidden(name, wanted)) found.push(`removes ${name}`);
      seen.add(name);
      continue;
    }
    const node = wanted.files.get(name);
    if (node === undefined) {
      const isParent = withParents && stats.isDirectory() && isAbove(name, wanted);
      if (!isParent) found.push(`${name} is in no layer`);
      continue;
    }
    seen.add(name);
    inodes.set(stats.ino, (inodes.get(stats.ino) ?? new Set()).add(node));
    found.push(...(await inFile({ path, name, node, stats, xattrs: xattrs.get(path) ?? {} }, comparing)));
  }
  for (const nodes of inodes.values()) if (nodes.size > 1) found.push('files of their own are one file');
  for (const [name, node] of wanted.files) {
    if (!seen.has(name) && (withDevices || !isDevice(node))) found.push(`${name} is missing`);
  }
  for (const name of wanted.whiteouts) if (!seen.has(name)) found.push(`does not remove ${name}`);
  for (const names of linkGroups(wanted.files, seen)) {
    const own = await Promise.all(names.map(async (name) => (await lstat(join(directory, name))).ino));
    if (new Set(own).size > 1) found.push(`${names.join(' and ')} are no longer one file`);
  }
  return found;
}

function isDevice(node: Node | undefined): boolean {
  return node?.type.endsWith('-device') === true;
}

function linkGroups(files: ReadonlyMap<string, Node>, seen: ReadonlySet<string>): Iterable<readonly string[]> {
  const groups = new Map<Node, string[]>();
  for (const [name, node] of files) {
    if (node.type === 'directory' || !seen.has(name)) continue;
    groups.set(node, [...(groups.get(node) ?? []), name]);
  }
  return groups.values();
}

/** Whether a layer hides what is below it there: in a directory that it makes opaque, or removes and has again. */
function isHidden(name: string, { whiteouts, opaque }: Wanted): boolean {
  return [...opaque, ...whiteouts].some((directory) => directory === '' || name.startsWith(`${directory}/`));
}

function isAbove(name: string, { files, whiteouts, opaque }: Wanted): boolean {
  return [...files.keys(), ...whiteouts, ...opaque].some((other) => other === name || other.startsWith(`${name}/`));
}

interface Found {
  readonly path: string;
  readonly name: string;
  readonly node: Node;
  readonly stats: Awaited<ReturnType<typeof lstat>>;
  readonly xattrs: Readonly<Record<string, string>>;
}

async function inFile({ path, name, node, stats, xattrs }: Found, { owners }: Comparing): Promise<readonly string[]> {
  const isOpaque = Object.keys(xattrs).some((one) => one.endsWith('.overlay.opaque'));
  const own = Object.keys(xattrs).filter((one) => !/^(trusted|user)\.overlay\./.test(one));
  const type = typeOf(stats);
  const pairs: readonly (readonly [what: string, is: unknown, should: unknown])[] = [
    ['type', type, node.type],
    ['mode', type === 'symlink' ? undefined : Number(stats.mode) & 0o7777, type === 'symlink' ? undefined : node.mode],
    ['uid', stats.uid, owners.uid(node.uid)],
    ['gid', stats.gid, owners.gid(node.gid)],
    ['mtime', Math.floor(Number(stats.mtimeMs) / 1000), Math.floor(node.mtime)],
    ['xattrs', own.sort().join(' '), Object.keys(node.xattrs).sort().join(' ')],
    // Whiteouts say it of each file below: with the attribute, more would be hidden in another image.
    ['opaque', isOpaque, false],
    ['content', await contentOf(path, type), ['file', 'symlink'].includes(node.type) ? node.content : undefined],
  ];
  return pairs.flatMap(([what, is, should]) =>
    is === should ? [] : [`${what} of ${name} is ${is} and should be ${should}`],
  );
}

function typeOf(stats: Found['stats']): string {
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFile()) return 'file';
  if (stats.isFIFO()) return 'fifo';
  return stats.isCharacterDevice() ? 'char-device' : 'block-device';
}

async function contentOf(path: string, type: string): Promise<string | undefined> {
  if (type === 'symlink') return await readlink(path);
  if (type !== 'file') return undefined;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Names and values by path: what no layer has must not be on disk either, ACLs included. */
async function xattrsBelow(directory: string): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const options = ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '--absolute-names', directory];
  const { stdout } = await exec('getfattr', options, { maxBuffer: 256 * 1024 * 1024 });
  const found = new Map<string, Record<string, string>>();
  for (const block of stdout.split('\n\n')) {
    const [head, ...lines] = block.split('\n');
    if (head?.startsWith('# file: ') !== true) continue;
    const pairs = lines.filter((line) => line !== '').map((line) => line.split('=') as [string, string]);
    found.set(unescaped(head.slice('# file: '.length)), Object.fromEntries(pairs));
  }
  return found;
}

/** getfattr writes blanks and the like as three octal digits. */
function unescaped(path: string): string {
  const bytes = path.replaceAll(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)));
  return path === bytes ? path : Buffer.from(bytes, 'latin1').toString();
}
