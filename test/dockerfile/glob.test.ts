import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Glob, type GlobStep, wildcards } from '../../src/dockerfile/glob.ts';

const letter = fc.constantFrom('a', 'b', '/', '한', '👽', '\n');
const text = fc.string({ unit: letter, maxLength: 8 });
const step: fc.Arbitrary<GlobStep> = fc.oneof(
  fc.string({ unit: letter, maxLength: 3 }).map((each) => ({ kind: 'text', text: each }) as const),
  fc.constantFrom<GlobStep>({ kind: 'many' }, { kind: 'one' }, { kind: 'anything' }, { kind: 'directories' }),
  fc
    .tuple(fc.boolean(), fc.array(fc.tuple(letter, letter), { maxLength: 3 }))
    .map(([isNegated, ranges]) => ({ kind: 'class', isNegated, ranges }) as const),
);

/** The meaning of each step, by another who knows it. */
function regExpOf(steps: readonly GlobStep[]): RegExp {
  return new RegExp(`^${steps.map(sourceOf).join('')}$`, 'u');
}

function sourceOf(step: GlobStep): string {
  if (step.kind === 'text') return step.text;
  if (step.kind === 'many') return '[^/]*';
  if (step.kind === 'one') return '[^/]';
  if (step.kind === 'anything') return '[^]*';
  if (step.kind === 'directories') return '(?:[^]*/)?';
  const ranges = step.ranges.filter(([low, high]) => (low.codePointAt(0) ?? 0) <= (high.codePointAt(0) ?? 0));
  return `[${step.isNegated ? '^' : ''}${ranges.map(([low, high]) => `${low}-${high}`).join('')}]`;
}

test('a glob matches what the regular expression of the same meaning matches', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), fc.array(text, { minLength: 1, maxLength: 8 }), (steps, texts) => {
      const [glob, regExp] = [new Glob(steps), regExpOf(steps)];
      // One glob for all texts: what it keeps from one to the next must not matter.
      for (const each of texts) {
        assert.equal(glob.matches(each), regExp.test(each), JSON.stringify(each));
      }
    }),
    { numRuns: 3000 },
  );
});

const wildcardCases: [pattern: string, matching: readonly string[], others: readonly string[]][] = [
  ['', [''], ['a']],
  ['*', ['', 'a', 'a/b'], []],
  ['*-dev', ['-dev', 'a-dev'], ['a-dev2', 'dev']],
  ['a?c*', ['abc', 'abcd'], ['ac', 'a/c']],
  ['[a]\\.(b|c)$', ['[a]\\.(b|c)$'], ['a.b']],
];
for (const [pattern, matching, others] of wildcardCases) {
  test(`wildcards() with ${JSON.stringify(pattern)}`, () => {
    const glob = wildcards(pattern);
    assert.deepEqual(
      [...matching, ...others].filter((each) => glob.matches(each)),
      matching,
    );
  });
}
