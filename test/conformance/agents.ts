import { generateKeyPairSync } from 'node:crypto';
import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Person, self } from '../worker/people.ts';

/** `--ssh` for each id, with a key that is made for it and belongs to the person. */
export async function agentFlags(ids: readonly string[], directory: string, { uid, gid }: Person = self) {
  const flags = await Promise.all(
    ids.map(async (id) => {
      const { privateKey } = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
        publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
      });
      const file = join(directory, `key-${uid}-${id}`);
      await writeFile(file, privateKey, { mode: 0o600 });
      await chown(file, uid, gid);
      return ['--ssh', `${id}=${file}`];
    }),
  );
  return flags.flat();
}
