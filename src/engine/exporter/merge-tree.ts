import { chmodSync, lchownSync, lstatSync, readdirSync, renameSync, type Stats, unlinkSync, utimesSync } from 'node:fs';
import { FailureError } from '../../result.ts';
import { directoryInTheWay } from './failure.ts';

/**
 * Moves all that is in one directory into another of the same file system. What is there stays, but for files and links that have
 * the name of something that comes; links are not followed. Where a directory would have to go for a file, nothing is moved:
 * throws FailureError `output-exists`.
 */
export function mergeTree(from: string, to: string): void {
  // Names may be any bytes.
  const [source, target] = [Buffer.from(from), Buffer.from(to)];
  for (const name of readdirSync(source, { encoding: 'buffer' }))
    expectRoom(within(source, name), within(target, name));
  for (const name of readdirSync(source, { encoding: 'buffer' })) move(within(source, name), within(target, name));
}

function expectRoom(from: Buffer, to: Buffer): void {
  const [comes, there] = [lstatSync(from), statIfThere(to)];
  if (there?.isDirectory() !== true) return;
  if (!comes.isDirectory()) throw new FailureError(directoryInTheWay(to.toString()));
  for (const name of readdirSync(from, { encoding: 'buffer' })) expectRoom(within(from, name), within(to, name));
}

function move(from: Buffer, to: Buffer): void {
  const [comes, there] = [lstatSync(from), statIfThere(to)];
  if (!comes.isDirectory()) {
    renameSync(from, to);
    return;
  }
  if (there?.isDirectory() !== true) {
    if (there !== undefined) unlinkSync(to);
    moveDirectory(from, to, comes);
    return;
  }
  // As an owner who may not write in it does.
  chmodSync(from, comes.mode | 0o700);
  if ((there.mode & 0o700) !== 0o700) chmodSync(to, there.mode | 0o700);
  for (const name of readdirSync(from, { encoding: 'buffer' })) move(within(from, name), within(to, name));
  if (comes.uid !== there.uid || comes.gid !== there.gid) lchownSync(to, comes.uid, comes.gid);
  chmodSync(to, comes.mode & 0o7777);
  utimesSync(to, comes.atime, comes.mtime);
}

/** Its entry `..` changes, for which one needs to be allowed to write in it. */
function moveDirectory(from: Buffer, to: Buffer, { mode }: Stats): void {
  const isWritable = (mode & 0o200) !== 0;
  if (!isWritable) chmodSync(from, mode | 0o200);
  renameSync(from, to);
  if (!isWritable) chmodSync(to, mode & 0o7777);
}

function statIfThere(path: Buffer): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function within(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name]);
}
