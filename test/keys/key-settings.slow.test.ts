/** What is given to a build besides its sources, and whether it must change a key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildThreeWays, type ThreeWaysOptions } from './three-ways.ts';
import type { Entries } from './tree.ts';

const plain: Entries = { Dockerfile: 'FROM scratch\nCOPY f /f\n', f: 'f' };
const withArg: Entries = { Dockerfile: 'FROM scratch\nARG A\nENV B=$A\n' };
const stages: Entries = { Dockerfile: 'FROM scratch AS a\nENV A=a\nFROM scratch AS b\nENV A=b\nFROM scratch\n' };
const epoch = (time: string) => ({ SOURCE_DATE_EPOCH: time });
const arg = (value: string) => ['--build-arg', value];

const rows: readonly [title: string, key: 'changes' | 'stays', entries: Entries, options: ThreeWaysOptions][] = [
  [
    'SOURCE_DATE_EPOCH of the environment',
    'changes',
    plain,
    { env: epoch('1600000000'), envAfter: epoch('1500000000') },
  ],
  [
    'SOURCE_DATE_EPOCH as a build argument',
    'changes',
    plain,
    { args: arg('SOURCE_DATE_EPOCH=1600000000'), argsAfter: arg('SOURCE_DATE_EPOCH=1500000000') },
  ],
  [
    'SOURCE_DATE_EPOCH as a build argument instead of in the environment',
    'stays',
    plain,
    { env: epoch('1600000000'), args: [], argsAfter: arg('SOURCE_DATE_EPOCH=1600000000') },
  ],
  ['a build argument in use', 'changes', withArg, { args: arg('A=a'), argsAfter: arg('A=b') }],
  ['a build argument in use is given no more', 'changes', withArg, { args: arg('A=a'), argsAfter: [] }],
  ['a build argument that nobody declares', 'stays', plain, { args: arg('A=a'), argsAfter: arg('A=b') }],
  ['a proxy', 'stays', plain, { args: arg('HTTP_PROXY=http://a:1'), argsAfter: arg('HTTP_PROXY=http://b:1') }],
  ['another target', 'changes', stages, { args: ['--target', 'a'], argsAfter: ['--target', 'b'] }],
  ['a variable of the environment that nobody declares', 'stays', plain, { env: { A: 'a' }, envAfter: { A: 'b' } }],
];

for (const [title, key, before, options] of rows) {
  test(`${key}: ${title}`, async () => {
    const verdict = (await buildThreeWays([{ id: 'image', before, edit: {} }], options)).get('image')!;
    const { before: old, cached, uncached, fresh, changed } = verdict;
    assert.ok(old !== undefined && fresh !== undefined, `it does not build: ${JSON.stringify(verdict)}`);
    assert.deepEqual({ cached, uncached }, { cached: fresh, uncached: fresh });
    assert.deepEqual({ changed, sameImage: old === fresh }, { changed: key === 'changes', sameImage: key === 'stays' });
  });
}
