import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBuildArguments } from '../../src/cli/build-arguments.ts';

const env = { FROM_ENV: 'x' };
const good: [title: string, words: string[], want: unknown][] = [
  ['nothing', [], { buildArgs: {} }],
  ['after a space', ['--build-arg', 'A=b'], { buildArgs: { A: 'b' } }],
  ['after =', ['--build-arg=A=b=c'], { buildArgs: { A: 'b=c' } }],
  ['an empty value', ['--build-arg', 'A='], { buildArgs: { A: '' } }],
  ['the last one wins', ['--build-arg=A=1', '--build-arg', 'A=2'], { buildArgs: { A: '2' } }],
  ['a name takes the environment', ['--build-arg', 'FROM_ENV'], { buildArgs: { FROM_ENV: 'x' } }],
  ['a name that the environment lacks is left out', ['--build-arg', 'GONE'], { buildArgs: {} }],
  ['a target', ['--target', 'run', '--build-arg=A=1'], { buildArgs: { A: '1' }, target: 'run' }],
  ['the last target wins', ['--target=a', '--target=b'], { buildArgs: {}, target: 'b' }],
];
for (const [title, words, want] of good) {
  test(`build arguments: ${title}: ${words.join(' ')}`, () => {
    assert.deepEqual(parseBuildArguments(words, env, ['REGISTRY']), { ok: true, value: want });
  });
}

const epochs: [title: string, words: string[], env: Record<string, string>, want: unknown][] = [
  ['of the environment', [], { SOURCE_DATE_EPOCH: '5' }, { SOURCE_DATE_EPOCH: '5' }],
  ['as an argument', ['--build-arg=SOURCE_DATE_EPOCH=5'], {}, { SOURCE_DATE_EPOCH: '5' }],
  [
    'as both: the argument',
    ['--build-arg=SOURCE_DATE_EPOCH=5'],
    { SOURCE_DATE_EPOCH: '6' },
    { SOURCE_DATE_EPOCH: '5' },
  ],
  ['as a name alone', ['--build-arg=SOURCE_DATE_EPOCH'], { SOURCE_DATE_EPOCH: '6' }, { SOURCE_DATE_EPOCH: '6' }],
  ['empty in the environment', [], { SOURCE_DATE_EPOCH: '' }, {}],
  [
    'empty as an argument, against the environment',
    ['--build-arg=SOURCE_DATE_EPOCH='],
    { SOURCE_DATE_EPOCH: '6' },
    { SOURCE_DATE_EPOCH: '' },
  ],
  ['0', [], { SOURCE_DATE_EPOCH: '0' }, { SOURCE_DATE_EPOCH: '0' }],
  ['a word', [], { SOURCE_DATE_EPOCH: 'now' }, { SOURCE_DATE_EPOCH: 'now' }],
  [
    'a word as an argument',
    ['--build-arg=SOURCE_DATE_EPOCH=stage'],
    { SOURCE_DATE_EPOCH: '6' },
    { SOURCE_DATE_EPOCH: 'stage' },
  ],
  ['of a directory', ['--build-arg=SOURCE_DATE_EPOCH=context'], {}, { SOURCE_DATE_EPOCH: 'context' }],
  ['of a directory in the environment', [], { SOURCE_DATE_EPOCH: 'context' }, { SOURCE_DATE_EPOCH: 'context' }],
  ['with a blank', [], { SOURCE_DATE_EPOCH: ' 5' }, undefined],
  ['before 1970', [], { SOURCE_DATE_EPOCH: '-1' }, undefined],
  ['a part of a second', [], { SOURCE_DATE_EPOCH: '1.5' }, undefined],
  ['a date that no calendar has', [], { SOURCE_DATE_EPOCH: '999999999999' }, undefined],
];
for (const [title, words, given, want] of epochs) {
  test(`SOURCE_DATE_EPOCH ${title}: ${JSON.stringify(want) ?? 'refused'}`, () => {
    const parsed = parseBuildArguments(words, given, []);
    if (parsed.ok) assert.deepEqual(parsed.value, { buildArgs: want });
    else
      assert.deepEqual([want, parsed.failure.map(({ reason }) => reason)], [undefined, ['invalid-source-date-epoch']]);
  });
}

const bad: [title: string, words: string[], reasons: string[]][] = [
  ['unknown option', ['--squash'], ['unknown-build-argument']],
  ['bare word', ['.'], ['unknown-build-argument']],
  ['another dash', ['--build-args=A=1'], ['unknown-build-argument']],
  ['no value', ['--build-arg'], ['invalid-build-argument']],
  ['no name', ['--build-arg', '=x'], ['invalid-build-argument']],
  ['a name with a dash', ['--build-arg', 'A-B=x'], ['invalid-build-argument']],
  ['REGISTRY is not theirs to set', ['--build-arg', 'REGISTRY=x'], ['invalid-build-argument']],
  [
    'all of them',
    ['x', '--target=', '--build-arg=1=2'],
    ['unknown-build-argument', 'invalid-build-argument', 'invalid-build-argument'],
  ],
];
for (const [title, words, reasons] of bad) {
  test(`build arguments: ${title}: ${words.join(' ')}`, () => {
    const parsed = parseBuildArguments(words, env, ['REGISTRY']);
    assert.ok(!parsed.ok);
    assert.deepEqual(
      parsed.failure.map(({ reason }) => reason),
      reasons,
    );
  });
}

test('build arguments: REGISTRY is one like others where no project sets it', () => {
  const parsed = parseBuildArguments(['--build-arg', 'REGISTRY=x'], env, []);
  assert.deepEqual(parsed, { ok: true, value: { buildArgs: { REGISTRY: 'x' } } });
});
