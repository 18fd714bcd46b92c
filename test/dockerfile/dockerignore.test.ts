import assert from 'node:assert/strict';
import { posix } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { ignoreMatcher, parseIgnoreFile, parseIgnorePattern } from '../../src/dockerfile/dockerignore.ts';
import { reasonsIn, valueIn } from './outcome.ts';

const files: [title: string, text: string, want: readonly string[]][] = [
  ['nothing', '', []],
  ['one a line, last line without a newline', 'a\nb', ['a', 'b']],
  ['no empty lines', '\n\n  \na\n\t\n', ['a']],
  ['no comments, but only in the first column', '# a\n #b\n!# c\n', ['#b', '!# c']],
  ['no byte order mark', '\ufeffa\n', ['a']],
  ['a comment behind a byte order mark', '\ufeff# a\nb', ['b']],
  ['CRLF', 'a\r\n\r\n!b\r\n', ['a', '!b']],
  ['no blanks around', '  a b \t\n', ['a b']],
  ['negations, blanks behind the mark away', '!a\n!  b\n ! c', ['!a', '!b', '!c']],
  ['clean paths', './a\nb/\nc//d\ne/./f\ng/../h\n/i\n!/j/', ['a', 'b', 'c/d', 'e/f', 'h', 'i', '!j']],
  ['what cleaning leaves', '.\n/\n..\n../a\n/../b', ['.', '/', '..', '../a', 'b']],
  ['a ! that is no mark', '/!a\n./!b\n!!c\n!/!d', ['\\!a', '\\!b', '!!c', '!!d']],
  ['wildcards', '*.log\n**/x\na\\*\n[a-c]?', ['*.log', '**/x', 'a\\*', '[a-c]?']],
];
for (const [title, text, want] of files) {
  test(`parseIgnoreFile() keeps ${title}`, () => assert.deepEqual(valueIn(parseIgnoreFile(text)), want));
}

test('parseIgnoreFile() reports every line that is wrong, with its place', () => {
  const result = parseIgnoreFile('a\n!\n[b\n  ![]c]\nd\\\n', 'ctx/.dockerignore');
  assert.ok(!result.ok);
  assert.deepEqual(
    result.failure.map(({ reason, at }) => [reason, at?.file, at?.line]),
    [
      ['empty-negation', 'ctx/.dockerignore', 2],
      ['bad-pattern', 'ctx/.dockerignore', 3],
      ['bad-pattern', 'ctx/.dockerignore', 4],
      ['bad-pattern', 'ctx/.dockerignore', 5],
    ],
  );
});

test('parseIgnorePattern() cleans one pattern, and refuses an empty one', () => {
  assert.equal(valueIn(parseIgnorePattern(' ./a//b/ ')), 'a/b');
  assert.deepEqual(reasonsIn(parseIgnorePattern(' ')), ['bad-pattern']);
  assert.deepEqual(reasonsIn(parseIgnorePattern('!')), ['empty-negation']);
  assert.deepEqual(reasonsIn(parseIgnorePattern('!/')), ['empty-negation']);
});

test('ignoreMatcher() takes an unchecked pattern for a bug', () => {
  assert.throws(() => ignoreMatcher(['[']), /unchecked ignore pattern/);
});

const cases: [patterns: string, excluded: string, included: string][] = [
  ['', '', 'a a/b'],
  ['a', 'a a/b a/b/c', 'b b/a ab'],
  ['a/b', 'a/b a/b/c', 'a a/c b x/a/b'],
  ['*', 'a a/b .a', ''],
  ['*/b', 'a/b a/b/c', 'a b a/c'],
  ['*.log', 'x.log .log', 'a/x.log x.logs'],
  ['**/*.log', 'x.log a/x.log a/b/x.log', 'x.txt'],
  ['**/node_modules', 'node_modules a/node_modules a/node_modules/x', 'my_node_modules a/xnode_modules'],
  ['**.log', 'x.log a/x.log', 'x.txt'],
  ['a/**', 'a/b a/b/c', 'a ab'],
  ['a/**/z', 'a/z a/b/z a/b/c/z a/z/y', 'z b/a/z a/bz'],
  ['a**', 'a ab a/b', 'ba'],
  ['**', 'a a/b', ''],
  ['a?c', 'abc a.c', 'ac a/c abbc'],
  ['[a-c]x', 'ax cx', 'dx x'],
  ['[^a-c]x', 'dx', 'ax'],
  ['a.b+(c)', 'a.b+(c)', 'aXb+(c)'],
  ['\\*', '*', 'a'],
  ['\\d\\+', 'd+', '1 11'],
  ['[*]', '*', 'a'],
  ['한*', '한글 한', '글한'],
  ['* !!b', 'a b', '!b !b/c'],
  ['\\!a', '!a', 'a'],
  ['* !b', 'a b/../a', 'b b/c'],
  ['* !b/c', 'a b b/d', 'b/c b/c/d'],
  ['a !a/b a/b/c', 'a a/c a/b/c', 'a/b a/b/d'],
  ['!a a', 'a', 'b'],
  ['a !a', '', 'a a/b'],
  ['**/x !**/x/keep', 'x a/x a/x/b', 'x/keep a/x/keep/y'],
  // What would change nothing about a directory counts for nothing below it.
  ['**/*.key !config', 'config/a.key config/sub/b.key', 'config config/a'],
  ['**/*.key !config/**', 'a.key', 'config config/a.key config/sub/b.key'],
  ['*.key !config', 'a.key', 'config config/a.key'],
  ['config **/*.key !config', 'a.key', 'config config/a.key config/a'],
  ['d !d/x d', 'd d/y', 'd/x'],
  ['d !d/x d*', 'd d/y d2', 'd/x'],
  ['d !d/x **/x', 'd d/x d/y', ''],
];
for (const [patterns, excluded, included] of cases) {
  test(`ignoreMatcher() with ${patterns || 'no patterns'}`, () => {
    const matcher = ignoreMatcher(patterns.split(' ').filter(Boolean));
    const paths = (list: string) =>
      list
        .split(' ')
        .filter(Boolean)
        .map((path) => posix.normalize(path));
    assert.deepEqual(
      paths(excluded).filter((path) => !matcher.excludes(path)),
      [],
    );
    assert.deepEqual(
      paths(included).filter((path) => matcher.excludes(path)),
      [],
    );
  });
}

test('ignoreMatcher() never excludes the context itself, and reads paths with slashes around them', () => {
  const matcher = ignoreMatcher(['**']);
  assert.deepEqual(
    ['', '.'].map((path) => matcher.excludes(path)),
    [false, false],
  );
  assert.deepEqual(
    ['', '.'].map((path) => matcher.mayContainIncluded(path)),
    [true, true],
  );
  assert.equal(ignoreMatcher(['a/b']).excludes('/a/b/'), true);
});

const pruned: [patterns: string, directory: string, want: boolean][] = [
  ['a', 'a', false],
  ['a', 'b', true],
  ['a !b', 'a', false],
  ['a !a/b', 'a', true],
  ['a !a/b', 'a/c', false],
  ['* !a/b/c', 'a', true],
  ['* !a/b/c', 'a/b', true],
  ['* !a/b/c', 'a/c', false],
  ['* !a/*/c', 'a/x', true],
  ['* !*.txt', 'a', false],
  ['* !**/*.txt', 'a/b/c', true],
  ['* !a/**/c', 'a/b/c/d', true],
  ['* !a/**/c', 'b', false],
  ['* !a**', 'ab', true],
  ['!a/b *', 'a', false],
];
for (const [patterns, directory, want] of pruned) {
  test(`mayContainIncluded() with ${patterns} says ${want} of ${directory}`, () => {
    assert.equal(ignoreMatcher(patterns.split(' ')).mayContainIncluded(directory), want);
  });
}

const name = fc.constantFrom('a', 'b', 'ab', 'c.x');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
const pattern = fc
  .tuple(
    fc.constantFrom('', '', '!'),
    fc.array(fc.constantFrom('a', 'b', '*', '**', '?b', 'a*', '[^a]', '*.x', 'ab'), { minLength: 1, maxLength: 4 }),
  )
  .map(([mark, names]) => mark + names.join('/'));

test('no directory that a walk need not enter holds an included path', () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 5 }), fc.array(path, { maxLength: 20 }), (patterns, paths) => {
      const matcher = ignoreMatcher(patterns);
      for (const inside of paths) {
        for (let above = posix.dirname(inside); above !== '.'; above = posix.dirname(above)) {
          if (matcher.mayContainIncluded(above)) continue;
          assert.equal(matcher.excludes(inside), true, `${patterns.join(' ')}: ${inside} in ${above}`);
        }
      }
    }),
    { numRuns: 400 },
  );
});

test('the order in which paths are asked for changes no answer', () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 5 }), fc.array(path, { maxLength: 20 }), (patterns, paths) => {
      const matcher = ignoreMatcher(patterns);
      const answers = paths.map((asked) => matcher.excludes(asked));
      assert.deepEqual(
        answers,
        paths.map((asked) => ignoreMatcher(patterns).excludes(asked)),
      );
    }),
  );
});
