/** COPY from another stage or image, over real layers. What of a context is copied is in test/context/. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CopyOp } from '../../../src/engine/op/op-definition.ts';
import type { LayerInput } from '../../../src/layer/layer-input.ts';
import { directory, hardlink, input, symlink, whiteout } from '../../layer/entries.ts';
import { OpRig } from './op-rig.ts';

const copy = (patterns: readonly string[], destination: string, more: Partial<CopyOp> = {}): CopyOp => ({
  kind: 'copy',
  source: { type: 'input' },
  patterns,
  inline: [],
  destination,
  exclude: [],
  link: false,
  parents: false,
  unpack: false,
  mtime: 5,
  ...more,
});

/** What is copied from. Times are 1000 and more, those of the operation 5. */
const source: readonly LayerInput[] = [
  directory('d', { mode: 0o750, uid: 7, gid: 8, mtime: 1000 }),
  input('d/a', 'A', { mode: 0o4755, uid: 1, gid: 2, mtime: 1001 }),
  directory('d/sub', { mtime: 1002 }),
  input('d/sub/b', 'B', { mtime: 1003 }),
  input('f', 'F', { mode: 0o600, uid: 3, gid: 4, mtime: 1004 }),
  symlink('to-f', 'f'),
  hardlink('hard', 'f'),
];

interface Case {
  readonly base?: readonly LayerInput[];
  readonly op: CopyOp;
  /** The layer it makes. */
  readonly layer: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  'a file to a name: owner, mode and all': { op: copy(['f'], '/new'), layer: ['new 600 3:4 F'] },
  'a file into a directory that is named': {
    op: copy(['f'], '/new/'),
    layer: ['new/ 755 0:0', 'new/f 600 3:4 F'],
  },
  'a file into a directory that is there': {
    base: [directory('new', { mode: 0o700, uid: 9 })],
    op: copy(['f'], '/new'),
    layer: ['new/ 700 9:0', 'new/f 600 3:4 F'],
  },
  'what a directory holds, not the directory': {
    op: copy(['d'], '/new'),
    layer: ['new/ 755 0:0', 'new/a 4755 1:2 A', 'new/sub/ 755 0:0', 'new/sub/b 644 0:0 B'],
  },
  'a file by a link, as the file': { op: copy(['to-f'], '/new'), layer: ['new 600 3:4 F'] },
  'several by a pattern': {
    op: copy(['d/*'], '/x/'),
    layer: ['x/ 755 0:0', 'x/a 4755 1:2 A', 'x/b 644 0:0 B'],
  },
  'without what is left out': {
    op: copy(['d'], '/x/', { exclude: ['sub'] }),
    layer: ['x/ 755 0:0', 'x/a 4755 1:2 A'],
  },
  'with the path it has': {
    op: copy(['d/sub/b'], '/x/', { parents: true }),
    layer: ['x/ 755 0:0', 'x/d/ 750 7:8', 'x/d/sub/ 755 0:0', 'x/d/sub/b 644 0:0 B'],
  },
  'to another owner': {
    op: copy(['d/a'], '/x/a', { chown: '11:12' }),
    layer: ['x/ 755 11:12', 'x/a 4755 11:12 A'],
  },
  'with another mode': { op: copy(['f'], '/new', { chmod: '0640' }), layer: ['new 640 3:4 F'] },
  'text of the Dockerfile': {
    op: copy([], '/x/', { inline: [{ name: 'text', content: 'T' }] }),
    layer: ['x/ 755 0:0', 'x/text 644 0:0 T'],
  },
  'over a file: what was there is gone': {
    base: [input('new', 'old', { mode: 0o777, uid: 5 })],
    op: copy(['f'], '/new'),
    layer: ['new 600 3:4 F'],
  },
  'through a link of the base': {
    base: [directory('real'), symlink('link', 'real')],
    op: copy(['f'], '/link/new'),
    layer: ['real/ 755 0:0', 'real/new 600 3:4 F'],
  },
  'a link of the base that leads out leads nowhere': {
    base: [symlink('link', '../../../../elsewhere')],
    op: copy(['f'], '/link/new'),
    layer: ['elsewhere/ 755 0:0', 'elsewhere/new 600 3:4 F'],
  },
  '--link does not look at the base': {
    base: [directory('new', { mode: 0o700, uid: 9 })],
    op: copy(['f'], '/new/', { link: true }),
    layer: ['new/ 755 0:0', 'new/f 600 3:4 F'],
  },
};
for (const [title, { base = [], op, layer }] of Object.entries(cases))
  test(`copied is ${title}`, async () => {
    await using rig = await OpRig.open();
    const [below, from] = [await rig.snapshot(base), await rig.snapshot(source)];
    const made = await rig.exec({ op }, [below, from]);
    assert.equal(made.layers.length, 2);
    assert.deepEqual(made.layers[0], below.layers[0]);
    assert.deepEqual(await rig.top(made), layer);
  });

test('hard links of the source are one file still', async () => {
  await using rig = await OpRig.open();
  const made = await rig.exec({ op: copy(['.'], '/x/') }, [await rig.snapshot([]), await rig.snapshot(source)]);
  const tree = await rig.layers.tree(made, new AbortController().signal);
  assert.deepEqual(tree.names('x/f'), ['x/f', 'x/hard']);
});

test('a file that is gone in a layer above is not there to copy', async () => {
  await using rig = await OpRig.open();
  const from = await rig.snapshot([whiteout('f')], await rig.snapshot(source));
  assert.equal(await rig.reason({ op: copy(['f'], '/x') }, [await rig.snapshot([]), from]), 'copy-source-missing');
  assert.equal(await rig.reason({ op: copy(['hard'], '/x') }, [await rig.snapshot([]), from]), undefined);
});

test('nothing is newer than the epoch', async () => {
  await using rig = await OpRig.open();
  const inputs = [await rig.snapshot([]), await rig.snapshot(source)];
  const times = async (epoch?: number) => {
    const made = await rig.exec({ op: copy(['d/a'], '/x/a', { epoch, mtime: epoch ?? 5 }) }, inputs);
    return (await rig.top(made, { times: true })).map((line) => /@(\d+)/.exec(line)![1]);
  };
  assert.deepEqual(await times(), ['5', '1001']);
  assert.deepEqual(await times(900), ['900', '900']);
});

test('a copy is the same layer each time', async () => {
  await using rig = await OpRig.open();
  const inputs = [await rig.snapshot([]), await rig.snapshot(source)];
  const [one, other] = [
    await rig.exec({ op: copy(['.'], '/x/') }, inputs),
    await rig.exec({ op: copy(['.'], '/x/') }, inputs),
  ];
  assert.equal(one.layers[1]!.diffID, other.layers[1]!.diffID);
});

const refused: Readonly<Record<string, readonly [base: readonly LayerInput[], op: CopyOp, reason: string]>> = {
  'what is not there': [[], copy(['nothing'], '/x'), 'copy-source-missing'],
  'a directory onto a file': [[input('x', '')], copy(['d'], '/x/y'), 'copy-onto-non-directory'],
  'to an owner that the image does not know': [[], copy(['f'], '/x', { chown: 'nobody-here' }), 'unknown-owner'],
};
for (const [title, [base, op, reason]] of Object.entries(refused))
  test(`not copied is ${title}: ${reason}`, async () => {
    await using rig = await OpRig.open();
    assert.equal(await rig.reason({ op }, [await rig.snapshot(base), await rig.snapshot(source)]), reason);
  });

const one = copy(['d'], '/x');
const keys: readonly [title: string, other: CopyOp, from: readonly LayerInput[], isSame: boolean][] = [
  ['nothing else', one, source, true],
  ['the destination', copy(['d'], '/y'), source, false],
  ['an owner', copy(['d'], '/x', { chown: '1' }), source, false],
  ['a mode', copy(['d'], '/x', { chmod: '600' }), source, false],
  ['what is left out', copy(['d'], '/x', { exclude: ['sub'] }), source, false],
  ['--link', copy(['d'], '/x', { link: true }), source, false],
  ['text', copy(['d'], '/x', { inline: [{ name: 'a', content: 'x' }] }), source, false],
  [
    'the content of what is copied',
    one,
    [...source.filter(({ path }) => path !== 'd/a'), input('d/a', 'other', { mode: 0o4755, uid: 1, gid: 2 })],
    false,
  ],
  [
    'the mode of what is copied',
    one,
    [...source.filter(({ path }) => path !== 'd/a'), input('d/a', 'A', { mode: 0o755, uid: 1, gid: 2 })],
    false,
  ],
  ['a file more', one, [...source, input('d/c', '')], false],
  ['what is not copied', one, [...source, input('elsewhere', '')], true],
];
for (const [title, other, from, isSame] of keys)
  test(`the key of a copy ${isSame ? 'stays the same with' : 'knows'} ${title}`, async () => {
    await using rig = await OpRig.open();
    const below = await rig.snapshot([]);
    const [before, after] = [await rig.snapshot(source), await rig.snapshot(from)];
    assert.equal((await rig.key({ op: one }, below, before)) === (await rig.key({ op: other }, below, after)), isSame);
  });
