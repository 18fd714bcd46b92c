import { FailureError } from '../result.ts';
import { readTar } from '../tar/read.ts';
import { throughProgram } from './through-program.ts';
import type { RawXattrs, XattrTool } from './xattr-tool.ts';

/** GNU `tar`: it also reads the contents, knows no ACLs, and sets attributes only of what it makes itself. */
export const tarXattrs: XattrTool = { seesAll: false, read };

async function read(root: string, paths: readonly string[], signal: AbortSignal): Promise<RawXattrs | undefined> {
  const list = paths.map((path) => `${path}\0`).join('');
  const tar = { program: 'tar', args: [...TAR, '-C', root, '--null', '-T', '-'], purpose: 'read extended attributes' };
  const all: RawXattrs = new Map();
  try {
    for await (const { header } of readTar(throughProgram(only(Buffer.from(list)), tar, signal))) {
      const xattrs = Object.entries(header.xattrs ?? {}).map(
        ([name, value]) => [name, Buffer.from(value, 'base64')] as const,
      );
      all.set(header.name.replace(/\/$/, ''), new Map(xattrs));
    }
  } catch (error) {
    // Other tars than GNU's do not know these options.
    if (error instanceof FailureError && /^program-|^tar-/.test(error.failure.reason)) return undefined;
    throw error;
  }
  return all;
}

const TAR = ['-c', '--format=pax', '--xattrs', '--xattrs-include=*', '--no-recursion', '--hard-dereference', '-f', '-'];

async function* only(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}
