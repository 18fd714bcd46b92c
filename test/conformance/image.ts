import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { readTar, type TarEntry } from '../../src/tar/read.ts';

/** A file of an image, as the layers above each other leave it. Names that are one file share one object. */
export interface Node {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly size: number;
  /** sha256 of the content, the target of a link, or the numbers of a device. */
  readonly content: string;
  readonly xattrs: Readonly<Record<string, string>>;
}

export interface ReadImage {
  readonly config: Readonly<Record<string, unknown>>;
  readonly history: readonly Readonly<Record<string, unknown>>[];
  readonly diffIDs: readonly string[];
  /** By path without a leading slash; the root is not there. */
  readonly tree: ReadonlyMap<string, Node>;
}

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly os: string };
}

/** The only image of an OCI layout, attestations aside. */
export async function readImage(layout: string): Promise<ReadImage> {
  const blob = ({ digest }: Descriptor) => join(layout, 'blobs', digest.replace(':', '/'));
  const json = async (path: string) => JSON.parse(await readFile(path, 'utf8'));
  let document = await json(join(layout, 'index.json'));
  while (document.manifests !== undefined) {
    const found = (document.manifests as Descriptor[]).find(({ platform }) => platform?.os !== 'unknown');
    document = await json(blob(found!));
  }
  const { config, history, rootfs, created: _, ...rest } = await json(blob(document.config));
  const tree = new Map<string, Node>();
  for (const layer of (document.layers ?? []) as Descriptor[]) await applyLayer(tree, blob(layer), layer.mediaType);
  return { config: { ...rest, ...config }, history: history ?? [], diffIDs: rootfs.diff_ids ?? [], tree };
}

/** What a layer says, in its order: files, what it removes of those below it, and what it hides whole. */
export type LayerLine =
  | { readonly says: 'file'; readonly path: string; readonly entry: TarEntry }
  | { readonly says: 'whiteout'; readonly path: string }
  | { readonly says: 'opaque'; readonly path: string };

/** Of the blob of a layer; the root is left out. */
export async function* layerLines(file: string, mediaType: string): AsyncGenerator<LayerLine, void, undefined> {
  const unpacked = mediaType.endsWith('gzip') ? createGunzip() : new PassThrough();
  for await (const entry of readTar(createReadStream(file).pipe(unpacked))) {
    const path = entry.header.name.replace(/^(\.?\/)+/, '').replace(/\/+$/, '');
    if (path === '' || path === '.') continue;
    const name = path.slice(path.lastIndexOf('/') + 1);
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (name === '.wh..wh..opq') yield { says: 'opaque', path: parent };
    else if (name.startsWith('.wh.')) yield { says: 'whiteout', path: join(parent, name.slice(4)) };
    else yield { says: 'file', path, entry };
  }
}

/** Puts a layer onto what is below it. */
export async function applyLayer(tree: Map<string, Node>, file: string, mediaType: string): Promise<void> {
  const own = new Set<string>();
  for await (const line of layerLines(file, mediaType)) {
    const { path } = line;
    if (line.says === 'opaque') {
      for (const other of [...tree.keys()]) if (isBelow(other, path) && !own.has(other)) tree.delete(other);
    } else if (line.says === 'whiteout') {
      remove(tree, path);
    } else {
      own.add(path);
      const node = await nodeOf(line.entry, tree);
      if (node.type !== 'directory') remove(tree, path);
      tree.set(path, node);
    }
  }
}

function remove(tree: Map<string, Node>, path: string): void {
  const node = tree.get(path);
  if (node?.type === 'directory') for (const other of [...tree.keys()]) if (isBelow(other, path)) tree.delete(other);
  tree.delete(path);
}

function isBelow(path: string, directory: string): boolean {
  return directory === '' || path.startsWith(`${directory}/`);
}

/** The file that an entry is; `tree` has what hard links can name. */
export async function nodeOf({ header, body }: TarEntry, tree: ReadonlyMap<string, Node>): Promise<Node> {
  const { type, mode, uid, gid, mtime, size, linkName, devMajor, devMinor, xattrs = {} } = header;
  if (type === 'hardlink') return tree.get(linkName.replace(/^(\.?\/)+/, ''))!;
  const content = async () => {
    if (type === 'symlink') return linkName;
    if (type !== 'file') return `${devMajor}:${devMinor}`;
    const hash = createHash('sha256');
    for await (const chunk of body) hash.update(chunk);
    return hash.digest('hex');
  };
  return { type, mode, uid, gid, mtime, size, content: await content(), xattrs };
}
