import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ignoreMatcher, parseIgnoreFile } from '../../src/dockerfile/dockerignore.ts';
import { expand, expandWords } from '../../src/dockerfile/expand.ts';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import { conformanceDir, needs } from '../support/needs.ts';
import { reasonsIn, valueIn } from './outcome.ts';
import { sExpressions } from './s-expression.ts';

const recorded = needs('conformance data');

/** Folders of recorded cases; none where there is no recorded data, and then the tests below are skipped. */
function cases(...path: string[]): readonly string[] {
  const folder = join(conformanceDir, ...path);
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function read(...path: string[]): string {
  return readFileSync(join(conformanceDir, ...path), 'utf8');
}

test('the recorded cases are there', recorded, () => {
  assert.deepEqual(
    {
      parser: cases('buildkit', 'parser').length,
      'parser-negative': cases('buildkit', 'parser-negative').length,
      envVarTest: read('buildkit', 'shell', 'envVarTest').match(/^[AUW]\|/gm)?.length,
      wordsTest: read('buildkit', 'shell', 'wordsTest').match(/^(?!ENV ).*\|/gm)?.length,
      ignore: JSON.parse(read('patternmatcher', 'ignore.json')).length,
      single: JSON.parse(read('patternmatcher', 'single.json')).length,
    },
    { parser: 32, 'parser-negative': 4, envVarTest: 230, wordsTest: 24, ignore: 72, single: 54 },
  );
});

for (const name of cases('buildkit', 'parser')) {
  test(`the grammar takes apart like BuildKit: ${name}`, recorded, () => {
    const dockerfile = read('buildkit', 'parser', name, 'Dockerfile');
    assert.equal(sExpressions(dockerfile), read('buildkit', 'parser', name, 'result').trimEnd());
  });
}

const refused: Readonly<Record<string, readonly string[]>> = {
  empty_dockerfile: ['no-instructions'],
  env_no_value: ['missing-value'],
  only_comments: ['no-instructions'],
  'shykes-nested-json': ['json-not-strings'],
};
for (const name of cases('buildkit', 'parser-negative')) {
  test(`parseDockerfile() refuses like BuildKit: ${name}`, recorded, () => {
    const dockerfile = read('buildkit', 'parser-negative', name, 'Dockerfile');
    assert.deepEqual(reasonsIn(parseDockerfile(dockerfile, 'Dockerfile')), refused[name]);
  });
}

test('expand() gives what BuildKit gives: envVarTest', recorded, () => {
  const variables = new Map(Object.entries({ PWD: '/home', SHELL: 'bash', KOREAN: '한국어', NULL: '' }));
  for (const line of read('buildkit', 'shell', 'envVarTest').split('\n')) {
    if (line.startsWith('#') || line.startsWith('W') || line.trim() === '') continue;
    const [, word = '', expected = ''] = line.split('|').map((column) => column.trim());
    const expanded = expand(word, variables, { escapeCharacter: '\\' });
    assert.equal(expanded.ok ? expanded.value.value : 'error', expected, line);
  }
});

test('expandWords() gives what BuildKit gives: wordsTest', recorded, () => {
  const variables = new Map<string, string>();
  for (const line of read('buildkit', 'shell', 'wordsTest').split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue;
    const variable = /^ENV ([^=]+)=(.*)$/.exec(line);
    if (variable) {
      variables.set(variable[1] ?? '', variable[2] ?? '');
      continue;
    }
    const [words = '', expected = ''] = line.split('|');
    const expanded = expandWords(words.trim(), variables, { escapeCharacter: '\\' });
    assert.deepEqual(expanded.ok ? expanded.value.words : ['error'], expected.trimStart().split(','), line);
  }
});

test('ignoreMatcher() excludes what patternmatcher excludes', recorded, () => {
  for (const { patterns, path, excluded } of JSON.parse(read('patternmatcher', 'ignore.json'))) {
    const matcher = ignoreMatcher(valueIn(parseIgnoreFile(patterns.join('\n'))));
    assert.equal(matcher.excludes(path), excluded, `${patterns.join(' ')} on ${path}`);
  }
});

test('a single pattern matches what patternmatcher matches', recorded, () => {
  for (const { pattern, path, match, error } of JSON.parse(read('patternmatcher', 'single.json'))) {
    const patterns = parseIgnoreFile(pattern);
    const title = `${pattern} on ${path}`;
    assert.deepEqual(reasonsIn(patterns), error === null ? [] : [error], title);
    if (patterns.ok) assert.equal(ignoreMatcher(patterns.value).excludes(path), match, title);
  }
});
