import fc from 'fast-check';
import { ignoreMatcher, parseIgnoreFile } from '../../../src/dockerfile/dockerignore.ts';
import { pathPattern } from '../../../src/dockerfile/path-pattern.ts';
import { cut, pumped } from '../generators.ts';
import { target } from '../target.ts';

const tokens = ['a', 'b', '*', '**', '?', '/', '.', '..', '[a]', '[^a]', '[', ']', '-', '\\', '!', 'é', '\u{1f47d}'];

/** Bytes of the longest path that Linux takes. */
const longestPath = 4095;
const path = pumped(['a', 'b', 'ab', '/', '/a', '.', 'é', '\n', '\u{1f47d}']).map((text) =>
  Buffer.from(text).subarray(0, longestPath).toString(),
);

interface OnPath {
  readonly text: string;
  readonly path: string;
}

/** What COPY, `--exclude` and a walk of the context ask of one pattern. */
export const pattern = target({
  name: 'pattern',
  input: fc.record({ text: pumped(tokens), path }),
  run: ({ text, path }: OnPath) => {
    const compiled = pathPattern(text);
    return compiled.ok ? compiled.value.matches(path) : compiled;
  },
  rows: [
    {
      title: 'stars that each have a choice',
      input: () => ({ text: '*a*a*a*a*a*ab', path: 'a'.repeat(255) }),
      want: 'value',
    },
    {
      title: 'stars that each have a choice, and an end that fits',
      input: () => ({ text: '*a*a*a*a*a*a*b*c', path: `${'a'.repeat(254)}c` }),
      want: 'value',
    },
    {
      title: 'as many of them as a path can have characters',
      input: () => ({ text: `${'*a'.repeat(2000)}b`, path: 'a'.repeat(longestPath) }),
      want: 'value',
    },
    { title: '60,000 stars', input: () => ({ text: '*'.repeat(60_000), path: 'a'.repeat(255) }), want: 'value' },
    {
      title: '60,000 question marks',
      input: () => ({ text: '?'.repeat(60_000), path: 'a'.repeat(255) }),
      want: 'value',
    },
    {
      title: 'a class of 16,000 ranges',
      input: () => ({ text: `*[${'a-b'.repeat(16_000)}]x`, path: 'a'.repeat(longestPath) }),
      want: 'value',
    },
    { title: '60,000 open brackets', input: () => ({ text: '['.repeat(60_000), path: 'a' }), want: ['bad-pattern'] },
  ],
});

export const ignoreFile = target({
  name: 'ignore-file',
  input: fc.record({ text: pumped([...tokens, '\n', '\n!', '#', ' ']).map(cut), path }),
  run: ({ text, path }: OnPath) => {
    const patterns = parseIgnoreFile(text);
    if (!patterns.ok) return patterns;
    const matcher = ignoreMatcher(patterns.value);
    return [matcher.mayContainIncluded(path), matcher.excludes(path)];
  },
  rows: [
    {
      title: 'stars that each have a choice',
      input: () => ({ text: '*a*a*a*a*a*ab', path: 'a'.repeat(255) }),
      want: 'value',
    },
    {
      title: 'stars that each have a choice, and an end that fits',
      input: () => ({ text: '*a*a*a*a*a*a*b*c', path: `${'a'.repeat(254)}c` }),
      want: 'value',
    },
    {
      title: 'directories that each have a choice',
      input: () => ({ text: `${'**/a/'.repeat(1000)}b`, path: 'a/'.repeat(2000) }),
      want: 'value',
    },
    { title: '60,000 stars', input: () => ({ text: '*'.repeat(60_000), path: 'a/'.repeat(2000) }), want: 'value' },
    {
      title: '20,000 deep stars',
      input: () => ({ text: '**/'.repeat(20_000), path: 'a/'.repeat(2000) }),
      want: 'value',
    },
    {
      title: '13,000 equal patterns and a deep path',
      input: () => ({ text: '*a*b\n'.repeat(13_000), path: 'a/'.repeat(2000) }),
      want: 'value',
    },
    {
      title: '9,000 patterns and a deep path',
      input: () => ({
        text: Array.from({ length: 9000 }, (_, index) => `*a*b${index}\n`).join(''),
        path: 'a/'.repeat(2000),
      }),
      want: 'value',
    },
    {
      title: '30,000 components',
      input: () => ({ text: `!${'a/'.repeat(30_000)}`, path: 'a/'.repeat(2000) }),
      want: 'value',
    },
    { title: '30,000 steps up', input: () => ({ text: '../'.repeat(20_000), path: 'a' }), want: 'value' },
    { title: '60,000 marks of negation', input: () => ({ text: '!'.repeat(60_000), path: 'a' }), want: 'value' },
    {
      title: '30,000 lines that mean nothing',
      input: () => ({ text: '!\n'.repeat(30_000), path: 'a' }),
      want: ['empty-negation'],
    },
  ],
});
