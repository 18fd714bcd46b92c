import { Readable } from 'node:stream';
import type {
  DirectoryEntry,
  FileEntry,
  HardlinkEntry,
  OpaqueEntry,
  SymlinkEntry,
  WhiteoutEntry,
} from '../../src/layer/layer-entry.ts';
import type { StreamedFile } from '../../src/layer/layer-input.ts';
import { digestOf } from '../../src/oci/digest.ts';

const owned = { uid: 0, gid: 0, mtime: 0 };

export function file(path: string, content = '', more: Partial<FileEntry> = {}): FileEntry {
  return {
    type: 'file',
    path,
    mode: 0o644,
    ...owned,
    size: Buffer.byteLength(content),
    digest: digestOf(content),
    ...more,
  };
}
/** The same as input of a layer. */
export function input(path: string, content = '', more: Partial<StreamedFile> = {}): StreamedFile {
  const { digest: _, ...entry } = file(path, content);
  return { ...entry, open: () => Readable.from([Buffer.from(content)]), ...more };
}
export function directory(path: string, more: Partial<DirectoryEntry> = {}): DirectoryEntry {
  return { type: 'directory', path, mode: 0o755, ...owned, ...more };
}
export function symlink(path: string, target: string, more: Partial<SymlinkEntry> = {}): SymlinkEntry {
  return { type: 'symlink', path, mode: 0o777, ...owned, target, ...more };
}
export function hardlink(path: string, target: string): HardlinkEntry {
  return { type: 'hardlink', path, target };
}
export function whiteout(path: string): WhiteoutEntry {
  return { type: 'whiteout', path };
}
export function opaque(path: string): OpaqueEntry {
  return { type: 'opaque', path };
}

export const signal: AbortSignal = new AbortController().signal;
