import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unpackedLayers } from './unpacked.ts';

const exec = promisify(execFile);

const layer = [
  'mkdir -m 755 d e "a b" && echo x > d/x && chmod 640 d/x && ln d/x d/same && ln -s x d/link && mkfifo p',
  'echo y > y && echo y > other && touch d/.wh.gone && mkdir q && touch q/.wh..wh..opq',
  'setfattr -n user.a -v 1 y && find . -exec touch -h -d @1000000000 {} +',
].join(' && ');

const unpack = [
  'tar -xf "$1" --xattrs',
  'rm d/.wh.gone q/.wh..wh..opq',
  'find . -exec touch -h -d @1000000000 {} +',
].join(' && ');

/** What is done to what was unpacked, and what is said of it. */
const changes = [
  ['true', ['does not remove d/gone']],
  ['echo z > d/new && touch -d @1000000000 d', ['d/new is in no layer', 'does not remove d/gone']],
  ['mkdir "a b/é" && touch -d @1000000000 "a b"', ['a b/é is in no layer', 'does not remove d/gone']],
  ['rm p', ['p is missing', 'does not remove d/gone']],
  ['chmod 600 y', ['mode of y is 384 and should be 420', 'does not remove d/gone']],
  ['chmod u+s e', ['mode of e is 2541 and should be 493', 'does not remove d/gone']],
  ['touch -h -d @7 d/link', ['mtime of d/link is 7 and should be 1000000000', 'does not remove d/gone']],
  [
    'ln -sfn y d/link && touch -h -d @1000000000 d/link d',
    ['content of d/link is y and should be x', 'does not remove d/gone'],
  ],
  [
    'rm p && echo > p && touch -d @1000000000 p && chmod 644 p',
    [/^type of p is file/, /^content of p /, 'does not remove d/gone'],
  ],
  ['echo z > y && touch -d @1000000000 y', [/^content of y /, 'does not remove d/gone']],
  ['setfattr -n user.b -v 1 "a b"', ['xattrs of a b is user.b and should be ', 'does not remove d/gone']],
  ['setfattr -x user.a y', ['xattrs of y is  and should be user.a', 'does not remove d/gone']],
  ['setfattr -n user.overlay.opaque -v y e', ['opaque of e is true and should be false', 'does not remove d/gone']],
  [
    'cp -p d/x t && mv t d/same && touch -d @1000000000 d',
    ['d/x and d/same are no longer one file', 'does not remove d/gone'],
  ],
  ['ln -f y other', [/^xattrs of other /, 'files of their own are one file', 'does not remove d/gone']],
] as const;

for (const [change, expected] of changes) {
  test(`unpacked layers: ${change}`, needs('getfattr', 'setfattr'), async () => {
    await using directory = await tempDir();
    const { wrong, compared } = await unpackedLayers(await storeWith(directory.path, change), self);
    assert.equal(compared, 1);
    const said = wrong.map((line) => line.replace(/^2-layer-\w+: /, ''));
    assert.equal(said.length, expected.length, said.join('\n'));
    for (const one of expected) {
      assert.ok(
        said.some((line) => (typeof one === 'string' ? line === one : one.test(line))),
        `${one} is not said, but ${said}`,
      );
    }
  });
}

test(
  'unpacked layers: a layer with its whiteout on a chain, with a directory that it leaves out',
  needs('root'),
  async () => {
    await using directory = await tempDir();
    const store = await storeWith(
      directory.path,
      'mknod d/gone c 0 0 && mknod q/hidden c 0 0 && touch -d @1000000000 d q',
    );
    assert.deepEqual(await unpackedLayers(store), { compared: 1, wrong: [] });
  },
);

/** All of an image belongs to whoever unpacks it. */
const self = { uid: () => process.getuid!(), gid: () => process.getgid!() };

async function storeWith(store: string, change: string): Promise<string> {
  const sh = (script: string, cwd: string, ...rest: string[]) => exec('sh', ['-euc', script, 'sh', ...rest], { cwd });
  const [made, blobs] = [join(store, 'made'), join(store, 'images', 'blobs', 'sha256')];
  for (const path of [made, blobs]) await mkdir(path, { recursive: true });
  await sh(layer, made);
  const archive = join(store, 'layer.tar');
  await sh('tar --format=pax --xattrs --owner=0 --group=0 -cf "$1" .', made, archive);
  const hex = createHash('sha256')
    .update(await readFile(archive))
    .digest('hex');
  await rename(archive, join(blobs, hex));
  const files = join(store, 'snapshots', `2-layer-${hex}`, 'fs');
  await mkdir(files, { recursive: true });
  await sh(unpack, files, join(blobs, hex));
  await sh(change, files);
  return store;
}
