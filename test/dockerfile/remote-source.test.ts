import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeRemote,
  fixedCommit,
  type GitSource,
  isFixed,
  isRemoteSource,
  parseRemoteSource,
  type RemoteFlags,
} from '../../src/dockerfile/remote-source.ts';

const sha1 = '0123456789abcdef0123456789abcdef01234567';
const sha256 = 'a'.repeat(64);

/** Source → what it is; `local` for a path of the context. */
const kinds: Readonly<Record<string, 'local' | 'http' | 'git'>> = {
  'a/b': 'local',
  'x.git': 'local',
  './x.git': 'local',
  'github.com/a/b': 'local',
  'a@b': 'local',
  'https:/x': 'local',
  'http://x': 'http',
  'https://x/a.git.txt': 'http',
  'https://x/a?b=.git': 'http',
  'https://x/a#b.git': 'http',
  'https://x/a.git/': 'http',
  'https://x/a.git': 'git',
  'http://x/a.git?ref=b': 'git',
  'https://x/a.git#b:c': 'git',
  'git://x/a': 'git',
  'ssh://git@x/a': 'git',
  'git@x:a/b': 'git',
  'me@x.y:a.git#b': 'git',
};

for (const [text, kind] of Object.entries(kinds)) {
  test(`${text} is ${kind}`, () => {
    assert.equal(isRemoteSource(text), kind !== 'local');
    const source = kind === 'local' ? undefined : parseRemoteSource(text);
    if (source !== undefined) assert.equal(source.ok && source.value.type, kind);
  });
}

const files: readonly (readonly [text: string, expected: object, flags?: RemoteFlags])[] = [
  ['http://x', { url: 'http://x' }],
  ['http://x/', { url: 'http://x/' }],
  ['http://x/a', { url: 'http://x/a', name: 'a' }],
  ['http://x/a/b/', { url: 'http://x/a/b/', name: 'b' }],
  ['http://x/a%20b?c=d#e', { url: 'http://x/a%20b?c=d', name: 'a b' }],
  ['http://x/a%2fb', { url: 'http://x/a%2fb' }],
  ['http://x/%ff', { url: 'http://x/%ff', name: '%ff' }],
  ['http://x/a', { url: 'http://x/a', name: 'a', checksum: `sha256:${sha256}` }, { checksum: `sha256:${sha256}` }],
];

for (const [text, expected, flags] of files) {
  test(`${text} is a file${flags ? ' with a checksum' : ''}`, () => {
    const source = parseRemoteSource(text, flags);
    assert.deepEqual(source.ok && source.value, { type: 'http', ...expected });
  });
}

const whole = { subdir: '', keepsGitDir: false, submodules: true, byCommit: false };
const repositories: readonly (readonly [text: string, expected: Partial<GitSource>, flags?: RemoteFlags])[] = [
  ['https://x/a.git', { remote: 'https://x/a.git' }],
  ['https://x/a.git#', { remote: 'https://x/a.git' }],
  ['https://x/a.git#v1', { remote: 'https://x/a.git', ref: 'v1' }],
  ['https://x/a.git#v1:b/c', { remote: 'https://x/a.git', ref: 'v1', subdir: 'b/c' }],
  ['https://x/a.git#:b', { remote: 'https://x/a.git', subdir: 'b' }],
  ['https://x/a.git#:/../b/./c/..', { remote: 'https://x/a.git', subdir: 'b' }],
  ['https://x/a.git?ref=v1&subdir=b', { remote: 'https://x/a.git', ref: 'v1', subdir: 'b' }],
  ['https://x/a.git?tag=v1', { remote: 'https://x/a.git', ref: 'refs/tags/v1' }],
  ['https://x/a.git?tag=refs/tags/v1', { remote: 'https://x/a.git', ref: 'refs/tags/v1' }],
  ['https://x/a.git?branch=v1', { remote: 'https://x/a.git', ref: 'refs/heads/v1' }],
  ['https://x/a.git?ref=v1#v1', { remote: 'https://x/a.git', ref: 'v1' }],
  ['https://x/a.git?submodules=false', { remote: 'https://x/a.git', submodules: false }],
  ['https://x/a.git?keep-git-dir', { remote: 'https://x/a.git', keepsGitDir: true }],
  ['https://x/a.git', { remote: 'https://x/a.git', keepsGitDir: true }, { keepGitDir: true }],
  ['https://x/a.git?mtime=commit', { remote: 'https://x/a.git' }],
  [`https://x/a.git?commit=${sha1}`, { remote: 'https://x/a.git', commit: sha1 }],
  ['https://x/a.git#v1', { remote: 'https://x/a.git', ref: 'v1', commit: sha1 }, { checksum: sha1 }],
  [
    `https://x/a.git?ref=v1&checksum=${sha1}&fetch-by-commit=1`,
    { remote: 'https://x/a.git', ref: 'v1', commit: sha1, byCommit: true },
  ],
  ['git@x:a/b.git#v1', { remote: 'git@x:a/b.git', ref: 'v1' }],
];

for (const [text, expected, flags] of repositories) {
  test(`${text} is a repository${flags ? ` with ${Object.keys(flags).join()}` : ''}`, () => {
    const source = parseRemoteSource(text, flags);
    assert.deepEqual(source.ok && source.value, { type: 'git', ...whole, ...expected });
  });
}

const mistakes: readonly (readonly [text: string, message: RegExp, flags?: RemoteFlags])[] = [
  ['ftp://x/a', /scheme/],
  ['http://', /no address/],
  ['http://x/a', /no digest/, { checksum: 'sha256:0' }],
  ['http://x/a', /no digest/, { checksum: sha1 }],
  ['http://x/a', /no git repository/, { keepGitDir: true }],
  ['https://x/a.git?odd=1', /no query odd/],
  ['https://x/a.git?ref=', /ref is empty/],
  ['https://x/a.git?ref=a&ref=b', /ref twice/],
  ['https://x/a.git?ref=a#b', /both b and a/],
  ['https://x/a.git?tag=a&branch=a', /both/],
  ['https://x/a.git?subdir=a#:b', /both b and a/],
  ['https://x/a.git#--upload-pack=x', /begins with -/],
  ['https://x/a.git?submodules=maybe', /maybe/],
  ['https://x/a.git?mtime=now', /now/],
  ['https://x/a.git?fetch-by-commit', /whole commit/],
  ['https://x/a.git?checksum=xyz', /no commit/],
  [`https://x/a.git?checksum=${sha1}`, /checksums/, { checksum: sha256 }],
  ['https://x/a.git?keep-git-dir=false', /differ/, { keepGitDir: true }],
];

for (const [text, message, flags] of mistakes) {
  test(`${text}${flags ? ` with ${JSON.stringify(flags)}` : ''} is a mistake: ${message.source}`, () => {
    const source = parseRemoteSource(text, flags);
    assert.ok(!source.ok);
    assert.match(source.failure.message, message);
  });
}

/** Source → the commit that it can only be; undefined where somebody has to be asked. */
const fixed: readonly (readonly [text: string, commit: string | undefined, flags?: RemoteFlags])[] = [
  ['https://x/a.git', undefined],
  ['https://x/a.git#v1', undefined],
  [`https://x/a.git#${sha1}`, sha1],
  [`https://x/a.git#${sha256}:b`, sha256],
  [`https://x/a.git?checksum=${sha1}`, sha1],
  // The ref may be something else: that is to be told.
  [`https://x/a.git?checksum=${sha1}#v1`, undefined],
  [`https://x/a.git?checksum=${sha1}&fetch-by-commit#v1`, sha1],
  ['https://x/a.git?checksum=0123456', undefined],
];

for (const [text, commit] of fixed) {
  test(`${text} is ${commit === undefined ? 'to be asked for' : 'fixed'}`, () => {
    const source = parseRemoteSource(text);
    assert.ok(source.ok && source.value.type === 'git');
    assert.equal(fixedCommit(source.value), commit);
    assert.equal(isFixed(source.value), commit !== undefined);
  });
}

test('a file is fixed by its checksum', () => {
  const with_ = (flags: RemoteFlags) => parseRemoteSource('http://x/a', flags);
  const [open, closed] = [with_({}), with_({ checksum: `sha256:${sha256}` })];
  assert.deepEqual([open.ok && isFixed(open.value), closed.ok && isFixed(closed.value)], [false, true]);
});

const described: Readonly<Record<string, string>> = {
  'https://me:secret@x/a': 'https://me:***@x/a',
  'https://me@x/a': 'https://me@x/a',
  'https://me:secret@x/a.git#v1:b': 'https://me:***@x/a.git#v1:b',
  'ssh://git:secret@x/a': 'ssh://git:***@x/a',
  'git@x:a:b@c': 'git@x:a:b@c',
};

for (const [text, shown] of Object.entries(described)) {
  test(`${text} is shown as ${shown}`, () => {
    const source = parseRemoteSource(text);
    assert.equal(source.ok && describeRemote(source.value), shown);
  });
}
