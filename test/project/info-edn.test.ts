import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Source } from '../../src/dockerfile/source.ts';
import { parseInfoEdn } from '../../src/project/info-edn.ts';
import { failuresOf, placed, succeeded } from './support/project-files.ts';

const parse = (text: string) => parseInfoEdn(new Source('info.edn', text));

const versions: [title: string, text: string, want: string][] = [
  ['a string', '{:version "1.2.3"}', '1.2.3'],
  ['the last key', '{:platforms ["linux/amd64"], :version "1.2.3"}', '1.2.3'],
  ['a float, as written (Q30)', '{:version 1.20}', '1.20'],
  ['an integer', '{:version 7}', '7'],
  ['behind comments and discarded forms', '; :version "0"\n{#_:x #_ #_ a b :version #_"0" "1.2.3"}', '1.2.3'],
  ['not that of an inner map', '{:a {:version "0.0.1"} :version "1.2.3"}', '1.2.3'],
  ['not a string key', '{"version" "0.0.1" :version "1.2.3"}', '1.2.3'],
  ['behind a byte order mark', '\ufeff{:version "1.2.3"}', '1.2.3'],
  ['with CRLF', '{:platforms "linux/amd64"\r\n :version\r\n "1.2.3"}\r\n', '1.2.3'],
];
for (const [title, text, want] of versions) {
  test(`parseInfoEdn() finds the version and its place: ${title}`, () => {
    const { version, metadata } = succeeded(parse(text));
    const { offset, length } = metadata.versionAt;
    assert.deepEqual([version, text.slice(offset, offset + length)], [want, want]);
  });
}

test('parseInfoEdn() gives the place of an escaped version as written', () => {
  const text = '{:version "1\\u002e0.0"}';
  const { version, metadata } = succeeded(parse(text));
  assert.deepEqual([version, metadata.versionAt.offset, metadata.versionAt.length], ['1.0.0', 11, 10]);
});

const platforms: [title: string, text: string, want: readonly string[]][] = [
  ['none', '', []],
  ['a list', ':platforms ["linux/arm64" "linux/amd64"]', ['linux/arm64', 'linux/amd64']],
  ['a set', ':platforms #{"linux/arm64"}', ['linux/arm64']],
  ['a string (Q31)', ':platforms "linux/amd64"', ['linux/amd64']],
  ['a string with commas', ':platforms "linux/amd64, linux/arm/v7"', ['linux/amd64', 'linux/arm/v7']],
  ['repeats (Q13)', ':platforms ["linux/arm64" "linux/amd64" "linux/aarch64"]', ['linux/arm64', 'linux/amd64']],
];
for (const [title, text, want] of platforms) {
  test(`parseInfoEdn() reads platforms: ${title}`, () => {
    const info = succeeded(parse(`{:version "1.0.0" ${text}}`));
    const shown = info.platforms.map(({ os, architecture, variant }) => [os, architecture, variant].filter(Boolean));
    assert.deepEqual(
      shown.map((parts) => parts.join('/')),
      want,
    );
  });
}

test('parseInfoEdn() reads variants', () =>
  assert.deepEqual(succeeded(parse('{:version "1.0.0" :variants ["slim" "slim" "alpine"]}')).variants, [
    'slim',
    'alpine',
  ]));

test('parseInfoEdn() keeps other keys and unknown tags (Q29, Q32)', () => {
  const text =
    '{:version "1.0.0" :a/b #my/tag {:x 1} :list (1 2) :set #{:k} "text" nil :when #inst "2024-01-01T00:00:00Z"}';
  const { other } = succeeded(parse(text)).metadata;
  assert.deepEqual(
    [...other].map(([name, { kind, offset, end }]) => [name, kind, text.slice(offset, end)]),
    [
      ['a/b', 'tagged', '#my/tag {:x 1}'],
      ['list', 'list', '(1 2)'],
      ['set', 'set', '#{:k}'],
      ['"text"', 'nil', 'nil'],
      ['when', 'tagged', '#inst "2024-01-01T00:00:00Z"'],
    ],
  );
});

const warnings: [title: string, text: string, want: readonly string[]][] = [
  ['nothing about semver', '{:version "1.0.0"}', []],
  ['nothing about a prerelease', '{:version "1.0.0-rc.1"}', []],
  ['a version that is not semver (Q30)', '{:version "1.2"}', ['version-not-semver info.edn:1:12']],
  ['a slip in a key', '{:version "1.0.0" :platfroms ["linux/amd64"]}', ['misspelt-key info.edn:1:19']],
  ["a key of somebody else's", '{:version "1.0.0" :versions 1 :owner "me" "platforms" 2}', []],
  ['more forms (Q28)', '{:version "1.0.0"} {:version "2.0.0"} garbage', ['edn-extra-forms info.edn:1:20']],
];
for (const [title, text, want] of warnings) {
  test(`parseInfoEdn() warns: ${title}`, () => assert.deepEqual(succeeded(parse(text)).notices.map(placed), want));
}

const loads: [text: string, want: string | undefined][] = [
  ['', undefined],
  [':load true', 'auto'],
  [':load false', undefined],
  [':load nil', undefined],
  [':load "docker"', 'docker'],
  [':load "podman"', 'podman'],
];
for (const [text, want] of loads) {
  test(`parseInfoEdn() reads where an image is loaded: ${text}`, () =>
    assert.equal(succeeded(parse(`{:version "1.0.0" ${text}}`)).load, want));
}

const remedies: readonly (readonly [text: string, want: string])[] = [
  ['{:version 1e3}', 'write :version "1.0.0"'],
  ['{:version "1.0.0" :platforms {:a 1}}', 'write :platforms ["linux/amd64" "linux/arm64"]'],
  ['{:version "1.0.0" :variants 5}', 'write :variants ["slim"]'],
  ['{:version "1.0.0" :load "zap"}', 'write :load true'],
];
for (const [text, want] of remedies) {
  test(`parseInfoEdn() says what to write in place of ${text}`, () => {
    const parsed = parse(text);
    assert.equal(parsed.ok ? undefined : parsed.failure[0]?.hint, want);
  });
}

const failures: [title: string, text: string, want: readonly string[]][] = [
  ['a program that images are not loaded into', '{:version "1.0.0" :load "nerdctl"}', ['wrong-type info.edn:1:25']],
  ['a load of another type', '{:version "1.0.0" :load ["docker"]}', ['wrong-type info.edn:1:25']],
  ['an empty file', '', ['info-not-a-map info.edn:1:1']],
  ['only a comment', '; nothing\n', ['info-not-a-map info.edn:1:1']],
  ['another form (Q27)', ' ["1.0.0"]', ['info-not-a-map info.edn:1:2']],
  ['a tagged map', '#x {:version "1.0.0"}', ['info-not-a-map info.edn:1:1']],
  ['no version (Q27)', '{:platforms "linux/amd64"}', ['missing-version info.edn:1:1']],
  ['version nil', '{:version nil}', ['wrong-type info.edn:1:11']],
  ['a version of another type', '{:version\n  [1 0 0]}', ['wrong-type info.edn:2:3']],
  ['a symbol for a version', '{:version latest}', ['wrong-type info.edn:1:11']],
  ['a number no tag is', '{:version 1e3}', ['wrong-type info.edn:1:11']],
  ['a negative version', '{:version -1}', ['wrong-type info.edn:1:11']],
  ['an unquoted version', '{:version 1.0.0}', ['edn-syntax info.edn:1:11']],
  ['an empty version', '{:version ""}', ['illegal-version info.edn:1:12']],
  ['a version that is no tag', '{:version "1.0.0+x"}', ['illegal-version info.edn:1:12']],
  ['no platforms (Q31)', '{:version "1.0.0" :platforms []}', ['empty-platforms info.edn:1:30']],
  ['an empty platform (Q31)', '{:version "1.0.0" :platforms ""}', ['empty-platforms info.edn:1:30']],
  ['a trailing comma', '{:version "1.0.0" :platforms "linux/amd64,"}', ['platform-malformed info.edn:1:30']],
  ['platforms of another type', '{:version "1.0.0" :platforms {:a 1}}', ['wrong-type info.edn:1:30']],
  ['keywords for platforms', '{:version "1.0.0" :platforms [:linux/amd64]}', ['wrong-type info.edn:1:31']],
  ['an unknown platform', '{:version "1.0.0" :platforms ["linux/amd46"]}', ['platform-unknown info.edn:1:31']],
  [
    'a platform of another system',
    '{:version "1" :platforms ["windows/amd64"]}',
    ['platform-unsupported info.edn:1:27'],
  ],
  ['a variant that is no suffix', '{:version "1.0.0" :variants ["-slim"]}', ['invalid-variant info.edn:1:30']],
  [
    'everything at once',
    '{:version "a b"\n :platforms ["x/y" "linux/"]\n :variants 1}',
    [
      'illegal-version info.edn:1:12',
      'platform-unknown info.edn:2:14',
      'platform-malformed info.edn:2:20',
      'wrong-type info.edn:3:12',
    ],
  ],
];
for (const [title, text, want] of failures) {
  test(`parseInfoEdn() fails: ${title}`, () => assert.deepEqual(failuresOf(parse(text)), want));
}

test('parseInfoEdn() finds the version among any other keys, layout and comments', () => {
  const blank = fc.stringMatching(/^(?:[ ,\n\t]|\r\n|; [a-z":{}]*\n)+$/);
  const value = fc.constantFrom(
    '1',
    '"a \\" }"',
    '\\}',
    ':k',
    'nil',
    '[1 {"x" #{2}}]',
    '#t (a)',
    '#_ {:version "0"} x',
  );
  const entry = fc.tuple(fc.stringMatching(/^[a-u]{1,6}$/), value);
  const entries = fc.uniqueArray(entry, { selector: ([key]) => key, maxLength: 6 });
  fc.assert(
    fc.property(entries, entries, blank, (before, after, gap) => {
      const pairs = (list: [string, string][], prefix: string) =>
        list.map(([key, text]) => `:${prefix}${key}${gap}${text}`);
      const text = `${gap}{${[...pairs(before, 'a'), ':version "1.2.3"', ...pairs(after, 'b')].join(gap)}${gap}}${gap}`;
      const { metadata } = succeeded(parse(text));
      assert.equal(metadata.versionAt.offset, text.indexOf('"1.2.3"') + 1);
      assert.equal(metadata.other.size, before.length + after.length);
    }),
  );
});
