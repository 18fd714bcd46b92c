/** The lint rules, held to what BuildKit's own find: `buildkit.json` is recorded by record.ts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseIgnoreFile } from '../../src/dockerfile/dockerignore.ts';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import { type LintInput, lint, lintFailures } from '../../src/lint/lint.ts';
import { rules } from '../../src/lint/rules.ts';
import { type LintCase, lintCases } from './cases.ts';
import { recordedFile } from './recorded.ts';

const machine = { os: 'linux', architecture: 'amd64' };
const recorded = JSON.parse(readFileSync(recordedFile, 'utf8')) as Readonly<Record<string, readonly string[]>>;

function inputOf({ dockerfile: text, ignore, buildArgs = {} }: LintCase): LintInput {
  const parsed = parseDockerfile(text, 'Dockerfile');
  assert.ok(parsed.ok, text);
  const patterns = parseIgnoreFile(ignore ?? '');
  assert.ok(patterns.ok);
  const common = { text, buildArgs, platform: machine, buildPlatform: machine, allStages: true };
  return { dockerfile: parsed.value, ignore: patterns.value, ...common };
}

function foundIn(input: LintInput): readonly string[] {
  const result = lint(input);
  assert.ok(result.ok);
  return [...new Set(result.value.findings.map(({ rule, at }) => `${at.line} ${rule}`))].sort();
}

/** BuildKit names the last line of the instruction there, cip the empty line. */
const ownLine: Readonly<Record<string, readonly string[]>> = {
  'NoEmptyContinuation: an empty line': ['3 NoEmptyContinuation'],
};

for (const [name, one] of Object.entries(lintCases)) {
  test(`lint finds what BuildKit finds: ${name}`, () => {
    assert.deepEqual(foundIn(inputOf(one)), ownLine[name] ?? recorded[name]);
  });
}

test('lint: the recorded answers are those of the cases, and each rule is found and not found in one of its own', () => {
  assert.deepEqual(Object.keys(recorded), Object.keys(lintCases));
  const told = Object.keys(rules).filter((rule) => rule !== 'InvalidBaseImagePlatform');
  for (const rule of told) {
    const own = Object.entries(recorded).filter(([name]) => name.startsWith(`${rule}:`));
    const finds = own.map(([, found]) => found.some((line) => line.endsWith(` ${rule}`)));
    assert.deepEqual([...new Set(finds)].sort(), [false, true], rule);
  }
});

test('lint: what a base image may set is never undefined', () => {
  const dockerfile = 'FROM debian AS a\nWORKDIR $HOME\nLABEL a=$JAVA_HOME\nFROM a\nLABEL b=$JAVA_HOME\n';
  assert.deepEqual(foundIn(inputOf({ dockerfile })), []);
});

test('lint: in a build, stages that nothing needs are only read', () => {
  const dockerfile = 'FROM scratch AS a\nCMD a\nFROM scratch AS B\nMAINTAINER me\nCMD b\nFROM scratch AS c\nCMD c\n';
  const input = { ...inputOf({ dockerfile }), allStages: false };
  const names = ['3 StageNameCasing', '4 MaintainerDeprecated'];
  assert.deepEqual(foundIn(input), [...names, '7 JSONArgsRecommended']);
  assert.deepEqual(foundIn({ ...input, target: 'a' }), ['2 JSONArgsRecommended', ...names]);
});

const severities: Readonly<
  Record<string, { readonly check: string; readonly reasons: readonly string[]; readonly line?: number }>
> = {
  'no word of it': { check: '', reasons: ['lint-finding'] },
  'error=true': { check: '# check=error=true\n', reasons: ['lint-violation'] },
  'error=1 with a skip of another': { check: '# check=skip=CopyIgnoredFile;error=1\n', reasons: ['lint-violation'] },
  'error=true with a skip of it': { check: '# check=error=true;skip=MaintainerDeprecated\n', reasons: [] },
  'error=false': { check: '# check=error=false\n', reasons: ['lint-finding'] },
  'a word that is no option': { check: '# check=skip\n', reasons: ['invalid-check-option'], line: 1 },
  'an option that there is not': {
    check: '# syntax=docker/dockerfile:1\n# check=fail=true\n',
    reasons: ['invalid-check-option'],
    line: 2,
  },
  'no yes and no no': { check: '# check=error=perhaps\n', reasons: ['invalid-check-option'], line: 1 },
};
for (const [title, { check, reasons, line }] of Object.entries(severities)) {
  test(`lint: what a finding is where the Dockerfile says ${title}`, () => {
    const failures = lintFailures(inputOf({ dockerfile: `${check}FROM scratch\nMAINTAINER me\n` }));
    assert.deepEqual(
      failures.map(({ reason }) => reason),
      reasons,
    );
    if (line !== undefined) assert.equal(failures[0]?.at?.line, line);
  });
}

test('lint: REGISTRY is given to every build of a project', () => {
  const dockerfile = 'FROM $REGISTRY/base\n';
  assert.deepEqual(foundIn(inputOf({ dockerfile, buildArgs: { REGISTRY: 'localhost:5000' } })), []);
  assert.deepEqual(foundIn(inputOf({ dockerfile })), ['1 InvalidDefaultArgInFrom', '1 UndefinedArgInFrom']);
});

test('lint: a directive describes no stage', () => {
  assert.deepEqual(foundIn(inputOf({ dockerfile: '# check=experimental=all\nFROM scratch AS base\n' })), []);
});
