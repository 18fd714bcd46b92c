/** ADD of what is elsewhere: from real servers, over real layers. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CopyOp, FetchedSource } from '../../../src/engine/op/op-definition.ts';
import { RemoteSources } from '../../../src/remote/remote-sources.ts';
import { input } from '../../layer/entries.ts';
import { sourceOf } from '../../remote/remote-rig.ts';
import { clientOptions } from '../../support/client-options.ts';
import { commit, commitTime, git, repository } from '../../support/git-repository.ts';
import { needs } from '../../support/needs.ts';
import { startWebServer, type WebFile, type WebServer } from '../../support/web-server.ts';
import { OpRig } from './op-rig.ts';

function add(fetched: readonly FetchedSource[], more: Partial<CopyOp> = {}): CopyOp {
  return {
    kind: 'copy',
    source: { type: 'input' },
    patterns: [],
    fetched,
    inline: [],
    destination: '/x/',
    exclude: [],
    link: false,
    parents: false,
    unpack: true,
    mtime: 5,
    ...more,
  };
}

const fetch = (text: string, more: Partial<FetchedSource> = {}): FetchedSource => ({
  before: 0,
  source: sourceOf(text),
  unpack: false,
  ...more,
});

const modified = { 'last-modified': 'Mon, 20 Jun 2005 01:02:03 GMT' };
const file: WebFile = { body: 'F', headers: modified };

async function setUp() {
  const rig = await OpRig.open();
  const served = join(rig.dir, 'served');
  const first = await repository(join(served, 'app.git'), { a: 'A', 'd/b': 'B' });
  await git(join(served, 'app.git'), 'branch', 'same');
  const web = await startWebServer(
    [
      ['/f', file],
      ['/elsewhere/f', file],
      ['/g', file],
      ['/f?other', { ...file, body: 'G' }],
      ['/f?later', { ...file, headers: { 'last-modified': 'Mon, 20 Jun 2005 01:02:04 GMT' } }],
    ],
    served,
  );
  return {
    rig,
    web,
    served,
    first,
    async [Symbol.asyncDispose]() {
      await web[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

/** Address after the server's, flags → whether the key is that of `/f`, or of `/git/app.git`. */
const keys: readonly (readonly [
  what: string,
  base: string,
  other: string,
  flags: Partial<FetchedSource>,
  isSame: boolean,
])[] = [
  ['another address', '/f', '/elsewhere/f', {}, true],
  ['another name', '/f', '/g', {}, false],
  ['other bytes', '/f', '/f?other', {}, false],
  ['another time', '/f', '/f?later', {}, false],
  ['unpacked', '/f', '/f', { unpack: true }, false],
  ['behind another source', '/f', '/f', { before: 1 }, false],
  ['a commit by another ref', '/git/app.git', '/git/app.git#same', {}, true],
  ['another commit', '/git/app.git', '/git/app.git#other', {}, false],
  ['another directory', '/git/app.git', '/git/app.git#main:d', {}, false],
  ['its history', '/git/app.git', '/git/app.git?keep-git-dir', {}, false],
  ['without submodules', '/git/app.git', '/git/app.git?submodules=0', {}, false],
];

for (const [what, base, other, flags, isSame] of keys) {
  test(`${what}: ${isSame ? 'the same key' : 'another key'}`, needs('git'), async () => {
    await using world = await setUp();
    const { rig, web, served } = world;
    await git(join(served, 'app.git'), 'checkout', '--quiet', '-b', 'other');
    await commit(join(served, 'app.git'), { c: 'C' });
    await git(join(served, 'app.git'), 'checkout', '--quiet', 'main');
    const at = (end: string) => `http://${web.host}${end}`;
    const before = await rig.key({ op: add([fetch(at(base))]) });
    assert.equal((await rig.key({ op: add([fetch(at(other), flags)]) })) === before, isSame);
  });
}

/** What is asked for, and the layer that it makes. */
const layers: Readonly<Record<string, readonly [op: (web: WebServer) => CopyOp, layer: readonly string[]]>> = {
  'a file: readable by root alone, as old as its server says': [
    ({ host }) => add([fetch(`http://${host}/f`)]),
    ['x/ 755 0:0 @5', 'x/f 600 0:0 @1119229323 F'],
  ],
  'a file for somebody': [
    ({ host }) => add([fetch(`http://${host}/f`)], { chown: '7:8', chmod: '0644' }),
    ['x/ 644 7:8 @5', 'x/f 644 7:8 @1119229323 F'],
  ],
  'a file that is newer than SOURCE_DATE_EPOCH': [
    ({ host }) => add([fetch(`http://${host}/f`)], { epoch: 1_000_000_001, mtime: 1_000_000_001 }),
    ['x/ 755 0:0 @1000000001', 'x/f 600 0:0 @1000000001 F'],
  ],
  'a commit, as old as it is': [
    ({ host }) => add([fetch(`http://${host}/git/app.git`)]),
    [
      `x/ 755 0:0 @${commitTime}`,
      `x/a 644 0:0 @${commitTime} A`,
      `x/d/ 755 0:0 @${commitTime}`,
      `x/d/b 644 0:0 @${commitTime} B`,
    ],
  ],
  'what comes later wins': [
    ({ host }) => add([fetch(`http://${host}/f`), fetch(`http://${host}/f?other`)]),
    ['x/ 755 0:0 @5', 'x/f 600 0:0 @1119229323 G'],
  ],
};

for (const [what, [op, layer]] of Object.entries(layers)) {
  test(what, needs('git'), async () => {
    await using world = await setUp();
    const { rig, web } = world;
    const made = await rig.exec({ op: op(web) }, [{ layers: [] }]);
    assert.deepEqual(await rig.top(made, { times: true }), layer);
  });
}

test('what was decided is used, whatever the server has by now', async () => {
  await using world = await setUp();
  const { rig, web } = world;
  const source = sourceOf(`http://${web.host}/f`);
  // By another run: that of the rig has asked nobody yet.
  await using deciding = new RemoteSources({ store: rig.store, registry: clientOptions });
  const decided = { [JSON.stringify(source)]: await deciding.resolve(source, new AbortController().signal) };
  const op = add([{ before: 0, source, unpack: false }]);
  const before = await rig.key({ op, remotes: decided });
  web.files.set('/f', { body: 'moved' });
  web.log.length = 0;
  assert.equal(await rig.key({ op, remotes: decided }), before);
  assert.deepEqual(await rig.top(await rig.exec({ op, remotes: decided }, [{ layers: [] }])), [
    'x/ 755 0:0',
    'x/f 600 0:0 F',
  ]);
  assert.deepEqual(web.log, []);
});

test('a file onto a directory of the base', async () => {
  await using world = await setUp();
  const { rig, web } = world;
  const base = await rig.snapshot([input('x', 'a file')]);
  assert.equal(await rig.reason({ op: add([fetch(`http://${web.host}/f`)]) }, [base]), 'copy-onto-non-directory');
});

test('nothing of a checkout is left when the layer is there', needs('git'), async () => {
  await using world = await setUp();
  const { rig, web } = world;
  const steps = [1, 2].map((number) => ({ op: add([fetch(`http://${web.host}/git/app.git`)], { mtime: number }) }));
  await Promise.all(steps.map((step) => rig.exec(step, [{ layers: [] }])));
  const left = await readdir(rig.store.session.path);
  assert.deepEqual(
    left.filter((name) => name.startsWith('git')),
    [],
  );
});
