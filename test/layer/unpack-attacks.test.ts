import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Tree } from '../../src/layer/tree.ts';
import { type UnpackOptions, unpackLayer } from '../../src/layer/unpack.ts';
import { FailureError } from '../../src/result.ts';
import type { TarHeader } from '../../src/tar/header.ts';
import { tempDir } from '../support/temp-dir.ts';
import { tarOf } from '../tar/archive.ts';
import { onDisk } from './disk.ts';
import { signal } from './entries.ts';
import { only } from './memory.ts';

type RawEntry = Partial<TarHeader> & { readonly content?: string };
const link = (name: string, linkName: string): RawEntry => ({ name, type: 'symlink', linkName });
const hard = (name: string, linkName: string): RawEntry => ({ name, type: 'hardlink', linkName });
const evil = (name: string): RawEntry => ({ name, content: 'evil' });
const dir = (name: string): RawEntry => ({ name, type: 'directory', mode: 0o777 });

/** `OUTSIDE` is the absolute path of the directory under attack, `../outside` seen from the one unpacked into. */
const attacks: [title: string, layer: RawEntry[], want: string | 'inside'][] = [
  ['.. at the start', [evil('../outside/victim')], 'layer-entry-escapes'],
  ['.. in the middle', [evil('a/../../outside/victim')], 'layer-entry-escapes'],
  ['.. at the end', [dir('a/..')], 'layer-entry-escapes'],
  ['.. with dots and slashes around it', [evil('/./.././.././//outside/victim')], 'layer-entry-escapes'],
  ['an absolute path', [evil('OUTSIDE/victim')], 'inside'],
  ['a whiteout of ..', [{ name: 'a/.wh...' }], 'layer-entry-invalid'],
  ['a whiteout through ..', [{ name: '../outside/.wh.victim' }], 'layer-entry-escapes'],
  ['a file through an absolute link', [link('l', 'OUTSIDE'), evil('l/victim')], 'inside'],
  ['a file through a relative link', [link('l', '../outside'), evil('l/victim')], 'inside'],
  ['a file through two links', [link('a', '.'), link('b', 'a/../../outside'), evil('b/victim')], 'inside'],
  ['a file through a link to the root', [link('r', '/'), evil('r/OUTSIDE/victim')], 'inside'],
  ['a directory through a link', [link('l', 'OUTSIDE'), dir('l/new')], 'inside'],
  ['a link through a link', [link('l', 'OUTSIDE'), link('l/new', 'x')], 'inside'],
  ['a FIFO through a link', [link('l', 'OUTSIDE'), { name: 'l/new', type: 'fifo' }], 'inside'],
  ['a whiteout through a link', [link('l', 'OUTSIDE'), { name: 'l/.wh.victim' }], 'inside'],
  ['an opaque mark through a link', [link('l', 'OUTSIDE'), { name: 'l/.wh..wh..opq' }], 'inside'],
  ['a file onto a link', [link('l', 'OUTSIDE/victim'), evil('l')], 'inside'],
  ['a directory onto a link', [link('l', 'OUTSIDE'), dir('l')], 'inside'],
  [
    'a file in a directory that becomes a link',
    [dir('d'), evil('d/a'), link('d', 'OUTSIDE'), evil('d/victim')],
    'inside',
  ],
  [
    'a parent that becomes a link',
    [dir('d'), dir('d/e'), evil('d/e/a'), link('d', 'OUTSIDE'), evil('d/e/b')],
    'inside',
  ],
  [
    'a link that becomes a directory and a link again',
    [link('l', 'OUTSIDE'), dir('l'), link('l', 'OUTSIDE'), evil('l/victim')],
    'inside',
  ],
  ['a hard link out of the root', [hard('h', '../outside/victim')], 'layer-entry-escapes'],
  ['a hard link to an absolute path', [hard('h', 'OUTSIDE/victim')], 'link-target-missing'],
  ['a hard link through a link', [link('l', 'OUTSIDE'), hard('h', 'l/victim')], 'link-target-missing'],
  ['a hard link to a link, then a file onto it', [link('l', 'OUTSIDE/victim'), hard('h', 'l'), evil('h')], 'inside'],
  ['links in a circle', [link('a', 'b'), link('b', 'a'), evil('a/f')], 'too-many-links'],
  [
    'attributes of overlayfs',
    [{ ...dir('d'), xattrs: { 'user.overlay.redirect': 'Li4v', 'trusted.overlay.opaque': 'eQ==' } }],
    'inside',
  ],
];

const modes: [name: string, options: UnpackOptions][] = [
  ['for overlayfs', { whiteouts: 'overlay', lower: Tree.empty, owner: 'ignore', xattrs: 'apply' }],
  ['onto the layers below', { whiteouts: 'apply', owner: 'ignore', xattrs: 'apply' }],
];

for (const [mode, options] of modes) {
  for (const [title, layer, want] of attacks) {
    test(`unpackLayer() ${mode} stays inside: ${title}`, async () => {
      await using temp = await tempDir();
      const { root, outside, check } = await arena(temp.path);
      const entries = layer.map((entry) => replaced(entry, outside));
      const outcome = await outcomeOf(entries, root, options);
      check();
      assert.equal(outcome, want);
    });
  }
}

const planted: [title: string, layer: RawEntry[]][] = [
  ['a file through it', [evil('l/victim')]],
  ['a file deep through it', [evil('l/new/f')]],
  ['a directory onto it', [dir('l/')]],
  ['a file onto it', [evil('l')]],
  ['a whiteout through it', [{ name: 'l/.wh.victim' }]],
  ['an opaque mark in it', [{ name: 'l/.wh..wh..opq' }]],
  ['a hard link through it', [hard('h', 'l/victim')]],
];
for (const [title, layer] of planted) {
  test(`unpackLayer() onto a link of the layers below stays inside: ${title}`, async () => {
    await using temp = await tempDir();
    const { root, outside, check } = await arena(temp.path);
    await symlink(outside, join(root, 'l'));
    const outcome = await outcomeOf(layer, root, modes[1]![1]);
    check();
    assert.equal(outcome, title === 'a hard link through it' ? 'link-target-missing' : 'inside');
  });
}

async function arena(path: string) {
  const [root, outside] = [join(path, 'root'), join(path, 'outside')];
  await mkdir(root);
  await mkdir(outside);
  await writeFile(join(outside, 'victim'), 'unharmed', { mode: 0o600 });
  const facts = () => [
    onDisk(outside),
    statSync(outside).mode,
    statSync(outside).mtimeMs,
    statSync(join(outside, 'victim')).nlink,
  ];
  const before = facts();
  const check = () => {
    assert.deepEqual(facts(), before);
    assert.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'unharmed');
    assert.deepEqual(
      Object.keys(onDisk(path)).filter((found) => !/^(root|outside)\//.test(found)),
      [],
    );
  };
  return { root, outside, check };
}

function replaced(entry: RawEntry, outside: string): RawEntry {
  const put = (text: string | undefined) => text?.replace('OUTSIDE', outside);
  const { name, linkName, ...rest } = entry;
  return { ...rest, name: put(name)!, ...(linkName && { linkName: put(linkName)! }) };
}

async function outcomeOf(layer: RawEntry[], root: string, options: UnpackOptions): Promise<string> {
  try {
    await unpackLayer({ tar: only(await tarOf(...layer)), into: root }, options, signal);
    return 'inside';
  } catch (error) {
    if (error instanceof FailureError) return error.failure.reason;
    throw error;
  }
}
