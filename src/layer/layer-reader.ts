import { FailureError } from '../result.ts';
import type { EntryType } from '../tar/entry-type.ts';
import type { TarHeader } from '../tar/header.ts';
import { shownName } from '../tar/numbers.ts';
import { readTar, type TarBody } from '../tar/read.ts';
import { entryEscapes, entryInvalid } from './failure.ts';
import type { FileEntry, LayerEntry } from './layer-entry.ts';
import { LayerLimits, requireSpeakablePath, requireSpeakableTarget } from './layer-limits.ts';
import { LayerLinks } from './layer-links.ts';
import { canonicalPath } from './scoped-path.ts';
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
  const limits = new LayerLimits();
  // Whether all of a layer is there is known by its digest, so the end marker proves nothing.
  for await (const { header, body } of readTar(tar, { endMarkerOptional: true })) {
    const name = inside(header.name);
    if (name === '') continue;
    const path = links.follow(name);
    const mark = markOf(path);
    if (mark?.type === 'ignored') continue;
    // Not the name as it was written: that of a mark is longer than what it speaks of.
    requireSpeakablePath(mark?.path ?? path);
    const entry =
      mark === undefined
        ? entryOf(path, header, (target) => links.follow(inside(target)))
        : { type: mark.type, path: mark.path };
    limits.add(entry);
    if (entry.type === 'symlink') links.add(path, entry.target);
    else if (mark === undefined) links.remove(path, entry.type);
    yield { entry, body };
  }
}

/** The path of a name; throws `layer-entry-escapes` for one that leads out. */
function inside(name: string): string {
  const path = canonicalPath(name);
  if (path === undefined) throw new FailureError(entryEscapes(name));
  return path;
}

/** The entry of this header at `path`. `targetOf` says where a hard link's target is. Throws FailureError. */
export function entryOf(path: string, header: TarHeader, targetOf: (target: string) => string): LayerRecord['entry'] {
  return entryMakers[header.type](path, header, targetOf);
}

type EntryMaker = (path: string, header: TarHeader, targetOf: (target: string) => string) => LayerRecord['entry'];

const entryMakers = {
  file: (path, header) => ({ type: 'file', path, ...ownedBy(header), size: header.size }),
  directory: (path, header) => ({ type: 'directory', path, ...ownedBy(header) }),
  symlink: (path, header) => {
    if (header.linkName === '') throw new FailureError(entryInvalid(path, 'a symbolic link to nothing'));
    requireSpeakableTarget(path, header.linkName);
    return { type: 'symlink', path, ...ownedBy(header), target: header.linkName };
  },
  hardlink: (path, header, targetOf) => {
    const target = targetOf(header.linkName);
    requireSpeakablePath(target);
    if (target === '' || target === path)
      throw new FailureError(entryInvalid(path, 'a hard link to itself or the root'));
    // One of the two would have to go for the other to be there.
    if (target.startsWith(`${path}/`) || path.startsWith(`${target}/`))
      throw new FailureError(entryInvalid(path, `a hard link to ${shownName(target)}, of which only one can exist`));
    return { type: 'hardlink', path, target };
  },
  fifo: (path, header) => ({ type: 'fifo', path, ...ownedBy(header) }),
  'char-device': device,
  'block-device': device,
} satisfies Record<EntryType, EntryMaker>;

function device(path: string, header: TarHeader): LayerRecord['entry'] {
  const type = header.type as 'char-device' | 'block-device';
  const { devMajor: major, devMinor: minor } = header;
  if (!(major >= 0 && major <= MAJOR_LIMIT && minor >= 0 && minor <= MINOR_LIMIT))
    throw new FailureError(entryInvalid(path, `a device of the impossible number ${major}:${minor}`));
  return { type, path, ...ownedBy(header), major, minor };
}

/** What a header says of a node besides its type. Throws FailureError for what no kernel takes. */
export function ownedBy(header: TarHeader) {
  const { mode, uid, gid, mtime } = header;
  if (!(uid >= 0 && uid <= ID_LIMIT && gid >= 0 && gid <= ID_LIMIT))
    throw new FailureError(entryInvalid(header.name, `owned by the impossible ${uid}:${gid}`));
  if (Math.abs(mtime) > TIME_LIMIT)
    throw new FailureError(entryInvalid(header.name, `of the impossible time ${mtime}`));
  const kept = Object.entries(header.xattrs ?? {}).filter(([name]) => isContentXattr(name));
  for (const [name, value] of kept) requireXattr(header.name, name, value);
  return kept.length === 0 ? { mode, uid, gid, mtime } : { mode, uid, gid, mtime, xattrs: Object.fromEntries(kept) };
}

/** No kernel would take others. xattr(7) */
function requireXattr(path: string, name: string, value: string): void {
  const isPossible =
    name.includes('.') && Buffer.byteLength(name) <= XATTR_NAME_LIMIT && value.length <= XATTR_VALUE_LIMIT;
  if (!isPossible)
    throw new FailureError(entryInvalid(path, `with the impossible extended attribute ${shownName(name)}`));
}

/** 2³²-1 means nobody to chown(2). */
const ID_LIMIT = 0xffff_fffe;
/** Seconds: what a Date of JavaScript can say, which is beyond what any file system can. */
const TIME_LIMIT = 8_640_000_000_000;
/** Twelve and twenty bits. */
const MAJOR_LIMIT = 0xfff;
const MINOR_LIMIT = 0xf_ffff;
const XATTR_NAME_LIMIT = 255;
/** 64 KiB in base64. */
const XATTR_VALUE_LIMIT = Math.ceil((64 * 1024) / 3) * 4;
