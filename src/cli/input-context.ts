import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { decompressArchive, detectArchive, detectCompression } from '../layer/detect.ts';
import { unpackArchive } from '../layer/unpack-archive.ts';
import { FailureError } from '../result.ts';
import { inputEmpty, inputNotTar } from './image-failure.ts';
import type { World } from './world.ts';

/** What `cip build-image -` reads, or fetches by an address: a Dockerfile, or a build context. */
export type InputContext =
  | { readonly kind: 'dockerfile'; readonly text: string }
  /** `directory` is absolute, and goes with the session of the store. `time`: of a commit or a web server, in seconds since 1970. */
  | { readonly kind: 'context'; readonly directory: string; readonly time?: number | undefined };

/**
 * Standard input to its end; which of the two it is, its bytes say. Throws FailureError: `input-empty`, `input-not-a-tar`, and what is wrong
 * with the tar.
 */
export async function readInputContext(world: World): Promise<InputContext> {
  const { session } = await world.store();
  const { signal } = world;
  const file = session.tempPath('input');
  try {
    await pipeline(world.surroundings.input(), createWriteStream(file, { mode: 0o600 }), { signal });
    return await readPackedContext(file, undefined, world);
  } finally {
    await rm(file, { force: true });
  }
}

/**
 * A file that is one of the two, which stays. `address`: where it was fetched; undefined for standard input. Throws as
 * `readInputContext` does.
 */
export async function readPackedContext(
  file: string,
  address: string | undefined,
  world: World,
): Promise<InputContext> {
  const { session } = await world.store();
  const { signal } = world;
  const compression = await detectArchive(() => createReadStream(file), signal);
  if (compression === undefined) {
    const packed = detectCompression(await headOf(file));
    if (packed !== 'none') throw new FailureError(inputNotTar(packed, address));
    const text = (await readFile(file)).toString();
    if (text === '') throw new FailureError(inputEmpty(address));
    return { kind: 'dockerfile', text };
  }
  const directory = session.tempPath('context');
  await mkdir(directory);
  await unpackArchive({ tar: decompressArchive(createReadStream(file), compression, signal), into: directory }, signal);
  return { kind: 'context', directory };
}

/** Standard input to its end, as text; bytes that are not UTF-8 are replaced. */
export async function readInputText({ surroundings, signal }: World): Promise<string> {
  const parts: Uint8Array[] = [];
  await pipeline(
    surroundings.input(),
    async (chunks: AsyncIterable<Uint8Array>) => {
      for await (const chunk of chunks) parts.push(chunk);
    },
    { signal },
  );
  return Buffer.concat(parts).toString();
}

/** As many bytes as `detectCompression` wants. */
async function headOf(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(6), 0, 6, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
