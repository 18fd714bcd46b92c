import assert from 'node:assert/strict';
import test from 'node:test';
import { parseTrigger } from '../../src/dockerfile/trigger.ts';
import { bare, instructionOf } from './marked.ts';
import { reasonsIn, valueIn } from './outcome.ts';

const triggers: [written: string][] = [
  ['RUN make'],
  ['COPY --from=x a /b/'],
  ['ADD ["a b", "c"]'],
  ['ENV a=b c="d e"'],
  ['RUN --mount=type=cache,target=/x make'],
  ['COPY <<-A <<B /d/\n\t\ta\n\tA\nb\nB'],
  ["RUN python3 <<'E'\nprint(1)\nE"],
];
for (const [written] of triggers) {
  test(`parseTrigger() reads what ONBUILD stores of ${JSON.stringify(written)}`, () => {
    const onbuild = instructionOf(`ONBUILD ${written}\n`);
    assert.ok(onbuild.keyword === 'ONBUILD');
    assert.deepEqual(bare(valueIn(parseTrigger(onbuild.trigger, 'a trigger'))), bare(onbuild.instruction));
  });
}

test('parseTrigger() reads a backslash as the escape character, and says where it is', () => {
  const instruction = valueIn(parseTrigger('ENV a=b\\ c', 'ONBUILD of x'));
  assert.ok(instruction.keyword === 'ENV');
  assert.equal(instruction.pairs[0]?.value, 'b\\ c');
  assert.deepEqual(instruction.at, { file: 'ONBUILD of x', line: 1, column: 1, offset: 0, length: 10 });
});

const wrong: [trigger: string, reason: string][] = [
  ['', 'trigger-not-one-instruction'],
  ['# a comment', 'trigger-not-one-instruction'],
  ['RUN a\nRUN b', 'trigger-not-one-instruction'],
  ['FROM a', 'invalid-trigger'],
  ['MAINTAINER a', 'invalid-trigger'],
  ['ONBUILD RUN a', 'invalid-trigger'],
  ['RNU a', 'unknown-instruction'],
  ['RUN <<E\na', 'unterminated-heredoc'],
];
for (const [trigger, reason] of wrong) {
  test(`parseTrigger() refuses ${JSON.stringify(trigger)}`, () => {
    assert.deepEqual(reasonsIn(parseTrigger(trigger, 'a trigger')), [reason]);
  });
}
