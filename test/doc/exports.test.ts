import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/paths.ts';
import { allExports, exportsIn, saysNothing } from './exports.ts';

const all = allExports(join(root, 'src'));
const shown = ({ file, line, name }: (typeof all)[number]) => `src/${file}:${line} ${name}`;

/** One name in many modules, where that is a rule: what every module of this folder has to have. */
const shared: Readonly<Record<string, string>> = { run: 'cli/commands/' };

test('each export has a sentence before it', () => {
  assert.deepEqual(all.filter(({ sentence }) => sentence === '').map(shown), []);
});

test('each sentence says more than the name', () => {
  assert.deepEqual(all.filter((one) => one.sentence !== '' && saysNothing(one)).map(shown), []);
});

test('each name is exported by one module', () => {
  const seen = new Map<string, (typeof all)[number]>();
  const twice: string[] = [];
  for (const one of all) {
    if (shared[one.name] !== undefined && one.file.startsWith(shared[one.name]!)) continue;
    const first = seen.get(one.name);
    if (first === undefined) seen.set(one.name, one);
    else twice.push(`${shown(first)} and ${shown(one)}`);
  }
  assert.deepEqual(twice, []);
});

const cases: readonly (readonly [title: string, text: string, want: readonly (readonly [string, string])[]])[] = [
  ['a function', '/** Says. */\nexport function f() {}', [['f', 'Says.']]],
  ['an async generator', '/** Says. */\nexport async function* f() {}', [['f', 'Says.']]],
  ['a class', '/** Says. */\nexport class C {}', [['C', 'Says.']]],
  [
    'an interface, a type, an enum',
    'export interface I {}\nexport type T = I;\nexport enum E { A }',
    [
      ['I', ''],
      ['T', ''],
      ['E', ''],
    ],
  ],
  [
    'several constants',
    '/** Says. */\nexport const a = 1, b = 2;',
    [
      ['a', 'Says.'],
      ['b', 'Says.'],
    ],
  ],
  ['what is not exported', '/** Says. */\nfunction f() {}\nconst a = 1;', []],
  [
    'another comment',
    '// Says.\nexport function f() {}\n/* Says. */\nexport const a = 1;',
    [
      ['f', ''],
      ['a', ''],
    ],
  ],
  ['an empty comment', '/** */\nexport function f() {}', [['f', '']]],
  ['nothing but a tag', '/** @internal */\nexport function f() {}', [['f', '']]],
  ['a comment of the statement before', '/** Says. */\nconst a = 1;\nexport const b = a;', [['b', '']]],
  ['several lines', '/**\n * Says\n * more.\n */\nexport const a = 1;', [['a', 'Says\nmore.']]],
  ['a link in it', '/** As {@link b} says. */\nexport const a = 1;', [['a', 'As {@link b} says.']]],
  ['overloads', '/** Says. */\nexport function f(): void;\nexport function f(a?: 1): void {}', [['f', 'Says.']]],
  ['a schema and its type', 'export const S = 1;\n/** Says. */\nexport type S = number;', [['S', 'Says.']]],
  ['a list at the end', '/** Says. */\nfunction f() {}\nexport { f };', [['f', '']]],
  [
    'names of a pattern',
    'export const { a, b: [c] } = d;',
    [
      ['a', ''],
      ['c', ''],
    ],
  ],
  ['what is handed on', "export { a } from './a.ts';\nexport * from './b.ts';", []],
];

for (const [title, text, want] of cases) {
  test(`exports: ${title}`, () =>
    assert.deepEqual(
      exportsIn(text, 'x.ts').map(({ name, sentence }) => [name, sentence]),
      want,
    ));
}

for (const [name, sentence, want] of [
  ['fooOfBar', 'The foo of the bar.', true],
  ['fooOfBar', 'Returns foo.', true],
  ['readIndex', 'Reads the index.', false],
  ['readIndex', 'As `readDocument`; a manifest is refused.', false],
  ['chainIDOf', 'Chain ID of', true],
] as const) {
  test(`"${sentence}" says ${want ? 'nothing' : 'something'} about ${name}`, () =>
    assert.equal(saysNothing({ name, sentence, file: 'x.ts', line: 1 }), want));
}
