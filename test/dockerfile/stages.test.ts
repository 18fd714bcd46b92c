import assert from 'node:assert/strict';
import test from 'node:test';
import { findStage, stagesNeededBy } from '../../src/dockerfile/stages.ts';
import { parsed } from './marked.ts';
import { reasonsIn, valueIn } from './outcome.ts';

const file = parsed('FROM a AS Base\nFROM b\nFROM base AS final\nFROM c AS 2nd\n'.replace('2nd', 'second'));

const found: [asked: string | undefined, index: number][] = [
  [undefined, 3],
  ['base', 0],
  ['BASE', 0],
  ['final', 2],
  ['0', 0],
  ['1', 1],
  ['3', 3],
];
for (const [asked, index] of found) {
  test(`findStage() finds ${asked ?? 'the last one'}`, () =>
    assert.equal(valueIn(findStage(file, asked)).index, index));
}

const unknown: [asked: string, hint: string][] = [
  ['finel', 'did you mean final?'],
  ['BASR', 'did you mean base?'],
  ['banana', 'its stages are: base, final, second'],
  ['4', 'its stages are: base, final, second'],
  ['-1', 'its stages are: base, final, second'],
];
for (const [asked, hint] of unknown) {
  test(`findStage() does not find ${asked}`, () => {
    const result = findStage(file, asked);
    assert.deepEqual(result.ok ? [] : result.failure.map((failure) => [failure.reason, failure.hint]), [
      ['unknown-stage', hint],
    ]);
  });
}

test('findStage() finds the last of two stages with one name', () => {
  assert.equal(valueIn(findStage(parsed('FROM a AS x\nFROM b AS x\nFROM c'), 'x')).index, 1);
});

const needed: [title: string, text: string, want: readonly number[]][] = [
  ['itself only', 'FROM a AS x\nFROM b', [1]],
  ['its base', 'FROM a AS x\nFROM b AS y\nFROM X', [0, 2]],
  ['its base, by a variable', 'FROM a AS x\nFROM b AS y\nFROM ${V}', [1, 2]],
  ['what its base needs', 'FROM a AS x\nFROM x AS y\nFROM c AS z\nFROM y', [0, 1, 3]],
  ['what COPY names', 'FROM a AS x\nFROM b AS y\nFROM c\nCOPY --from=y p q', [1, 2]],
  ['what COPY counts', 'FROM a AS x\nFROM b AS y\nFROM c\nCOPY --from=0 p q', [0, 2]],
  ['what COPY names by a variable', 'FROM a AS x\nFROM b AS y\nFROM c\nCOPY --from=$V p q', [1, 2]],
  ['no image that COPY names', 'FROM a AS x\nFROM c\nCOPY --from=img p q', [1]],
  ['what a mount names', 'FROM a AS x\nFROM b\nRUN --mount=from=x,target=/m y', [0, 1]],
  ['no stage that a mount counts', 'FROM a AS x\nFROM b\nRUN --mount=from=0,target=/m y', [1]],
  ['what a trigger of its base names', 'FROM a AS x\nFROM b AS y\nONBUILD COPY --from=x p q\nFROM y', [0, 1, 2]],
  ['not what its own trigger names', 'FROM a AS x\nFROM b\nONBUILD COPY --from=x p q', [1]],
  [
    'not what a trigger further down names',
    'FROM a AS x\nFROM b AS y\nONBUILD COPY --from=x p q\nFROM y AS z\nFROM z',
    [0, 1, 2, 3],
  ],
  ['the last stage above with that name', 'FROM a AS x\nFROM b AS x\nFROM x AS x', [1, 2]],
  ['no later stage as base', 'FROM later\nFROM b AS later', [1]],
];
for (const [title, text, want] of needed) {
  test(`stagesNeededBy() finds ${title}`, () => {
    const dockerfile = parsed(text);
    const target = valueIn(findStage(dockerfile, undefined));
    const resolve = (value: string) => value.replace(/\$\{?V\}?/, 'y');
    assert.deepEqual(
      valueIn(stagesNeededBy(dockerfile, target, { resolve })).map(({ index }) => index),
      want,
    );
  });
}

test('stagesNeededBy() takes the name of a later stage in FROM for an image', () => {
  const dockerfile = parsed('FROM later\nFROM b AS later');
  const target = valueIn(findStage(dockerfile, '0'));
  assert.deepEqual(
    valueIn(stagesNeededBy(dockerfile, target, { resolve: (value) => value })).map(({ index }) => index),
    [0],
  );
});

const wrong: [title: string, text: string, target: string, lines: readonly number[]][] = [
  ['a later stage', 'FROM a AS x\nCOPY --from=y p q\nFROM b AS y', 'x', [2]],
  ['the stage itself', 'FROM a AS x\nCOPY --from=x p q', 'x', [2]],
  ['the stage itself, by index', 'FROM a AS x\nCOPY --from=0 p q', 'x', [2]],
  ['an index that is too large', 'FROM a AS x\nFROM b AS y\nCOPY --from=7 p q', 'y', [3]],
  ['a later stage in a mount', 'FROM a AS x\nRUN --mount=from=y,target=/m p\nFROM b AS y', 'x', [2]],
  ['nothing wrong where it is not needed', 'FROM a AS x\nCOPY --from=y p q\nFROM b AS y', 'y', []],
];
for (const [title, text, target, lines] of wrong) {
  test(`stagesNeededBy() refuses ${title}`, () => {
    const dockerfile = parsed(text);
    const result = stagesNeededBy(dockerfile, valueIn(findStage(dockerfile, target)), { resolve: (value) => value });
    assert.deepEqual(
      reasonsIn(result),
      lines.map(() => 'stage-not-before'),
    );
    assert.deepEqual(result.ok ? [] : result.failure.map(({ at }) => at?.line), lines);
  });
}

test('stagesNeededBy() leaves out what cannot be resolved', () => {
  const dockerfile = parsed('FROM a AS x\nFROM ${X}\nCOPY --from=$Y p q');
  const target = valueIn(findStage(dockerfile, undefined));
  assert.deepEqual(valueIn(stagesNeededBy(dockerfile, target, { resolve: () => undefined })), [target]);
});
