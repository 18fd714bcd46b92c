import fc from 'fast-check';
import { Source } from '../../../src/dockerfile/source.ts';
import { parseInfoEdn } from '../../../src/project/info-edn.ts';
import { pumped, spliced } from '../generators.ts';
import { target } from '../target.ts';

const tokens = [
  ...['{', '}', '[', ']', '(', ')', '#{', '#_', '#_ ', '#a ', '#inst', '"', '"a"', '\\', '\\a', ';', '\n', ' ', ','],
  ...[
    ':version ',
    '"1.0.0"',
    ':platforms ',
    ':variants ',
    ':a ',
    'nil',
    'true',
    '1',
    '1.5',
    '1e9',
    '0N',
    '1M',
    '/',
    '^',
  ],
  ...['\\u0041', '"\\u0041"', '"\\n"', "'", '\ufeff', 'é', '1 ', 'a ', ':a/b ', '9', '-', '+', '.', '@', '`', '~'],
];

const whole = `{:version "1.2.3" ; a comment
 :platforms ["linux/amd64" "linux/arm64"] :variants #{"slim"}
 :other {:a (1 2.5 -3e4 nil true \\a) "b" #inst "2020-01-01T00:00:00Z" #_ gone sym :k/w}}
`;

/** A map with the version, and something beside it. */
const beside = (text: string) => `{:version "1.0.0" :other ${text}}`;

export const edn = target({
  name: 'edn',
  input: fc.oneof(pumped(tokens), pumped(tokens).map(beside), spliced([whole], pumped(tokens))),
  run: (text: string) => parseInfoEdn(new Source('info.edn', text)),
  rows: [
    { title: 'every kind of form', input: () => whole, want: 'value' },
    { title: '16,000 discards', input: () => '#_'.repeat(16_000), want: ['edn-syntax'] },
    {
      title: '16,000 discards of as many forms',
      input: () => `${'#_'.repeat(16_000)}${'1 '.repeat(16_000)}{:version "1.0.0"}`,
      want: 'value',
    },
    { title: '16,000 discards one by one', input: () => `${'#_1 '.repeat(16_000)}{:version "1.0.0"}`, want: 'value' },
    {
      title: '16,000 discards in a map',
      input: () => `{${'#_'.repeat(16_000)} :version "1.0.0"}`,
      want: ['edn-syntax'],
    },
    { title: '100 discards', input: () => `{${'#_'.repeat(100)}${'1 '.repeat(100)} :version "1.0.0"}`, want: 'value' },
    { title: '16,000 tags', input: () => beside(`${'#a '.repeat(16_000)}1`), want: ['edn-syntax'] },
    ...['[', '(', '{', '#{', '{:a '].map((open) => ({
      title: `60,000 characters of ${open}`,
      input: () => beside(open.repeat(60_000 / open.length)),
      want: ['edn-syntax'],
    })),
    { title: '100 levels', input: () => beside('['.repeat(100) + ']'.repeat(100)), want: 'value' },
    { title: '100 tags', input: () => beside(`${'#a '.repeat(100)}1`), want: 'value' },
    { title: 'a number of 60,000 digits', input: () => beside('9'.repeat(60_000)), want: 'value' },
    { title: 'a number of 60,000 digits that is exact', input: () => beside(`${'9'.repeat(60_000)}N`), want: 'value' },
    {
      title: 'a number with an exponent of 60,000 digits',
      input: () => beside(`1e${'9'.repeat(60_000)}`),
      want: 'value',
    },
    {
      title: 'a version of 60,000 digits',
      input: () => `{:version "${'9'.repeat(60_000)}"}`,
      want: ['illegal-version'],
    },
    {
      title: 'a version that is a number of 60,000 digits',
      input: () => `{:version ${'9'.repeat(60_000)}}`,
      want: ['illegal-version'],
    },
    { title: 'a string of 60,000 escapes', input: () => beside(`"${'\\n'.repeat(30_000)}"`), want: 'value' },
    { title: '16,000 empty strings', input: () => beside(`[${'"" '.repeat(16_000)}]`), want: 'value' },
    {
      title: '30,000 equal members of a set',
      input: () => beside(`#{${'1 '.repeat(30_000)}}`),
      want: ['edn-duplicate'],
    },
    {
      title: '12,000 members of a set',
      input: () => beside(`#{${Array.from({ length: 12_000 }, (_, index) => index).join(' ')}}`),
      want: 'value',
    },
    {
      title: 'a set of 40,000 members inside of 190 others',
      input: () =>
        beside(`${'#{'.repeat(190)}${Array.from({ length: 40_000 }, (_, index) => index).join(' ')}${'}'.repeat(190)}`),
      want: 'value',
    },
    {
      title: 'a set of sets of sets',
      input: () => beside(`${'#{1 '.repeat(150)}${'a'.repeat(60_000)}${'}'.repeat(150)}`),
      want: 'value',
    },
    {
      title: 'a key that is a map of maps',
      input: () => beside(`${'{'.repeat(150)}${'1 '.repeat(1)}${' 2}'.repeat(150)}`),
      want: 'value',
    },
    { title: '60,000 commas', input: () => `${','.repeat(60_000)}{:version "1.0.0"}`, want: 'value' },
    { title: '30,000 comments', input: () => `${';\n'.repeat(30_000)}{:version "1.0.0"}`, want: 'value' },
    { title: '16,000 forms after the first', input: () => `{:version "1.0.0"}${' 1'.repeat(16_000)}`, want: 'value' },
    {
      title: '8,000 platforms',
      input: () => `{:version "1.0.0" :platforms [${'"linux" '.repeat(8_000)}]}`,
      want: ['platform-unknown'],
    },
    {
      title: 'a platform of 60,000 characters',
      input: () => `{:version "1.0.0" :platforms "${'a/'.repeat(30_000)}"}`,
      want: ['platform-malformed'],
    },
    {
      title: 'keys that objects have',
      input: () => '{:version "1.0.0" :__proto__ {:a 1} :constructor 2 :toString "x"}',
      want: 'value',
    },
    { title: 'a tag that is a date and no date', input: () => beside('#inst "never"'), want: 'value' },
  ],
});
