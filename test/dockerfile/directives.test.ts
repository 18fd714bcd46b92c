import assert from 'node:assert/strict';
import test from 'node:test';
import { readDirectives } from '../../src/dockerfile/directives.ts';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import { Source } from '../../src/dockerfile/source.ts';
import { complaints } from './marked.ts';

const cases: [title: string, text: string, escape: string, values: Record<string, string>][] = [
  ['none', 'FROM a\n', '\\', {}],
  ['blanks around all parts', '#   escape   =   `   \nFROM a', '`', { escape: '`' }],
  ['keys in any case', '# EsCaPe=`\n# SYNTAX=docker/dockerfile:1', '`', { escape: '`', syntax: 'docker/dockerfile:1' }],
  ['CRLF', '# escape=`\r\nFROM a\r\n', '`', { escape: '`' }],
  ['behind a byte order mark', '\ufeff# escape=`\nFROM a', '`', { escape: '`' }],
  ['an indented comment', '  # escape=`\nFROM a', '`', { escape: '`' }],
  ['not behind a comment', '# hello\n# escape=`\nFROM a', '\\', {}],
  ['not behind an empty line', '\n# escape=`\nFROM a', '\\', {}],
  ['not behind an instruction', 'FROM a\n# escape=`\n', '\\', {}],
  ['not behind an unknown one', '# colour=red\n# escape=`\nFROM a', '\\', {}],
  ['known ones before an unknown one', '# escape=`\n# colour=red\n# check=skip=all', '`', { escape: '`' }],
  ['syntax up to a blank', '# syntax=docker/dockerfile:1 # latest', '\\', { syntax: 'docker/dockerfile:1' }],
  ['check as a whole', '# check=skip=A;error=true', '\\', { check: 'skip=A;error=true' }],
  ['a name starts with a letter', '# 1escape=`\n', '\\', {}],
  ['no value is no directive', '# escape=\n# syntax=docker/dockerfile:1', '\\', {}],
  ['syntax behind #!', '#!/usr/bin/env x\n# syntax=docker/dockerfile:1\n', '\\', { syntax: 'docker/dockerfile:1' }],
  ['escape behind #! is a comment', '#!/usr/bin/env x\n# escape=`\n', '\\', {}],
];
for (const [title, text, character, values] of cases) {
  test(`readDirectives() reads ${title}`, () => {
    const directives = readDirectives(new Source('Dockerfile', text));
    assert.deepEqual(
      { escape: directives.escape, values: Object.fromEntries(directives.values), failures: directives.failures },
      { escape: character, values, failures: [] },
    );
  });
}

const wrong: [title: string, directives: string, want: readonly string[]][] = [
  ['an escape twice', '# escape=`\n# escape=`', ['duplicate-directive 2:1 # escape=`']],
  [
    'a syntax twice, in another case',
    '# syntax=docker/dockerfile:1\n# Syntax=docker/dockerfile:1',
    ['duplicate-directive 2:1 # Syntax=docker/dockerfile:1'],
  ],
  ['an escape that is neither', '# escape=^', ['invalid-escape 1:1 # escape=^']],
  ['an escape of two characters', '# escape=\\\\', ['invalid-escape 1:1 # escape=\\\\']],
  ['another frontend', '# syntax=example/frontend', ['unsupported-syntax 1:1 # syntax=example/frontend']],
  [
    'a frontend in the style of C',
    '// syntax=example/frontend\n',
    ['unsupported-syntax 1:1 // syntax=example/frontend', 'unknown-instruction 1:1 //'],
  ],
];
for (const [title, directives, want] of wrong) {
  test(`parseDockerfile() refuses ${title}`, () => {
    assert.deepEqual(complaints(`${directives}\nFROM a\n`), want);
  });
}

test('parseDockerfile() says which frontend a JSON file asks for', () => {
  assert.deepEqual(complaints('{"syntax": "example/frontend"}\n'), [
    'unsupported-syntax 1:1 {"syntax": "example/frontend"}',
    'unknown-instruction 1:1 {"syntax":',
  ]);
});

const frontends: [value: string, isBuiltIn: boolean][] = [
  ['docker/dockerfile', true],
  ['docker/dockerfile:1', true],
  ['docker/dockerfile:1.7', true],
  ['docker/dockerfile:1.7.1', true],
  ['docker/dockerfile:1-labs', true],
  ['docker/dockerfile:1.7-labs', true],
  ['docker/dockerfile:labs', true],
  ['docker/dockerfile:latest', true],
  ['docker.io/docker/dockerfile:1', true],
  [`docker/dockerfile:1.7@sha256:${'0'.repeat(64)}`, true],
  ['docker/dockerfile:2', false],
  ['docker/dockerfile:10', false],
  ['docker/dockerfile:1.2.3.4', false],
  ['docker/dockerfile:experimental', false],
  ['docker/dockerfile-upstream:1', false],
  ['docker/dockerfile:1@sha256:12', false],
  ['evil.example/docker/dockerfile:1', false],
];
for (const [value, isBuiltIn] of frontends) {
  test(`syntax=${value.slice(0, 40)} is ${isBuiltIn ? 'built in' : 'refused'}`, () => {
    const want = isBuiltIn ? [] : [`unsupported-syntax 1:1 # syntax=${value}`];
    assert.deepEqual(complaints(`# syntax=${value}\nFROM a\n`), want);
  });
}

/** Version → whether that is more than what is built in. */
const versions: readonly (readonly [value: string, isNewer: boolean])[] = [
  ['docker/dockerfile:1', false],
  ['docker/dockerfile:latest', false],
  ['docker/dockerfile:1.26.3-labs', false],
  ['docker/dockerfile:1.27', true],
  ['docker.io/docker/dockerfile:1.100.0', true],
];
for (const [value, isNewer] of versions) {
  test(`syntax=${value} is ${isNewer ? 'newer than what is built in' : 'known'}`, () => {
    const parsed = parseDockerfile(`# syntax=${value}\nFROM a\n`, 'Dockerfile');
    const reasons = parsed.ok ? parsed.value.warnings.map(({ reason }) => reason) : ['refused'];
    assert.deepEqual(reasons, isNewer ? ['newer-syntax'] : []);
  });
}
