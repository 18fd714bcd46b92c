/** `#!COMMIT`, `--commit` and `--squash`: which steps come to be one layer, and what the history says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LayerChoice } from '../../../src/context/layer-choice.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse.ts';
import { imageKey } from '../../../src/engine/frontend/lower-input.ts';
import { amd64, imageFixture, lowerText } from '../../support/lower-text.ts';

/** Dockerfile, choice → groups of layers; then which entries of the history have a layer. */
const cases: readonly (readonly [
  what: string,
  lines: string,
  choice: LayerChoice | undefined,
  groups: string,
  history: string,
])[] = [
  ['nothing asked for', 'COPY a /\nCOPY b / #!COMMIT', undefined, 'each', '11'],
  ['one for all of the Dockerfile', 'COPY a /\nENV a=b\nCOPY b /', 'own', '2', '0e1'],
  ['one step is a layer already', 'COPY a /', 'own', 'each', '1'],
  ['no step at all', 'ENV a=b', 'own', 'each', 'e'],
  ['explicit, and no mark', 'COPY a /\nCOPY b /\nCOPY c /', 'marked', '3', '001'],
  ['explicit', 'COPY a /\nCOPY b / #!COMMIT\nCOPY c /', 'marked', '2 1', '011'],
  [
    'explicit, in any case and with blanks',
    'COPY a /\nCOPY b /   #! Commit  \nCOPY c /\nCOPY d /',
    'marked',
    '2 2',
    '0101',
  ],
  [
    'a mark behind a line that makes none',
    'COPY a /\nCOPY b /\nENV a=b #!COMMIT\nCOPY c /\nCOPY d /',
    'marked',
    '2 2',
    '01e01',
  ],
  ['marks behind each', 'COPY a / #!COMMIT\nCOPY b / #!COMMIT', 'marked', 'each', '11'],
  ['the end of a stage', 'COPY a /\nCOPY b /\nFROM one\nCOPY c /\nCOPY d /', 'marked', '2 2', '0101'],
  ['a stage below, one for all', 'COPY a /\nCOPY b /\nFROM one\nCOPY c /', 'own', '3', '001'],
];

for (const [what, lines, choice, groups, history] of cases) {
  test(`${what}: ${groups}`, () => {
    const { target, history: texts, empty } = lowerText(`FROM scratch AS one\n${lines}\n`, { layers: choice });
    const { op } = target.op;
    assert.equal(op.kind === 'squash' ? op.groups.join(' ') : 'each', groups);
    const marks = empty.map((isEmpty, at) => (!isEmpty ? '1' : /^(COPY|ADD|RUN)/.test(texts[at]!) ? '0' : 'e'));
    assert.equal(marks.join(''), history);
  });
}

test('a base keeps its layers, but where the image has a single one', () => {
  const one = imageFixture('base');
  const history = [{ created_by: 'x' }, { created_by: 'env', empty_layer: true }, { created_by: 'y' }];
  const base = { ...one, layers: [...one.layers, ...one.layers], config: { ...one.config, history } };
  const images = new Map([[imageKey({ reference: 'base', platform: amd64 }), base]]);
  const made = (layers: LayerChoice) => {
    const { target, empty } = lowerText('FROM base\nCOPY a /\nCOPY b /\n', { images, layers });
    const { op } = target.op;
    return [op.kind === 'squash' && op.groups, empty];
  };
  assert.deepEqual(made('own'), [
    [1, 1, 2],
    [false, true, false, true, false],
  ]);
  assert.deepEqual(made('marked'), made('own'));
  assert.deepEqual(made('one'), [[4], [true, true, true, true, false]]);
});

/** Instruction → its text without a mark, and whether there was one. */
const marks: readonly (readonly [line: string, text: string, commits: boolean])[] = [
  ['RUN a #!COMMIT', 'RUN a', true],
  ['RUN a #!commit', 'RUN a', true],
  ['RUN a \\\n  b  #! COMMIT', 'RUN a   b', true],
  ['RUN ["a"] #!COMMIT', 'RUN ["a"]', true],
  ['COPY a b #!COMMIT', 'COPY a b', true],
  ['ONBUILD RUN a #!COMMIT', 'ONBUILD RUN a', true],
  ['RUN a #!COMMITS', 'RUN a #!COMMITS', false],
  ['RUN a#!COMMIT', 'RUN a#!COMMIT', false],
  ['RUN a #!COMMIT b', 'RUN a #!COMMIT b', false],
  ['RUN a # !COMMIT', 'RUN a # !COMMIT', false],
  ["RUN echo '#!COMMIT'", "RUN echo '#!COMMIT'", false],
];

for (const [line, text, commits] of marks) {
  test(`${JSON.stringify(line)} ${commits ? 'commits' : 'does not commit'}`, () => {
    const parsed = parseDockerfile(`FROM scratch\n${line}\n`, 'Dockerfile');
    assert.ok(parsed.ok);
    const [instruction] = parsed.value.stages[0]!.instructions;
    assert.deepEqual([instruction!.text, instruction!.commits ?? false], [text, commits]);
  });
}

test('a line of blanks is read in no time', () => {
  const started = process.cpuUsage().user;
  assert.ok(parseDockerfile(`FROM scratch\nRUN a${' '.repeat(60_000)}b\n`, 'Dockerfile').ok);
  assert.ok(process.cpuUsage(undefined).user - started < 2_000_000);
});
