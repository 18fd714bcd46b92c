import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeText } from '../../../src/context/source-date-epoch.ts';
import type { FailuresError } from '../../../src/result.ts';
import { lastOp, lowerText } from '../../support/lower-text.ts';

const text = `FROM base
WORKDIR /w
COPY a /made/a
RUN one
ARG SOURCE_DATE_EPOCH
RUN two
`;
const given = (epoch: number) => ({ buildArgs: { SOURCE_DATE_EPOCH: `${epoch}` }, epoch });

test('SOURCE_DATE_EPOCH is when the image and its own history were created; the past of the base stays', () => {
  const { created } = lowerText(text, given(86_400));
  assert.deepEqual(created, ['1970-01-02T00:00:00Z', undefined, ...Array(5).fill('1970-01-02T00:00:00Z')]);
});

test('without it, images were created in 1970: an image of equal sources is equal, whoever built it and when', () => {
  assert.deepEqual(new Set(lowerText(text).created), new Set(['1970-01-01T00:00:00Z', undefined]));
});

test('SOURCE_DATE_EPOCH reaches a RUN behind its ARG, as any build argument does', () => {
  const { ops } = lowerText(text, given(5));
  const variables = ops.flatMap((op) =>
    op.kind === 'exec' ? [op.env.filter((pair) => pair.startsWith('SOURCE'))] : [],
  );
  assert.deepEqual(variables, [[], ['SOURCE_DATE_EPOCH=5']]);
});

test('SOURCE_DATE_EPOCH is part of every step that makes a layer', () => {
  const lowered = lowerText(text, given(5));
  for (const kind of ['exec', 'copy', 'make-directory'] as const) assert.equal(lastOp(lowered, kind).epoch, 5, kind);
  assert.equal(lastOp(lowered, 'copy').mtime, 5);
  assert.equal(lastOp(lowered, 'make-directory').mtime, 5);
});

const defaults: [title: string, above: string, buildArgs: Record<string, string>, epoch: number | undefined][] = [
  ['its default above FROM', 'ARG SOURCE_DATE_EPOCH=5\n', {}, 5],
  ['a default with a variable', 'ARG X=8\nARG SOURCE_DATE_EPOCH=${X}6400\n', {}, 86_400],
  ['a default with a given variable', 'ARG X=8\nARG SOURCE_DATE_EPOCH=${X}6400\n', { X: '1' }, 16_400],
  ['the last default', 'ARG SOURCE_DATE_EPOCH=5\nARG SOURCE_DATE_EPOCH=6\n', {}, 6],
  ['the argument, whatever the default', 'ARG SOURCE_DATE_EPOCH=x\n', { SOURCE_DATE_EPOCH: '7' }, 7],
  ['none where an empty one is given', 'ARG SOURCE_DATE_EPOCH=5\n', { SOURCE_DATE_EPOCH: '' }, undefined],
  ['none of an empty default', 'ARG SOURCE_DATE_EPOCH=\n', {}, undefined],
  ['none of a directory', 'ARG SOURCE_DATE_EPOCH=context\n', {}, undefined],
  ['none of a line without a default', 'ARG SOURCE_DATE_EPOCH\n', {}, undefined],
];
for (const [title, above, buildArgs, epoch] of defaults) {
  test(`SOURCE_DATE_EPOCH is ${title}`, () => {
    const lowered = lowerText(`${above}${text}`, { buildArgs });
    assert.equal(lastOp(lowered, 'copy').epoch, epoch);
    assert.equal(lowered.created[0], timeText(epoch ?? 0));
    const { ops } = lowered;
    const seen = ops.flatMap((op) => (op.kind === 'exec' ? op.env.filter((pair) => pair.startsWith('SOURCE')) : []));
    assert.deepEqual(seen, epoch === undefined ? [] : [`SOURCE_DATE_EPOCH=${epoch}`]);
  });
}

test('a default in a stage is the value of a variable, and no time of the image', () => {
  const lowered = lowerText('FROM base\nARG SOURCE_DATE_EPOCH=5\nRUN one\n', { buildArgs: { SOURCE_DATE_EPOCH: '' } });
  assert.deepEqual([lowered.created[0], lastOp(lowered, 'exec').epoch], [timeText(0), undefined]);
  assert.ok(lastOp(lowered, 'exec').env.includes('SOURCE_DATE_EPOCH=5'));
});

for (const word of ['yesterday', 'none', '-1', '1.5']) {
  test(`a default SOURCE_DATE_EPOCH=${word} is refused where it stands`, () => {
    const failing = () => lowerText(`FROM scratch AS one\n${text}`.replace(/^/, `ARG SOURCE_DATE_EPOCH=${word}\n`));
    assert.throws(failing, ({ failures }: FailuresError) => {
      assert.deepEqual(
        failures.map(({ reason, at }) => [reason, at?.line]),
        [['invalid-epoch', 1]],
      );
      return true;
    });
  });
}
