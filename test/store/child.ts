// A program that uses a store and never ends by itself: what the tests of several processes start and kill.
// Each line on stdout is one JSON value: something that is done and must be found later.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { makeDocument } from '../../src/oci/document.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { Lock } from '../../src/store/lock.ts';
import { formatProcessIdentity, thisProcess } from '../../src/store/process-identity.ts';
import { prune } from '../../src/store/prune.ts';
import { Store } from '../../src/store/store.ts';

const [task = '', root = '', name = '', count = '0'] = process.argv.slice(2);
const never = new AbortController().signal;

function done(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function pushImage(store: Store, reference: string): Promise<void> {
  const layer = store.blobs.writer();
  layer.write(randomBytes(50_000));
  layer.write(randomBytes(50_000));
  const { digest, size } = await layer.commit();
  const config = makeDocument(mediaTypes.imageConfig, {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digest] },
  });
  const manifest = makeDocument(mediaTypes.imageManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.imageManifest,
    config: await store.blobs.putDocument(config),
    layers: [{ mediaType: mediaTypes.layerTar, digest, size }],
  });
  await store.refs.set(new Map([[reference, await store.blobs.putDocument(manifest)]]), never);
}

const tasks: Record<string, () => Promise<void>> = {
  /** Adds one to a number in a file, `count` times, under a lock. */
  async count() {
    const lock = new Lock(join(root, 'lock'));
    const file = join(root, 'number');
    done('ready');
    for (let i = 0; i < Number(count); i++) {
      await lock.hold(async () => {
        const number = Number(readFileSync(file, 'utf8'));
        if (i % 7 === 0) await delay(1);
        writeFileSync(file, String(number + 1));
      }, never);
    }
    process.exit();
  },

  /** Takes and leaves a lock as fast as it can. */
  async grab() {
    const lock = new Lock(join(root, 'lock'));
    done('ready');
    for (;;) {
      await lock.hold(async () => {
        // Two holders at once would fail here.
        writeFileSync(join(root, 'inside'), name, { flag: 'wx' });
        await delay(Math.random() * 2);
        await import('node:fs').then(({ unlinkSync }) => unlinkSync(join(root, 'inside')));
      }, never);
    }
  },

  async hold() {
    await new Lock(join(root, 'lock')).acquire(never);
    done('ready');
    await delay(1e9);
  },

  async session() {
    const store = await Store.open(root);
    writeFileSync(store.session.tempPath('left'), 'x');
    done({ path: store.session.path, owner: formatProcessIdentity(thisProcess()) });
    await delay(1e9);
  },

  async images() {
    const store = await Store.open(root);
    done('ready');
    for (let i = 0; ; i++) {
      const reference = `registry.test/${name}:${i}`;
      await pushImage(store, reference);
      done(reference);
    }
  },

  async refs() {
    const store = await Store.open(root);
    const bytes = Buffer.from('{}');
    const descriptor = await store.blobs.putBytes(mediaTypes.imageConfig, bytes);
    done('ready');
    for (let i = 0; i < Number(count); i++) {
      await store.refs.set(new Map([[`registry.test/${name}:${i}`, descriptor]]), never);
    }
    await store.close();
    process.exit();
  },

  async records() {
    const store = await Store.open(root);
    const log = store.records('steps', z.object({ name: z.string(), i: z.number(), text: z.string() }));
    done('ready');
    for (let i = 0; count === '0' || i < Number(count); i++) {
      await log.append(`${name} ${i}`, {
        name,
        i,
        text: createHash('sha512')
          .update(`${i}`)
          .digest('hex')
          .repeat(i % 20),
      });
      if (name === 'compacting' && i % 10 === 9) await log.compact(never);
      done(`${name} ${i}`);
    }
    await store.close();
    process.exit();
  },

  async prune() {
    const store = await Store.open(root);
    done('ready');
    for (;;) await prune(store, { grace: 0 }, never);
  },
};

await tasks[task]?.();
