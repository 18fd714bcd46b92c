import fc from 'fast-check';
import { expand, expandHeredoc, expandWords } from '../../../src/dockerfile/expand.ts';
import { pumped } from '../generators.ts';
import { target } from '../target.ts';

interface Expansion {
  readonly word: string;
  /** Of the variables a and b; all others are unset. */
  readonly a: string;
  readonly b: string;
}

const tokens = [
  ...[
    '$a',
    '$b',
    '$c',
    '${a}',
    '${b',
    '${a:-',
    '${c-',
    '${b:+',
    '${a+',
    '${c:?',
    '${a#',
    '${a##',
    '${a%',
    '${a%%',
    '${a/',
  ],
  ...[
    '${a//',
    '${b//',
    '}',
    '/',
    '*',
    '?',
    'a',
    'b',
    '\\',
    "'",
    '"',
    '$',
    '\n',
    ' ',
    '`',
    '\u{1f47d}',
    '${',
    '$$',
    '$1',
    '$@',
  ],
];
const value = pumped(['a', 'b', 'ab', ' ', '\n', '$a', '\u{1f47d}', '/', '\\']);
const long = 'a'.repeat(60_000);

export const expansion = target<Expansion>({
  name: 'expansion',
  input: fc.record({ word: pumped(tokens), a: value, b: value }),
  // Three expansions, each with a budget of its own.
  budget: 2000,
  run: ({ word, a, b }) => {
    const variables = new Map([
      ['a', a],
      ['b', b],
    ]);
    const results = [
      expand(word, variables, { escapeCharacter: '\\' }),
      expandWords(word, variables, { escapeCharacter: '`' }),
      expandHeredoc(word, variables),
    ];
    return results.find((result) => !result.ok) ?? results;
  },
  rows: [
    {
      title: 'all operators',
      input: () => ({ word: '${a:-x}${b#*a}${a//a/b}"$b"', a: 'aa', b: 'bab' }),
      want: 'value',
    },
    {
      title: '60,000 stars at the beginning',
      input: () => ({ word: `\${a#${'*'.repeat(60_000)}b}`, a: long, b: '' }),
      want: 'value',
    },
    {
      title: '60,000 stars at the end',
      input: () => ({ word: `\${a%${'*'.repeat(60_000)}b}`, a: long, b: '' }),
      want: 'value',
    },
    {
      title: '60,000 stars anywhere',
      input: () => ({ word: `\${a//${'*'.repeat(60_000)}b/c}`, a: long, b: '' }),
      want: 'value',
    },
    {
      title: 'stars that each have a choice',
      input: () => ({ word: `\${a//${'*a'.repeat(500)}*b/c}`, a: long, b: '' }),
      want: 'value',
    },
    {
      title: '30,000 of them',
      input: () => ({ word: `\${a//${'*a'.repeat(30_000)}*b/c}`, a: long, b: '' }),
      want: ['expansion-too-large'],
    },
    {
      title: 'a pattern that matches nowhere, from everywhere',
      input: () => ({ word: '${a//a*b/c}', a: long, b: '' }),
      want: 'value',
    },
    {
      title: 'a value of 60,000, sixty times',
      input: () => ({ word: '$a'.repeat(60), a: long, b: '' }),
      want: ['expansion-too-large'],
    },
    {
      title: 'a value of 60,000, sixteen times',
      input: () => ({ word: '$a'.repeat(16), a: long, b: '' }),
      want: 'value',
    },
    {
      title: 'a default of a default, 100 times',
      input: () => ({ word: `${'${c:-'.repeat(100)}x${'}'.repeat(100)}`, a: '', b: '' }),
      want: 'value',
    },
    {
      title: '12,000 times',
      input: () => ({ word: `${'${c:-'.repeat(12_000)}x${'}'.repeat(12_000)}`, a: '', b: '' }),
      want: ['bad-substitution'],
    },
    {
      title: 'every character replaced by as many',
      input: () => ({ word: '${a//?/$a}', a: long, b: '' }),
      want: ['expansion-too-large'],
    },
    {
      title: 'a message of 60,000 characters',
      input: () => ({ word: `\${c:?${long}}`, a: '', b: '' }),
      want: ['required-variable'],
    },
    { title: '60,000 quotes', input: () => ({ word: '"'.repeat(60_000), a: '', b: '' }), want: 'value' },
    { title: '60,000 dollars', input: () => ({ word: '$'.repeat(60_000), a: '', b: '' }), want: 'value' },
    { title: 'a name of 60,000 characters', input: () => ({ word: `$${long}`, a: '', b: '' }), want: 'value' },
  ],
});
