import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RootView } from '../../../src/engine/executor/root-view.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A root with links that try to get out of it, and something outside that they must not find. */
async function makeRoot() {
  const dir = await tempDir();
  const root = join(dir.path, 'root');
  mkdirSync(join(root, 'a', 'b'), { recursive: true });
  mkdirSync(join(root, 'etc'));
  mkdirSync(join(dir.path, 'etc'));
  writeFileSync(join(root, 'file'), '');
  writeFileSync(join(dir.path, 'etc', 'secret'), '');
  for (const [link, to] of [
    ['up', '../../../../etc'],
    ['absolute', '/etc'],
    ['outside', join(dir.path, 'etc')],
    ['a/b/back', '../../up/../etc'],
    ['chain', 'a/b/back'],
    ['loop', 'loop'],
    ['ping', 'pong/x'],
    ['pong', 'ping/x'],
    ['dangling', '/nothing/here'],
    ['dots', '././a/./b/../b'],
    ['top', '/..'],
  ] as const) {
    symlinkSync(to, join(root, link));
  }
  return { dir, root };
}

const cases: [path: string, want: string][] = [
  ['/', '/'],
  ['/..', '/'],
  ['/../../../etc', '/etc'],
  ['/a/../../etc', '/etc'],
  ['/up', '/etc'],
  ['/up/secret', '/etc/secret missing'],
  ['/absolute/secret', '/etc/secret missing'],
  ['/chain', '/etc'],
  ['/dots', '/a/b'],
  ['/top', '/'],
  ['/top/../etc', '/etc'],
  ['/dangling', '/nothing/here missing'],
  ['/dangling/../x', '/nothing/x missing'],
  ['//a///b/', '/a/b'],
  ['/file', '/file'],
  ['/file/x', 'refused'],
  ['/file/..', 'refused'],
  ['/loop', 'refused'],
  ['/a'.repeat(2500), 'refused'],
  [`/${'n'.repeat(256)}`, 'refused'],
  ['/ping', 'refused'],
];
for (const [path, want] of cases) {
  test(`RootView.locate() never leaves the root: ${path} is ${want}`, async () => {
    const { dir, root } = await makeRoot();
    await using _ = dir;
    const at = await new RootView(root).locate(path);
    assert.equal(typeof at === 'string' ? 'refused' : `${at.path}${at.stats === undefined ? ' missing' : ''}`, want);
  });
}

test('RootView.locate() of a link that names a place outside by its full path stays inside', async () => {
  const { dir, root } = await makeRoot();
  await using _ = dir;
  const at = await new RootView(root).locate('/outside/secret');
  assert.ok(typeof at !== 'string');
  assert.deepEqual([at.path, at.stats], [join(dir.path, 'etc', 'secret'), undefined]);
});

test('RootView.locate() looks at what is mounted, the last mount first', async () => {
  const { dir, root } = await makeRoot();
  await using _ = dir;
  const view = new RootView(root);
  const source = join(dir.path, 'etc');
  symlinkSync('/file', join(source, 'link'));
  view.add({ target: '/a', source, creatable: 'no' });
  view.add({ target: '/a/fresh', source: undefined, creatable: 'for-good' });
  const located = async (path: string) => {
    const at = await view.locate(path);
    return typeof at === 'string' ? at : [at.path, at.file, at.stats !== undefined];
  };
  assert.deepEqual(await located('/a/secret'), ['/a/secret', join(source, 'secret'), true]);
  assert.deepEqual(await located('/a/b'), ['/a/b', join(source, 'b'), false]);
  assert.deepEqual(await located('/a/link'), ['/file', join(root, 'file'), true]);
  assert.deepEqual(await located('/a/fresh/x'), ['/a/fresh/x', undefined, false]);
});
