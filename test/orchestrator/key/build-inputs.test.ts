import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../../src/oci/digest.ts';
import { comparableKey, formatBuildInputs, parseBuildInputs } from '../../../src/orchestrator/key/build-inputs.ts';
import { keyChanges } from '../../../src/orchestrator/key/key-change.ts';
import { before, cases } from './key-change-cases.ts';

for (const [title, was, now, want] of cases) {
  test(`what travelled with an image tells ${title}, but for arguments`, () => {
    const travelled = parseBuildInputs(formatBuildInputs(was))!;
    const told = want
      .filter(({ code }) => code !== 'argument-changed')
      // Where it stood doesn't travel.
      .map((change) => {
        if (change.code !== 'instruction-removed') return change;
        const { line: _, ...rest } = change;
        return rest;
      });
    assert.deepEqual(keyChanges(travelled, comparableKey(now)), told);
  });
}

test('what travels has no digest that a secret could be guessed by, and nothing of the order of names', () => {
  const text = formatBuildInputs(before)!;
  const { parts } = before;
  for (const digest of Object.values(parts.args)) assert.ok(!text.includes(digest.slice(7, 19)), text);
  assert.doesNotMatch(text, /[0-9a-f]{13}|WORD/);
  const reordered = { parts, paths: Object.fromEntries(Object.entries(before.paths!).toReversed()) };
  assert.equal(formatBuildInputs(reordered), text);
});

test('a context of many files travels without its files, a Dockerfile of many lines not at all', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => index);
  const paths = Object.fromEntries(many(2000).map((index) => [`file-${index}`, 'file']));
  const travelled = parseBuildInputs(formatBuildInputs({ ...before, paths }));
  assert.deepEqual([travelled?.paths, travelled?.parts.instructions.length], [undefined, 3]);
  const instructions = many(5000).map((line) => [line, digestOf('RUN')] as const);
  assert.equal(formatBuildInputs({ parts: { ...before.parts, instructions } }), undefined);
});

test('what travels does not depend on where an instruction stands', () => {
  const { parts, paths } = before;
  const moved = parts.instructions.map(([line, digest]) => [line + 7, digest] as const);
  assert.equal(formatBuildInputs({ parts: { ...parts, instructions: moved }, paths }), formatBuildInputs(before));
});

for (const text of [undefined, '', '{', '[]', '{"schema":"2"}', 'null']) {
  test(`parseBuildInputs() makes nothing of ${text}`, () => assert.equal(parseBuildInputs(text), undefined));
}
