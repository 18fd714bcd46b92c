import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/paths.ts';
import { manyParametersIn } from './parameters.ts';

test('nothing in src/ takes more than three things by their places, nor does a type that says what a function takes', () => {
  const src = join(root, 'src');
  const found = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      manyParametersIn(readFileSync(join(src, file), 'utf8')).map(
        ({ line, count }) => `src/${file}:${line} takes ${count}`,
      ),
    );
  assert.deepEqual(found, []);
});

const four = '(a: string, b: string, c: string, d: string)';
const three = '(a: string, b: string, c: string)';
/** Text → lines of what takes too much. */
const plants: Readonly<Record<string, readonly [text: string, ...lines: readonly number[]]>> = {
  'a method of an interface': [`interface I {\n  m${four}: void;\n}`, 2],
  'a property of an interface': [`interface I {\n  readonly m: ${four} => void;\n}`, 2],
  'an interface that is called': [`interface I {\n  ${four}: void;\n}`, 2],
  'an interface that makes': [`interface I {\n  new ${four}: object;\n}`, 2],
  'a type of functions': [`type T = ${four} => void;`, 1],
  'a type of constructors': [`type T = new ${four} => object;`, 1],
  'a function within a type': [`type T = Record<string, (call: ${four} => void) => void>;`, 1],
  'a parameter that is a function': [`function f(call: ${four} => void) {}`, 1],
  'an abstract method': [`abstract class C {\n  abstract m${four}: void;\n}`, 2],
  'an overload': [`function f(a: string): void;\nfunction f${four}: void;\nfunction f(): void {}`, 2],
  'a rest behind three': ['type T = (a: string, b: string, c: string, ...rest: string[]) => void;', 1],
  'an optional fourth': ['interface I {\n  m(a: string, b: string, c: string, d?: string): void;\n}', 2],
  'three of each': [`interface I {\n  m${three}: void;\n}\ntype T = ${three} => void;`],
  'three, and this': ['type T = (this: object, a: string, b: string, c: string) => void;'],
  'four names of one': ['interface I {\n  m(options: { a: 1; b: 2; c: 3; d: 4 }): void;\n}'],
};
for (const [title, [text, ...lines]] of Object.entries(plants)) {
  test(`parameters: ${title}`, () =>
    assert.deepEqual(
      manyParametersIn(text).map(({ line }) => line),
      lines,
    ));
}
