import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MakeDirectoryOp } from '../../../src/engine/op/op-definition.ts';
import type { LayerInput } from '../../../src/layer/layer-input.ts';
import { directory, input, symlink } from '../../layer/entries.ts';
import { OpRig } from './op-rig.ts';

const op = (path: string, more: Partial<MakeDirectoryOp> = {}): MakeDirectoryOp => ({
  kind: 'make-directory',
  path,
  user: '',
  mtime: 5,
  ...more,
});
const passwd = [
  directory('etc'),
  input('etc/passwd', 'root:x:0:0::/:\nada:x:1000:100::/:\n'),
  input('etc/group', 'staff:x:50:\n'),
];

interface Case {
  readonly base?: readonly LayerInput[];
  readonly op: MakeDirectoryOp;
  /** The layer it makes, with times. */
  readonly layer: readonly string[];
  readonly warns?: RegExp;
}

const cases: Readonly<Record<string, Case>> = {
  'every level that is missing': { op: op('/a/b/c'), layer: ['a/ 755 0:0 @5', 'a/b/ 755 0:0 @5', 'a/b/c/ 755 0:0 @5'] },
  'what is there stays as it is': {
    base: [directory('a', { mode: 0o1777, uid: 3, gid: 4, mtime: 9 })],
    op: op('/a/b'),
    layer: ['a/ 1777 3:4 @9', 'a/b/ 755 0:0 @5'],
  },
  'nothing where all of it is there': { base: [directory('a')], op: op('/a'), layer: [] },
  'nothing for the root': { op: op('/'), layer: [] },
  'links of the base are followed': {
    base: [directory('real'), symlink('link', '/real')],
    op: op('/link/new'),
    layer: ['real/ 755 0:0 @0', 'real/new/ 755 0:0 @5'],
  },
  'links lead nowhere but into the image': {
    base: [symlink('link', '../../../out')],
    op: op('/link/new'),
    layer: ['out/ 755 0:0 @5', 'out/new/ 755 0:0 @5'],
  },
  'in a directory with the set-group-ID bit, its group': {
    base: [directory('s', { mode: 0o2775, gid: 50 })],
    op: op('/s/a'),
    layer: ['s/ 2775 0:50 @0', 's/a/ 2755 0:50 @5'],
  },
  'in a directory with the set-group-ID bit, the group of USER': {
    base: [directory('s', { mode: 0o2775, gid: 50 })],
    op: op('/s/a', { user: 'root' }),
    layer: ['s/ 2775 0:50 @0', 's/a/ 2755 0:0 @5'],
  },
  'a user of the image, and its group': {
    base: passwd,
    op: op('/a', { user: 'ada' }),
    layer: ['a/ 755 1000:100 @5'],
  },
  'a user and another group': {
    base: passwd,
    op: op('/a', { user: 'ada:staff' }),
    layer: ['a/ 755 1000:50 @5'],
  },
  'a user that the image does not know is 0, and that is said': {
    op: op('/a', { user: 'nobody-here' }),
    layer: ['a/ 755 0:0 @5'],
    warns: /nobody-here is not in the image's \/etc\/passwd/,
  },
  'no directory is newer than the epoch': { op: op('/a', { mtime: 9, epoch: 7 }), layer: ['a/ 755 0:0 @7'] },
  'the epoch makes none newer': { op: op('/a', { mtime: 5, epoch: 7 }), layer: ['a/ 755 0:0 @5'] },
};
for (const [title, { base = [], op, layer, warns }] of Object.entries(cases))
  test(`a directory is made: ${title}`, async () => {
    await using rig = await OpRig.open();
    const below = await rig.snapshot(base);
    const made = await rig.exec({ op }, [below]);
    assert.equal(made.layers.length, 2);
    assert.deepEqual(await rig.top(made, { times: true }), layer);
    const warnings = rig.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    assert.equal(warnings.length, warns ? 1 : 0);
    if (warns) assert.match(warnings[0]!, warns);
  });

const long: Readonly<Record<string, readonly [path: string, reason: string | undefined]>> = {
  'a name of 255 bytes': [`/${'n'.repeat(255)}`, undefined],
  'a name of 256 bytes': [`/a/${'n'.repeat(256)}/b`, 'copy-path-too-long'],
  'a name of 256 bytes in 128 characters': [`/${'é'.repeat(128)}`, 'copy-path-too-long'],
  'a path of 4095 bytes': [`/${'d/'.repeat(2046)}dd`, undefined],
  'a path of 4096 bytes': [`/${'d/'.repeat(2046)}ddd`, 'copy-path-too-long'],
};
for (const [title, [path, reason]] of Object.entries(long))
  test(`a directory with ${title} ${reason === undefined ? 'is made' : 'cannot be made'}`, async () => {
    await using rig = await OpRig.open();
    assert.equal(await rig.reason({ op: op(path) }, [await rig.snapshot([])]), reason);
  });

test('a directory where a file is cannot be made', async () => {
  await using rig = await OpRig.open();
  const base = await rig.snapshot([input('a', '')]);
  assert.equal(await rig.reason({ op: op('/a/b') }, [base]), 'copy-onto-non-directory');
});

const keys: readonly [title: string, other: MakeDirectoryOp, isSame: boolean][] = [
  ['nothing', op('/a'), true],
  ['the path', op('/b'), false],
  ['the user', op('/a', { user: '1' }), false],
  ['the time', op('/a', { mtime: 6 }), false],
  ['the epoch', op('/a', { epoch: 6 }), false],
];
for (const [title, other, isSame] of keys)
  test(`the key of a directory knows ${title}`, async () => {
    await using rig = await OpRig.open();
    const base = await rig.snapshot([input('f', '')]);
    assert.equal((await rig.key({ op: op('/a') }, base)) === (await rig.key({ op: other }, base)), isSame);
  });
