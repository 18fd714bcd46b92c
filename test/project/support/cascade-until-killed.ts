/**
 * Applies the cascade in `argv[2]` (JSON), and kills itself the hard way before its `argv[3]`-th change to the
 * disk; a write is then half done. Run as a program.
 */
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [, , cascade = '', last = ''] = process.argv;
const { applyCascade } = await import('../../../src/project/apply-cascade.ts');

let remaining = Number(last);
async function count(instead?: () => Promise<unknown>): Promise<void> {
  if (--remaining > 0) return;
  await instead?.();
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => {});
}

const { open } = fs;
for (const name of ['mkdir', 'rename', 'rm', 'rmdir', 'copyFile'] as const) {
  const original = fs[name] as (...args: unknown[]) => Promise<unknown>;
  Object.assign(fs, {
    [name]: async (...args: unknown[]) => {
      await count();
      return original(...args);
    },
  });
}
Object.assign(fs, {
  open: async (...args: Parameters<typeof open>) => {
    if (args[1] !== 'r') await count();
    const handle = await open(...args);
    const writeFile = handle.writeFile.bind(handle);
    const sync = handle.sync.bind(handle);
    handle.writeFile = async (data: string | Uint8Array) => {
      await count(() => writeFile(data.slice(0, data.length / 2)));
      await writeFile(data);
    };
    handle.sync = async () => {
      await count();
      await sync();
    };
    return handle satisfies FileHandle;
  },
});
syncBuiltinESMExports();
await applyCascade(JSON.parse(cascade), {}, new AbortController().signal);
