import { FailureError } from '../result.ts';
import type { EntryType } from '../tar/entry-type.ts';
import type { TarHeader } from '../tar/header.ts';
import { readTar, type TarBody } from '../tar/read.ts';
import { entryEscapes, entryInvalid, tooManyLinks } from './failure.ts';
import type { FileEntry, LayerEntry } from './layer-entry.ts';
import { LINK_LIMIT } from './link-limit.ts';
import { canonicalPath, childOf, parentOf } from './scoped-path.ts';
import { markOf } from './whiteout.ts';
import { isContentXattr } from './xattr.ts';

/** One entry of a layer before its content is read. */
export interface LayerRecord {
  readonly entry: Exclude<LayerEntry, FileEntry> | Omit<FileEntry, 'digest'>;
  readonly body: TarBody;
}

/**
 * Entries of an uncompressed layer in its order, made safe: paths are canonical, marks of deletion are told apart,
 * and no path goes through a symlink of the same layer (it is led to where the link points, inside the root). The
 * entry of the root itself is left out. A path may occur twice; the later entry counts. Throws FailureError.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md
 */
export async function* readLayer(tar: AsyncIterable<Uint8Array>): AsyncGenerator<LayerRecord, void, undefined> {
  const links = new LayerLinks();
  // Whether all of a layer is there is known by its digest, so the end marker proves nothing.
  for await (const { header, body } of readTar(tar, { endMarkerOptional: true })) {
    const name = canonical(header.name);
    if (name === '') continue;
    const path = links.follow(name);
    const mark = markOf(path);
    if (mark?.type === 'ignored') continue;
    if (mark !== undefined) {
      yield { entry: { type: mark.type, path: mark.path }, body };
      continue;
    }
    const entry = entryMakers[header.type](path, header, links);
    if (entry.type === 'symlink') links.add(path, entry.target);
    else links.remove(path);
    yield { entry, body };
  }
}

function canonical(name: string): string {
  const path = canonicalPath(name);
  if (path === undefined) throw new FailureError(entryEscapes(name));
  return path;
}

type EntryMaker = (path: string, header: TarHeader, links: LayerLinks) => LayerRecord['entry'];

const entryMakers = {
  file: (path, header) => ({ type: 'file', path, ...owned(header), size: header.size }),
  directory: (path, header) => ({ type: 'directory', path, ...owned(header) }),
  symlink: (path, header) => {
    if (header.linkName === '') throw new FailureError(entryInvalid(path, 'a symbolic link to nothing'));
    return { type: 'symlink', path, ...owned(header), target: header.linkName };
  },
  hardlink: (path, header, links) => {
    const target = links.follow(canonical(header.linkName));
    if (target === '' || target === path)
      throw new FailureError(entryInvalid(path, 'a hard link to itself or the root'));
    return { type: 'hardlink', path, target };
  },
  fifo: (path, header) => ({ type: 'fifo', path, ...owned(header) }),
  'char-device': device,
  'block-device': device,
} satisfies Record<EntryType, EntryMaker>;

function device(path: string, header: TarHeader): LayerRecord['entry'] {
  const type = header.type as 'char-device' | 'block-device';
  return { type, path, ...owned(header), major: header.devMajor, minor: header.devMinor };
}

function owned(header: TarHeader) {
  const { mode, uid, gid, mtime } = header;
  if (uid < 0 || gid < 0) throw new FailureError(entryInvalid(header.name, `owned by ${uid}:${gid}`));
  const kept = Object.entries(header.xattrs ?? {}).filter(([name]) => isContentXattr(name));
  return kept.length === 0 ? { mode, uid, gid, mtime } : { mode, uid, gid, mtime, xattrs: Object.fromEntries(kept) };
}

/** Symlinks of this layer so far: what a later entry of it may wish to go through. */
class LayerLinks {
  readonly #targets = new Map<string, string>();
  #followed = new Map<string, string>();

  add(path: string, target: string): void {
    this.#targets.set(path, target);
    this.#followed = new Map();
  }

  remove(path: string): void {
    if (this.#targets.delete(path)) this.#followed = new Map();
  }

  /** `path` with the links among its parents followed, as if the root were all there is. */
  follow(path: string): string {
    if (this.#targets.size === 0) return path;
    const parent = parentOf(path);
    if (parent === '') return path;
    let followed = this.#followed.get(parent);
    if (followed === undefined) {
      followed = this.#followAll(parent);
      this.#followed.set(parent, followed);
    }
    return followed === parent ? path : childOf(followed, path.slice(parent.length + 1));
  }

  #followAll(directory: string): string {
    const ahead = directory.split('/').reverse();
    const walked: string[] = [];
    for (let hops = 0; ahead.length > 0; ) {
      const component = ahead.pop()!;
      if (component === '' || component === '.') continue;
      if (component === '..') {
        walked.pop();
        continue;
      }
      walked.push(component);
      const target = this.#targets.get(walked.join('/'));
      if (target === undefined) continue;
      hops += 1;
      if (hops > LINK_LIMIT) throw new FailureError(tooManyLinks(directory));
      walked.pop();
      if (target.startsWith('/')) walked.length = 0;
      ahead.push(...target.split('/').reverse());
    }
    return walked.join('/');
  }
}
