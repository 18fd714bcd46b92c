import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import {
  familiarReference,
  formatReference,
  parseReference,
  type Reference,
  tagOrDigest,
  withDigest,
  withTag,
} from '../../src/oci/reference.ts';
import { conformanceDir, needs } from '../support/needs.ts';

const digest = digestOf('');

const good: [title: string, text: string, want: Reference][] = [
  ['defaults', 'busybox', { registry: 'docker.io', repository: 'library/busybox', tag: 'latest' }],
  ['tag', 'debian:12', { registry: 'docker.io', repository: 'library/debian', tag: '12' }],
  ['namespace of the hub', 'grafana/loki:2', { registry: 'docker.io', repository: 'grafana/loki', tag: '2' }],
  [
    'old name of the hub',
    'index.docker.io/debian',
    { registry: 'docker.io', repository: 'library/debian', tag: 'latest' },
  ],
  ['hub in full', 'docker.io/library/debian:1', { registry: 'docker.io', repository: 'library/debian', tag: '1' }],
  ['host by port', 'host:5000/a', { registry: 'host:5000', repository: 'a', tag: 'latest' }],
  ['host by dot', 'ghcr.io/a/b/c', { registry: 'ghcr.io', repository: 'a/b/c', tag: 'latest' }],
  ['host by name', 'localhost/a', { registry: 'localhost', repository: 'a', tag: 'latest' }],
  ['IPv6', '[::1]:5000/a:b', { registry: '[::1]:5000', repository: 'a', tag: 'b' }],
  ['upper case in a host', 'Registry.Example.COM/a:b', { registry: 'Registry.Example.COM', repository: 'a', tag: 'b' }],
  ['upper case in a tag', 'a:RC1', { registry: 'docker.io', repository: 'library/a', tag: 'RC1' }],
  ['digest without tag', `a@${digest}`, { registry: 'docker.io', repository: 'library/a', digest }],
  ['digest and tag', `a:1@${digest}`, { registry: 'docker.io', repository: 'library/a', tag: '1', digest }],
  ['separators', 'x.io/a__b/c--d/e.f_g', { registry: 'x.io', repository: 'a__b/c--d/e.f_g', tag: 'latest' }],
];
for (const [title, text, want] of good) {
  test(`parseReference() understands ${title}: ${text}`, () => {
    const got = parseReference(text);
    assert.deepEqual(got, { ok: true, value: want });
    assert.deepEqual(parseReference(formatReference(want)), { ok: true, value: want }, 'formatted and parsed again');
  });
}

const bad: [title: string, text: string, reason: string][] = [
  ['nothing', '', 'reference-empty'],
  ['upper case', 'Debian:12', 'reference-upper-case'],
  ['upper case in a namespace', 'Grafana/loki', 'reference-upper-case'],
  ['an address', 'https://ghcr.io/a', 'reference-malformed'],
  ['an unexpanded variable', '${REGISTRY}/base', 'reference-malformed'],
  ['blanks', ' debian', 'reference-malformed'],
  ['a line end', 'debian\n', 'reference-malformed'],
  ['an empty component', 'x.io//a', 'reference-malformed'],
  ['an empty tag', 'a:', 'reference-malformed'],
  ['a leading separator', 'x.io/-a', 'reference-malformed'],
  ['a climb', 'x.io/../a', 'reference-malformed'],
  ['a tag that is too long', `a:${'x'.repeat(129)}`, 'reference-malformed'],
  ['a repository that is too long', `x.io/${'x'.repeat(256)}`, 'reference-too-long'],
  ['a short digest', 'a@sha256:abcd', 'digest-invalid'],
  ['a digest in upper case', `a@sha256:${digest.slice(7).toUpperCase()}`, 'digest-invalid'],
  ['another algorithm', `a@sha512:${'0'.repeat(128)}`, 'digest-unsupported'],
  ['an identifier', digest.slice(7), 'reference-is-identifier'],
];
for (const [title, text, reason] of bad) {
  test(`parseReference() refuses ${title}: ${JSON.stringify(text.slice(0, 40))}`, () => {
    const got = parseReference(text);
    assert.deepEqual(got.ok ? got : got.failure.map((failure) => failure.reason), [reason]);
  });
}

interface Recorded {
  readonly input?: string;
  readonly domain?: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly error?: string;
}
const recorded: readonly Recorded[] = needs('conformance data').skip
  ? []
  : JSON.parse(readFileSync(join(conformanceDir, 'reference', 'parse.json'), 'utf8'));
const reasons: Readonly<Record<string, string>> = {
  ErrNameEmpty: 'reference-empty',
  ErrNameContainsUppercase: 'reference-upper-case',
  ErrReferenceInvalidFormat: 'reference-malformed',
  'digest.ErrDigestInvalidLength': 'digest-invalid',
  'digest.ErrDigestUnsupported': 'digest-unsupported',
};

test('parseReference() agrees with what distribution/reference recorded', needs('conformance data'), async (t) => {
  const cases = recorded.filter((one) => one.input !== undefined);
  assert.ok(cases.length > 30);
  for (const { input, domain, repository, tag, digest: itsDigest, error } of cases) {
    await t.test(JSON.stringify(input!.slice(0, 60)), () => {
      const got = parseReference(input!);
      if (error !== undefined) {
        assert.deepEqual(got.ok ? got : got.failure.map((failure) => failure.reason), [reasons[error]]);
        return;
      }
      assert.ok(got.ok);
      // What was recorded is the grammar alone: without the defaults, and with a first component as domain that may be none.
      const isReallyHost = domain !== undefined && /[.:]|^localhost$/.test(domain);
      const path = isReallyHost ? repository!.slice(domain.length + 1) : repository!;
      assert.deepEqual(got.value, {
        registry: isReallyHost ? domain : 'docker.io',
        repository: isReallyHost || path.includes('/') ? path : `library/${path}`,
        ...(tag !== undefined && { tag }),
        ...(itsDigest !== undefined && { digest: itsDigest }),
        ...(tag === undefined && itsDigest === undefined && { tag: 'latest' }),
      });
    });
  }
});

const familiar: [full: string, want: string][] = [
  ['docker.io/library/debian:latest', 'debian'],
  ['docker.io/library/debian:12', 'debian:12'],
  ['docker.io/grafana/loki:2', 'grafana/loki:2'],
  ['docker.io/library/a/b:1', 'library/a/b:1'],
  ['ghcr.io/a/b:latest', 'ghcr.io/a/b'],
  [`docker.io/library/debian:latest@${digest}`, `debian:latest@${digest}`],
  [`docker.io/library/debian@${digest}`, `debian@${digest}`],
];
for (const [full, want] of familiar) {
  test(`familiarReference() of ${full} is ${want} and means the same`, () => {
    const got = parseReference(full);
    assert.ok(got.ok);
    assert.equal(familiarReference(got.value), want);
    assert.deepEqual(parseReference(want), got);
  });
}

test('withTag() drops the digest, withDigest() keeps the tag, tagOrDigest() prefers the digest', () => {
  const pinned = withDigest({ registry: 'x.io', repository: 'a', tag: '1' }, digest);
  assert.equal(formatReference(pinned), `x.io/a:1@${digest}`);
  assert.equal(tagOrDigest(pinned), digest);
  assert.equal(formatReference(withTag(pinned, '2')), 'x.io/a:2');
  assert.equal(tagOrDigest(withTag(pinned, '2')), '2');
});
