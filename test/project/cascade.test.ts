import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cascade, type CascadeOptions, planCascade } from '../../src/project/cascade.ts';
import type { ImageName } from '../../src/project/image-name.ts';
import { failuresOf, graphOf, image, type ProjectFiles, placed, succeeded } from './support/project-files.ts';
import { thirtyTwoImages } from './support/thirty-two-images.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

const plan = (files: ProjectFiles, options?: CascadeOptions) => planCascade(graphOf(files), options);
const bumps = (cascade: Cascade) =>
  cascade.bumps.map(({ name, from, to, because }) => `${name} ${from} → ${to}: ${because.join(', ')}`);
const changes = (cascade: Cascade) => Object.fromEntries(cascade.files.map(({ file, after }) => [file, after]));

/** A base at this version, and a child with these lines. */
const withBase = (version: string, ...dockerfile: readonly string[]): ProjectFiles => ({
  '00-base': image(version, 'FROM scratch'),
  '01-child': image('1.0.0', ...dockerfile),
});

const edits: [title: string, base: string, before: string, after: string, options?: CascadeOptions][] = [
  ['a reference', '1.0.1', 'FROM ${REGISTRY}/base:1.0.0', 'FROM ${REGISTRY}/base:1.0.1'],
  [
    'every spelling (Q64)',
    '1.0.1',
    'FROM --platform=linux/amd64 ${REGISTRY:-x}/base:1.0.0 AS y',
    'FROM --platform=linux/amd64 ${REGISTRY:-x}/base:1.0.1 AS y',
  ],
  [
    'COPY --from (Q64)',
    '1.0.1',
    'FROM scratch\nCOPY --from=$REGISTRY/base:1.0.0 /a /b',
    'FROM scratch\nCOPY --from=$REGISTRY/base:1.0.1 /a /b',
  ],
  [
    'RUN --mount (Q64)',
    '1.0.1',
    'FROM scratch\nRUN --mount=from=$REGISTRY/base:1.0.0,target=/x y',
    'FROM scratch\nRUN --mount=from=$REGISTRY/base:1.0.1,target=/x y',
  ],
  [
    'ONBUILD',
    '1.0.1',
    'FROM scratch\nONBUILD COPY --from=$REGISTRY/base:1.0.0 / /',
    'FROM scratch\nONBUILD COPY --from=$REGISTRY/base:1.0.1 / /',
  ],
  [
    'the default of an ARG (Q65)',
    '1.0.1',
    'ARG V=1.0.0\nFROM ${REGISTRY}/base:${V}',
    'ARG V=1.0.1\nFROM ${REGISTRY}/base:${V}',
  ],
  [
    'an ARG used twice for the same image',
    '1.0.1',
    'ARG V=1.0.0\nFROM $REGISTRY/base:$V AS a\nFROM $REGISTRY/base:$V',
    'ARG V=1.0.1\nFROM $REGISTRY/base:$V AS a\nFROM $REGISTRY/base:$V',
  ],
  [
    'no heredoc (Q68)',
    '1.0.1',
    'FROM $REGISTRY/base:1.0.0\nRUN <<E\nFROM ${REGISTRY}/base:1.0.0\nE',
    'FROM $REGISTRY/base:1.0.1\nRUN <<E\nFROM ${REGISTRY}/base:1.0.0\nE',
  ],
  ['a prerelease of the base (Q71)', '1.0.1-rc.1', 'FROM $REGISTRY/base:1.0.0', 'FROM $REGISTRY/base:1.0.1-rc.1'],
  ['a prerelease to the next (Q71)', '1.0.1-rc.2', 'FROM $REGISTRY/base:1.0.1-rc.1', 'FROM $REGISTRY/base:1.0.1-rc.2'],
  ['a prerelease to its release (Q71)', '1.0.1', 'FROM $REGISTRY/base:1.0.1-rc.2', 'FROM $REGISTRY/base:1.0.1'],
  ['a version that is not semver (Q72)', '1.3', 'FROM $REGISTRY/base:1.2', 'FROM $REGISTRY/base:1.3'],
  [
    'two references to one image (Q81)',
    '2.0.0',
    'FROM $REGISTRY/base:1.0.0 AS a\nFROM $REGISTRY/base:1.1.0',
    'FROM $REGISTRY/base:2.0.0 AS a\nFROM $REGISTRY/base:2.0.0',
  ],
  [
    'a newer reference if allowed (Q73)',
    '1.0.0',
    'FROM $REGISTRY/base:1.0.1',
    'FROM $REGISTRY/base:1.0.0',
    { allowDowngrade: true },
  ],
  ['a tag, and drops its digest (Q70)', '1.0.1', `FROM $REGISTRY/base:1.0.0@${digest}`, 'FROM $REGISTRY/base:1.0.1'],
];
for (const [title, base, before, after, options] of edits) {
  test(`planCascade() edits ${title}`, () => {
    const cascade = succeeded(plan(withBase(base, before), options));
    const to = /-(?:rc|beta)/.test(base) ? '1.0.1-rc.1' : '1.0.1';
    assert.deepEqual(bumps(cascade), [`child 1.0.0 → ${to}: base`]);
    assert.deepEqual(changes(cascade), {
      'contexts/01-child/Dockerfile': `ARG REGISTRY\n${after}\n`,
      'contexts/01-child/info.edn': `{:version "${to}"}\n`,
    });
  });
}

const untouched: [title: string, base: string, line: string, notices: string[]][] = [
  ['a current reference (Q80)', '1.0.0', 'FROM $REGISTRY/base:1.0.0', []],
  ['a current reference with a digest', '1.0.0', `FROM $REGISTRY/base:1.0.0@${digest}`, []],
  ['latest (Q66)', '1.0.1', 'FROM $REGISTRY/base:latest', ['floating-reference contexts/01-child/Dockerfile:2:6']],
  ['a minor (Q66)', '1.0.1', 'FROM $REGISTRY/base:1.0', ['floating-reference contexts/01-child/Dockerfile:2:6']],
  ['no tag', '1.0.1', 'FROM $REGISTRY/base', ['floating-reference contexts/01-child/Dockerfile:2:6']],
  ['a digest alone', '1.0.1', `FROM $REGISTRY/base@${digest}`, ['digest-pinned contexts/01-child/Dockerfile:2:6']],
  ['an image from elsewhere', '1.0.1', 'FROM base:1.0.0', []],
];
for (const [title, base, line, notices] of untouched) {
  test(`planCascade() leaves ${title} alone`, () => {
    const cascade = succeeded(plan(withBase(base, line)));
    assert.deepEqual(cascade, { directory: '/project', bumps: [], edits: [], files: [], notices: cascade.notices });
    assert.deepEqual(cascade.notices.map(placed), notices);
  });
}

const failures: [title: string, files: ProjectFiles, want: string[], options?: CascadeOptions][] = [
  [
    'a reference newer than its parent (Q73)',
    withBase('1.0.0', 'FROM $REGISTRY/base:1.0.1'),
    ['reference-newer-than-parent contexts/01-child/Dockerfile:2:6'],
  ],
  [
    'an undeclared variant (Q69)',
    withBase('1.0.1', 'FROM $REGISTRY/base:1.0.0-slim'),
    ['undeclared-variant contexts/01-child/Dockerfile:2:6'],
  ],
  [
    'a version in pieces',
    withBase('1.0.1', 'ARG P=0', 'FROM $REGISTRY/base:1.0.$P'),
    ['uneditable-reference contexts/01-child/Dockerfile:3:6'],
  ],
  [
    'a digest, if told so (Q70)',
    withBase('1.0.1', `FROM $REGISTRY/base:1.0.0@${digest}`),
    ['digest-in-the-way contexts/01-child/Dockerfile:2:6'],
    { digests: 'fail' },
  ],
  [
    'a digest that is not in one piece (Q70)',
    withBase('1.0.1', `ARG D=${digest}`, 'FROM $REGISTRY/base:1.0.0@$D'),
    ['digest-in-the-way contexts/01-child/Dockerfile:3:6'],
  ],
  [
    'an ARG of another image, too (Q65)',
    withBase('1.0.1', 'ARG V=1.0.0', 'FROM $REGISTRY/base:$V', 'COPY --from=debian:$V / /'),
    ['ambiguous-argument contexts/01-child/Dockerfile:2:7'],
  ],
  [
    'an ARG of two images that part (Q65)',
    {
      ...withBase('1.0.1', 'ARG V=1.0.0', 'FROM $REGISTRY/base:$V', 'COPY --from=$REGISTRY/other:$V / /'),
      '00-other': image('1.0.0', 'FROM scratch'),
    },
    ['ambiguous-argument contexts/01-child/Dockerfile:2:7'],
  ],
  [
    'an ARG of two images that part differently (Q65)',
    {
      ...withBase('1.0.1', 'ARG V=1.0.0', 'FROM $REGISTRY/base:$V', 'COPY --from=$REGISTRY/other:$V / /'),
      '00-other': image('1.0.2', 'FROM scratch'),
    },
    ['ambiguous-argument contexts/01-child/Dockerfile:2:7'],
  ],
  [
    'a version without a number (Q72)',
    { '00-base': image('1.0.1', 'FROM scratch'), '01-child': image('stable', 'FROM $REGISTRY/base:1.0.0') },
    ['unraisable-version contexts/01-child/info.edn:1:12'],
  ],
  [
    'all of them at once, and nothing is planned (Q66)',
    {
      ...withBase('1.0.1', 'FROM $REGISTRY/base:1.0.0-slim', 'COPY --from=$REGISTRY/base:7.0.0 / /'),
      '02-other': image('stable', 'FROM $REGISTRY/base:1.0.0'),
    },
    [
      'undeclared-variant contexts/01-child/Dockerfile:2:6',
      'reference-newer-than-parent contexts/01-child/Dockerfile:3:13',
      'unraisable-version contexts/02-other/info.edn:1:12',
    ],
  ],
];
for (const [title, files, want, options] of failures) {
  test(`planCascade() fails: ${title}`, () => assert.deepEqual(failuresOf(plan(files, options)), want));
}

test('planCascade() keeps the suffix of a declared variant (Q69)', () => {
  const files = {
    base: { Dockerfile: 'FROM scratch', 'info.edn': '{:version "1.0.1" :variants ["slim"]}' },
    child: image('1.0.0', 'ARG KIND=-slim', 'FROM $REGISTRY/base:1.0.0-slim AS a', 'FROM $REGISTRY/base:1.0.0${KIND}'),
  };
  assert.equal(
    changes(succeeded(plan(files)))['contexts/child/Dockerfile'],
    'ARG REGISTRY\nARG KIND=-slim\nFROM $REGISTRY/base:1.0.1-slim AS a\nFROM $REGISTRY/base:1.0.1${KIND}\n',
  );
});

test('planCascade() warns of each digest that it drops (Q70)', () => {
  const cascade = succeeded(plan(withBase('1.0.1', `FROM $REGISTRY/base:1.0.0@${digest}`)));
  assert.deepEqual(cascade.notices.map(placed), ['digest-dropped contexts/01-child/Dockerfile:2:6']);
});

test('planCascade() bumps a diamond once per image (Q74)', () => {
  const files = {
    '00-root': image('1.0.1', 'FROM scratch'),
    '01-left': image('1.0.0', 'FROM $REGISTRY/root:1.0.0'),
    '01-right': image('1.0.0', 'FROM $REGISTRY/root:1.0.0'),
    '02-join': image('1.0.0', 'FROM $REGISTRY/left:1.0.0', 'COPY --from=$REGISTRY/right:1.0.0 / /'),
  };
  assert.deepEqual(bumps(succeeded(plan(files))), [
    'left 1.0.0 → 1.0.1: root',
    'right 1.0.0 → 1.0.1: root',
    'join 1.0.0 → 1.0.1: left, right',
  ]);
});

test('planCascade() needs no second run where a child sorts before its parent (Q79)', () => {
  const files = {
    a: image('1.0.0', 'FROM $REGISTRY/b:1.0.0'),
    b: image('1.0.0', 'FROM $REGISTRY/c:1.0.0'),
    c: image('1.0.1', 'FROM scratch'),
  };
  assert.deepEqual(bumps(succeeded(plan(files))), ['b 1.0.0 → 1.0.1: c', 'a 1.0.0 → 1.0.1: b']);
});

test('planCascade() keeps CRLF, byte order marks and missing newlines (Q77)', () => {
  const files = {
    base: image('1.0.1', 'FROM scratch'),
    root: { Dockerfile: 'FROM scratch\r\n# no newline', 'info.edn': '{:version "1.0.0"}' },
    child: {
      Dockerfile: '\ufeffARG REGISTRY\r\nFROM $REGISTRY/base:1.0.0\r\nRUN x\t \r\n# é',
      'info.edn': '\ufeff; a comment\r\n{:z 1, :version "1.0.0" ;; why\r\n :a #my/tag [1 2]}',
    },
  };
  assert.deepEqual(changes(succeeded(plan(files))), {
    'contexts/child/Dockerfile': '\ufeffARG REGISTRY\r\nFROM $REGISTRY/base:1.0.1\r\nRUN x\t \r\n# é',
    'contexts/child/info.edn': '\ufeff; a comment\r\n{:z 1, :version "1.0.1" ;; why\r\n :a #my/tag [1 2]}',
  });
});

test('planCascade() cascades into VERSION files', () => {
  const files = {
    base: { Dockerfile: 'FROM scratch', VERSION: '1.0.1\n' },
    child: { Dockerfile: 'ARG REGISTRY\nFROM $REGISTRY/base:1.0.0', VERSION: ' 1.0.9' },
  };
  assert.deepEqual(changes(succeeded(plan(files))), {
    'contexts/child/Dockerfile': 'ARG REGISTRY\nFROM $REGISTRY/base:1.0.1',
    'contexts/child/VERSION': ' 1.0.10',
  });
});

test('planCascade() raises what it is told to, by the level it is told', () => {
  const files = { base: image('1.0.0', 'FROM scratch'), child: image('1.2.3', 'FROM $REGISTRY/base:1.0.0') };
  const cascade = succeeded(plan(files, { raise: new Set(['base' as ImageName]), level: 'minor' }));
  assert.deepEqual(bumps(cascade), ['base 1.0.0 → 1.1.0: ', 'child 1.2.3 → 1.3.0: base']);
});

test('planCascade() bumps each of 30 descendants of one root once (Q74)', () => {
  const cascade = succeeded(plan(thirtyTwoImages('0.0.3')));
  const versions = new Map<string, string[]>();
  for (const { name, to } of cascade.bumps) versions.set(to, [...(versions.get(to) ?? []), name]);
  assert.equal(cascade.bumps.length, 30);
  assert.equal(versions.get('0.0.3')?.length, 28);
  assert.deepEqual(versions.get('0.0.4'), ['nvim-config']);
  assert.deepEqual(versions.get('0.0.5'), ['go-dev']);
  assert.equal(cascade.edits.filter(({ parent }) => parent !== undefined).length, 31);
  assert.equal(cascade.files.length, 60);
});

test('planCascade() gives prereleases to all that is built from one, and releases with its release', () => {
  const told: string[] = [];
  const versions: Record<string, string> = { a: '1.0.0', b: '1.2.0', c: '3.0.0', other: '1.0.0' };
  let referred: Record<string, string> = { ...versions };
  for (const next of ['2.0.0-rc.1', '2.0.0-rc.2', '2.0.0', '2.0.1']) {
    versions['a'] = next;
    const cascade = succeeded(
      plan({
        '00-a': image(versions['a'], 'FROM scratch'),
        '00-other': image(versions['other']!, 'FROM scratch'),
        '01-b': image(versions['b']!, `FROM $REGISTRY/a:${referred['a']}`),
        '02-c': image(versions['c']!, `FROM $REGISTRY/other:1.0.0`, `COPY --from=$REGISTRY/b:${referred['b']} / /`),
      }),
    );
    for (const { name, to } of cascade.bumps) versions[name] = to;
    referred = { ...versions };
    told.push(`${next}: ${versions['b']}, ${versions['c']}`);
  }
  assert.deepEqual(told, [
    '2.0.0-rc.1: 1.2.1-rc.1, 3.0.1-rc.1',
    '2.0.0-rc.2: 1.2.1-rc.2, 3.0.1-rc.2',
    '2.0.0: 1.2.1, 3.0.1',
    '2.0.1: 1.2.2, 3.0.2',
  ]);
});

test('planCascade() sees references as the graph does, by registries and build arguments', () => {
  const files = {
    '00-base': image('1.0.1', 'FROM scratch'),
    '01-child': image('1.0.0', 'ARG V=1.0.0', 'ARG NAME', 'FROM ghcr.io/me/${NAME}:$V', 'RUN echo $V'),
  };
  const options = { registries: ['ghcr.io/me'], buildArgs: { NAME: 'base' } };
  const cascade = succeeded(planCascade(graphOf(files, options)));
  assert.deepEqual(bumps(cascade), ['child 1.0.0 → 1.0.1: base']);
  assert.match(changes(cascade)['contexts/01-child/Dockerfile']!, /^ARG V=1\.0\.1$/m);
});
