import { digestOf } from '../../../src/oci/digest.ts';
import type { KeyParts } from '../../../src/orchestrator/key/build-key.ts';
import type { ExplainedKey, KeyChange } from '../../../src/orchestrator/key/key-change.ts';

const parts: KeyParts = {
  schema: 1,
  platform: 'linux/amd64',
  instructions: [
    [1, digestOf('FROM')],
    [3, digestOf('RUN')],
    [4, digestOf('COPY')],
  ],
  escape: '\\',
  args: { WORD: digestOf('a') },
  parents: { base: digestOf('base') },
  context: digestOf('context'),
};
const paths = { a: 'file 1', b: 'file 2' };
export const before: ExplainedKey = { parts, paths };
const changed = (change: Partial<KeyParts>, now: Record<string, string> = paths): ExplainedKey => ({
  parts: { ...parts, ...change },
  paths: now,
});
const context = digestOf('other');

/** Two keys, and what changed from one to the other. */
export const cases: [title: string, before: ExplainedKey, after: ExplainedKey, want: readonly KeyChange[]][] = [
  ['nothing', before, before, []],
  ['a file', before, changed({ context }, { ...paths, a: 'file 3' }), [{ code: 'input-changed', path: 'a' }]],
  [
    'a file that came and one that went',
    before,
    changed({ context }, { a: 'file 1', c: 'file 2' }),
    [
      { code: 'input-changed', path: 'b', how: 'left' },
      { code: 'input-changed', path: 'c', how: 'came' },
    ],
  ],
  [
    'a file that is read in another directory, by where it is now',
    changed({}, { 'v1/f': 'file 1', 'v1/g': 'file 2' }),
    changed({ context }, { 'v2/f': 'file 3', 'v2/g': 'file 2' }),
    [{ code: 'input-changed', path: 'v2/f' }],
  ],
  [
    'directories alone, where nothing else changed',
    changed({}, { 'v1/g': 'file 2' }),
    changed({ context }, { 'v2/g': 'file 2' }),
    [
      { code: 'input-changed', path: 'v1/g', how: 'left' },
      { code: 'input-changed', path: 'v2/g', how: 'came' },
    ],
  ],
  [
    'a file that went, beside one that moved',
    changed({}, { 'v1/g': 'file 2', 'v1/h': 'file 4' }),
    changed({ context }, { 'v2/g': 'file 2' }),
    [{ code: 'input-changed', path: 'v1/h', how: 'left' }],
  ],
  [
    'one of several instructions, by its line now',
    before,
    changed({ instructions: [parts.instructions[0]!, [9, digestOf('RUN 2')], parts.instructions[2]!] }),
    [{ code: 'instruction-changed', line: 9 }],
  ],
  ['only lines', before, changed({ instructions: parts.instructions.map(([line, digest]) => [line + 1, digest]) }), []],
  [
    'an end that was cut off',
    before,
    changed({ instructions: parts.instructions.slice(0, 2) }),
    [{ code: 'instruction-removed', line: 4, after: 3 }],
  ],
  ['a parent', before, changed({ parents: { base: digestOf('new') } }), [{ code: 'parent-changed', parent: 'base' }]],
  [
    'a parent in place of another',
    before,
    changed({ parents: { tool: digestOf('tool') } }),
    [
      { code: 'parent-changed', parent: 'base', how: 'left' },
      { code: 'parent-changed', parent: 'tool', how: 'came' },
    ],
  ],
  [
    'an argument that is no longer given',
    before,
    changed({ args: {} }),
    [{ code: 'argument-changed', name: 'WORD', how: 'left' }],
  ],
  ['the target', before, changed({ target: 'test' }), [{ code: 'target-changed', after: 'test' }]],
  [
    'the target, and of two stages only what both are made of',
    changed({ target: 'one', args: { WORD: digestOf('a'), ONE: digestOf('1') } }, { a: 'file 1', c: 'file 3' }),
    changed(
      {
        target: 'two',
        instructions: parts.instructions.slice(0, 1),
        parents: { base: digestOf('new'), tool: digestOf('tool') },
        args: { WORD: digestOf('b') },
        context,
      },
      { a: 'file 4', b: 'file 2' },
    ),
    [
      { code: 'target-changed', before: 'one', after: 'two' },
      { code: 'input-changed', path: 'a' },
      { code: 'parent-changed', parent: 'base' },
      { code: 'argument-changed', name: 'WORD' },
    ],
  ],
  ['rules of other keys', before, changed({ schema: 2, parents: {} }), []],
  ['a context that is not remembered', { parts }, changed({ context }), []],
];
