import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import { dockerfileNotices } from '../../src/project/dockerfile-notices.ts';

/** Dockerfile → what a person hears of it. */
const cases: Readonly<Record<string, readonly string[]>> = {
  'FROM a\n': [],
  'FROM a\nRUN b \\\n\n  c\n': [],
  'FROM a\nRUN b \\\n\nRUN c\n': ['swallowed-instruction'],
  '# syntax=docker/dockerfile:1.99\nFROM a\n': ['newer-syntax'],
};

for (const [text, reasons] of Object.entries(cases)) {
  test(`${JSON.stringify(text)}: ${reasons.join() || 'nothing to say'}`, () => {
    const parsed = parseDockerfile(text, 'Dockerfile');
    assert.ok(parsed.ok);
    assert.deepEqual(
      dockerfileNotices(parsed.value).map(({ reason, level }) => `${reason} ${level}`),
      reasons.map((reason) => `${reason} warning`),
    );
  });
}
