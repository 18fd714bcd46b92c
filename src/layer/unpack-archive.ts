import { readArchive } from './archive-reader.ts';
import { Unpacking } from './unpack.ts';

/**
 * Unpacks an uncompressed archive into the existing directory `into` (absolute): names are those of `readArchive`, so that
 * none leads outside, and a later entry replaces an earlier one. Files belong to whoever unpacks. Devices that this user may
 * not make are left out. After a failure `into` is to be thrown away. Throws FailureError.
 */
export async function unpackArchive(
  { tar, into }: { readonly tar: AsyncIterable<Uint8Array>; readonly into: string },
  signal: AbortSignal,
): Promise<void> {
  const unpacking = new Unpacking(into, { owner: 'ignore', xattrs: 'skip', whiteouts: 'apply' });
  for await (const record of readArchive(tar)) {
    signal.throwIfAborted();
    // `/` is the directory that is there.
    if (record.entry.path !== '') await unpacking.add(record);
  }
  await unpacking.finish(signal);
}
