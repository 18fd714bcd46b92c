import { buffer } from 'node:stream/consumers';
import type { TarHeader } from '../../src/tar/header.ts';
import { type ReadTarOptions, readTar } from '../../src/tar/read.ts';
import { writeTar } from '../../src/tar/write.ts';

/** A header of a file, with what a test cares about in it. */
export function header(fields: Partial<TarHeader>): TarHeader {
  const plain = { type: 'file', name: 'f', linkName: '', mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 0 } as const;
  return { ...plain, devMajor: 0, devMinor: 0, ...fields };
}

/** A tar of these entries; `content` gives a file its size. */
export async function tarOf(
  ...entries: (Partial<TarHeader> & { readonly content?: string | Buffer })[]
): Promise<Buffer> {
  const inputs = entries.map(({ content = '', ...fields }) => {
    const body = Buffer.from(content as string);
    return { header: header({ size: body.length, ...fields }), body: [body] };
  });
  return buffer(writeTar(inputs));
}

/** All entries with their contents as text, the tar cut into chunks of `chunk` bytes. */
export async function readAll(tar: Buffer, options?: ReadTarOptions, chunk = 10_000) {
  const entries: (TarHeader & { readonly content: string })[] = [];
  for await (const { header: read, body } of readTar(chunksOf(tar, chunk), options))
    entries.push({ ...read, content: (await body.bytes()).toString() });
  return entries;
}

export async function* chunksOf(bytes: Buffer, length: number): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
