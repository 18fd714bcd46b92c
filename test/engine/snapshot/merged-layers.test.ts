/** Several layers made one: what is seen stays the same, on anything that is below. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LayerInput } from '../../../src/layer/layer-input.ts';
import { directory, hardlink, input, symlink, whiteout } from '../../layer/entries.ts';
import { OpRig } from '../op/op-rig.ts';

const signal = new AbortController().signal;

/** Layers, how many of them stay, and the one that the others become. */
const cases: Readonly<
  Record<
    string,
    { readonly layers: readonly (readonly LayerInput[])[]; readonly from: number; readonly merged: readonly string[] }
  >
> = {
  'the last content of a file': {
    layers: [[input('a', '1')], [input('a', '2')], [input('a', '3')]],
    from: 1,
    merged: ['a 644 0:0 3'],
  },
  'a file that came and went is in none': { layers: [[input('a', '1')], [whiteout('a')]], from: 0, merged: [] },
  'a file of the base that is gone': {
    layers: [[input('a', '1'), input('b', '1')], [input('a', '2')], [whiteout('a')]],
    from: 1,
    merged: ['-a'],
  },
  'a file that went and came again': {
    layers: [[input('a', '1')], [whiteout('a')], [input('a', '2')]],
    from: 1,
    merged: ['a 644 0:0 2'],
  },
  'a directory that went and came again has nothing of the old one': {
    layers: [
      [directory('d'), input('d/x', 'x'), directory('d/y')],
      [whiteout('d')],
      [directory('d'), input('d/z', 'z')],
    ],
    from: 1,
    merged: ['-d/x', '-d/y', 'd/ 755 0:0', 'd/z 644 0:0 z'],
  },
  'a directory in the place of a file, and a file in that of a directory': {
    layers: [
      [input('a', 'a'), directory('b'), input('b/c', 'c')],
      [directory('a'), input('a/x', 'x')],
      [whiteout('b')],
      [input('b', 'b')],
    ],
    from: 1,
    merged: ['a/ 755 0:0', 'a/x 644 0:0 x', 'b 644 0:0 b'],
  },
  'a mode alone': {
    layers: [[directory('d'), input('d/x', 'x')], [directory('d', { mode: 0o700 })], [input('y', 'y')]],
    from: 1,
    merged: ['d/ 700 0:0', 'y 644 0:0 y'],
  },
  'names of one file stay one': {
    layers: [[input('x', 'x')], [input('a', 'a'), hardlink('b', 'a')], [input('c', 'c')]],
    from: 1,
    merged: ['a 644 0:0 a', 'b = a', 'c 644 0:0 c'],
  },
  'a link, as it is': {
    layers: [[symlink('l', '/nowhere')], [input('a', 'a')]],
    from: 0,
    merged: ['a 644 0:0 a', 'l -> /nowhere'],
  },
};

for (const [what, { layers, from, merged }] of Object.entries(cases)) {
  test(what, async () => {
    await using rig = await OpRig.open();
    let stack = await rig.snapshot(layers[0]!);
    for (const layer of layers.slice(1)) stack = await rig.snapshot(layer, stack);
    const groups = [...Array<number>(from).fill(1), layers.length - from];
    const made = await rig.exec({ op: { kind: 'squash', groups } }, [stack]);
    assert.equal(made.layers.length, from + 1);
    assert.deepEqual(made.layers.slice(0, from), stack.layers.slice(0, from));
    assert.deepEqual(await rig.tree(made), await rig.tree(stack));
    const [top] = made.layers.slice(-1);
    const lines = [];
    for await (const entry of rig.layers.merged(stack, from, signal)) {
      if (entry.type === 'whiteout') lines.push(`-${entry.path}`);
      else if (entry.type === 'hardlink') lines.push(`${entry.path} = ${entry.target}`);
      else if (entry.type === 'symlink') lines.push(`${entry.path} -> ${entry.target}`);
      else {
        const text = entry.type === 'file' ? ` ${await contentOf(rig, made, entry.path)}` : '';
        lines.push(
          `${entry.path}${entry.type === 'directory' ? '/' : ''} ${entry.mode.toString(8)} ${entry.uid}:${entry.gid}${text}`,
        );
      }
    }
    assert.deepEqual(lines.sort(), [...merged].sort());
    assert.ok(top);
  });
}

async function contentOf(rig: OpRig, snapshot: Parameters<OpRig['tree']>[0], path: string): Promise<string> {
  const line = (await rig.tree(snapshot)).find((one) => one.startsWith(`${path} `)) ?? '';
  return line.split(' ').slice(3).join(' ');
}

test('any layers, merged in any way, show the same files, and twice the same bytes', async () => {
  await using rig = await OpRig.open();
  const names = ['a', 'b', 'd/a', 'd/b', 'd/e/a'];
  const change = fc.record({
    path: fc.constantFrom(...names),
    kind: fc.constantFrom('file', 'directory', 'symlink', 'whiteout'),
    mark: fc.integer({ min: 0, max: 3 }),
  });
  const layer = fc.uniqueArray(change, { maxLength: 4, selector: ({ path }) => path });
  await fc.assert(
    fc.asyncProperty(fc.array(layer, { minLength: 2, maxLength: 4 }), fc.nat({ max: 3 }), async (changes, seed) => {
      const from = seed % changes.length;
      let stack = { layers: [] as Awaited<ReturnType<OpRig['snapshot']>>['layers'] };
      for (const one of changes) stack = { layers: (await rig.snapshot(entriesOf(one), stack)).layers };
      const groups = [...Array<number>(from).fill(1), changes.length - from];
      const made = await rig.exec({ op: { kind: 'squash', groups } }, [stack]);
      assert.deepEqual(await rig.tree(made), await rig.tree(stack));
      const again = await rig.exec({ op: { kind: 'squash', groups } }, [stack]);
      assert.deepEqual(again.layers.at(-1)?.diffID, made.layers.at(-1)?.diffID);
    }),
    { numRuns: 150 },
  );
});

/** Parents come along where something is inside; what is inside of no directory is left out. */
function entriesOf(changes: readonly { path: string; kind: string; mark: number }[]): readonly LayerInput[] {
  const entries = new Map<string, LayerInput>();
  const others = new Set(changes.filter(({ kind }) => kind !== 'directory').map(({ path }) => path));
  for (const { path, kind, mark } of changes) {
    const parents = path
      .split('/')
      .slice(0, -1)
      .map((_, at, all) => all.slice(0, at + 1).join('/'));
    if (parents.some((parent) => others.has(parent))) continue;
    for (const parent of parents)
      if (!entries.has(parent)) entries.set(parent, directory(parent, { mode: 0o750 + mark }));
    if (kind === 'file') entries.set(path, input(path, `${mark}`));
    else if (kind === 'symlink') entries.set(path, symlink(path, `${mark}`));
    else if (kind === 'whiteout') entries.set(path, whiteout(path));
    else entries.set(path, directory(path, { mode: 0o700 + mark }));
  }
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
