import assert from 'node:assert/strict';
import { test } from 'node:test';
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
