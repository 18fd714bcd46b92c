import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReferenceOptions } from '../../src/project/context-references.ts';
import { dependencyGraph } from '../../src/project/dependency-graph.ts';
import type { ImageName } from '../../src/project/image-name.ts';
import { aheadFailures, staleGroupFailure, staleGroups } from '../../src/project/stale.ts';
import {
  failuresOf,
  graphOf,
  image,
  type ProjectFiles,
  placed,
  projectFrom,
  sound,
  succeeded,
} from './support/project-files.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** A project of `base` 1.0.0, `tool` 2.0.0 and an image with this Dockerfile. */
const withChild = (...dockerfile: readonly string[]): ProjectFiles => ({
  '00-base': image('1.0.0', 'FROM scratch'),
  '01-tool': image('2.0.0', 'FROM scratch'),
  '02-child': { Dockerfile: dockerfile.join('\n'), 'info.edn': '{:version "1.0.0"}' },
});

type WantedEdge = [to: string, kind: string, tag: string | undefined, versionAt: string | undefined];

const references: [title: string, dockerfile: string[], want: WantedEdge[], externals?: string[]][] = [
  ['FROM', ['ARG REGISTRY', 'FROM ${REGISTRY}/base:1.0.0'], [['base', 'from', '1.0.0', '2:23']]],
  ['without braces (Q64)', ['ARG REGISTRY', 'FROM $REGISTRY/base:1.0.0'], [['base', 'from', '1.0.0', '2:21']]],
  ['with a default (Q64)', ['ARG REGISTRY', 'FROM ${REGISTRY:-x}/base:1.0.0'], [['base', 'from', '1.0.0', '2:26']]],
  ['with a default when unset', ['ARG REGISTRY', 'FROM ${REGISTRY-x}/base:1.0.0'], [['base', 'from', '1.0.0', '2:25']]],
  [
    'with an ARG default',
    ['ARG REGISTRY=quay.io/me', 'FROM $REGISTRY/base:1.0.0'],
    [['base', 'from', '1.0.0', '2:21']],
  ],
  ['in quotes', ['ARG REGISTRY', 'FROM "${REGISTRY}/base":1.0.0'], [['base', 'from', '1.0.0', '2:25']]],
  [
    'in lower case, indented (Q67)',
    ['ARG REGISTRY', '  from ${REGISTRY}/base:1.0.0 as x'],
    [['base', 'from', '1.0.0', '2:25']],
  ],
  [
    'with --platform (Q64)',
    ['ARG REGISTRY', 'FROM --platform=$BUILDPLATFORM ${REGISTRY}/base:1.0.0'],
    [['base', 'from', '1.0.0', '2:49']],
  ],
  ['over two lines', ['ARG REGISTRY', 'FROM \\', '  ${REGISTRY}/base:1.0.0'], [['base', 'from', '1.0.0', '3:20']]],
  [
    'with the escape character of the file',
    ['# escape=`', 'ARG REGISTRY', 'FROM `', '  ${REGISTRY}/base:1.0.0'],
    [['base', 'from', '1.0.0', '4:20']],
  ],
  ['without a tag (Q64)', ['ARG REGISTRY', 'FROM ${REGISTRY}/base'], [['base', 'from', undefined, undefined]]],
  ['with latest', ['ARG REGISTRY', 'FROM ${REGISTRY}/base:latest'], [['base', 'from', 'latest', undefined]]],
  ['with a digest', ['ARG REGISTRY', `FROM \${REGISTRY}/base:1.0.0@${digest}`], [['base', 'from', '1.0.0', '2:23']]],
  [
    'COPY --from (Q64)',
    ['ARG REGISTRY', 'FROM scratch', 'COPY --from=${REGISTRY}/base:1.0.0 /a /b'],
    [['base', 'copy-from', '1.0.0', '3:30']],
  ],
  [
    'RUN --mount=from (Q64)',
    ['ARG REGISTRY', 'FROM scratch', 'RUN --mount=type=bind,from=${REGISTRY}/tool:2.0.0,target=/t true'],
    [['tool', 'mount-from', '2.0.0', '3:45']],
  ],
  [
    'ONBUILD of these',
    [
      'ARG REGISTRY',
      'FROM scratch',
      'ONBUILD COPY --from=${REGISTRY}/base:1.0.0 /a /b',
      'ONBUILD RUN --mount=from=$REGISTRY/tool:2.0.0,target=/t true',
    ],
    [
      ['base', 'onbuild', '1.0.0', '3:38'],
      ['tool', 'onbuild', '2.0.0', '4:41'],
    ],
  ],
  [
    'a version in an ARG (Q65)',
    ['ARG REGISTRY', 'ARG V=1.0.0', 'FROM ${REGISTRY}/base:${V}'],
    [['base', 'from', '1.0.0', '2:7']],
  ],
  ['a quoted ARG', ['ARG REGISTRY', 'ARG V="1.0.0"', 'FROM ${REGISTRY}/base:$V'], [['base', 'from', '1.0.0', '2:8']]],
  [
    'the last of two defaults',
    ['ARG REGISTRY', 'ARG V=1.0.0', 'ARG V=1.0.0', 'FROM ${REGISTRY}/base:$V'],
    [['base', 'from', '1.0.0', '3:7']],
  ],
  [
    'one of several ARGs',
    ['ARG REGISTRY', 'ARG A=1.0.0 B=1.0.0', 'FROM ${REGISTRY}/base:$B'],
    [['base', 'from', '1.0.0', '2:15']],
  ],
  [
    'an ARG of an ARG',
    ['ARG REGISTRY', 'ARG V=1.0.0', 'ARG TAG=${V}', 'FROM ${REGISTRY}/base:$TAG'],
    [['base', 'from', '1.0.0', '2:7']],
  ],
  [
    'the default of a variable',
    ['ARG REGISTRY', 'FROM ${REGISTRY}/base:${V:-1.0.0}'],
    [['base', 'from', '1.0.0', '2:28']],
  ],
  [
    'all of it in an ARG',
    ['ARG REGISTRY', 'ARG BASE=${REGISTRY}/base:1.0.0', 'FROM $BASE'],
    [['base', 'from', '1.0.0', '2:27']],
  ],
  [
    'the image in an ARG',
    ['ARG REGISTRY', 'ARG NAME=base', 'FROM ${REGISTRY}/${NAME}:1.0.0'],
    [['base', 'from', '1.0.0', '3:26']],
  ],
  [
    'a version in pieces',
    ['ARG REGISTRY', 'ARG MAJOR=1', 'FROM ${REGISTRY}/base:${MAJOR}.0.0'],
    [['base', 'from', '1.0.0', undefined]],
  ],
  [
    'a name that looks like the version',
    ['ARG REGISTRY', 'ARG V=2.0.0', 'FROM ${REGISTRY}/tool:${V} AS v2.0.0'],
    [['tool', 'from', '2.0.0', '2:7']],
  ],
  [
    'both parents',
    ['ARG REGISTRY', 'FROM $REGISTRY/base:1.0.0 AS b', 'FROM $REGISTRY/tool:2.0.0', 'COPY --from=b / /'],
    [
      ['base', 'from', '1.0.0', '2:21'],
      ['tool', 'from', '2.0.0', '3:21'],
    ],
  ],
  [
    'stages and numbers are no references',
    [
      'FROM scratch AS Base',
      'FROM base AS tool',
      'COPY --from=base / /',
      'COPY --from=0 / /',
      'RUN --mount=from=BASE,target=/x true',
    ],
    [],
  ],
  ['a stage named by a variable', ['ARG S=base', 'FROM scratch AS base', 'FROM $S'], []],
  ['a stage for each architecture', ['FROM scratch AS b-amd64', 'FROM scratch AS b-arm64', 'FROM b-$TARGETARCH'], []],
  [
    'the empty image',
    [
      'FROM scratch',
      'COPY --from=scratch / /x/',
      'RUN --mount=from=scratch,target=/x true',
      'ONBUILD COPY --from=scratch / /',
    ],
    [],
  ],
  ['a stage below is no stage to FROM', ['FROM later', 'FROM scratch AS later'], [], ['later']],
  ['a heredoc is no Dockerfile (Q68)', ['FROM scratch', 'RUN <<EOF', 'FROM ${REGISTRY}/base:0.0.1', 'EOF'], []],
  ['comments are none', ['# FROM ${REGISTRY}/base:0.0.1', 'FROM scratch'], []],
  [
    'images from elsewhere',
    ['ARG V=bookworm', 'FROM debian:${V}', 'COPY --from=quay.io/a/b:1 / /'],
    [],
    ['debian:bookworm', 'quay.io/a/b:1'],
  ],
  [
    'an image of another group of the registry',
    ['ARG REGISTRY', 'FROM $REGISTRY/group/base:1.0.0'],
    [],
    ['${REGISTRY}/group/base:1.0.0'],
  ],
  [
    'no namesake of another registry',
    ['FROM base:1.0.0', 'FROM docker.io/me/base:1.0.0'],
    [],
    ['base:1.0.0', 'docker.io/me/base:1.0.0'],
  ],
];
for (const [title, dockerfile, want, externals = []] of references) {
  test(`dependencyGraph() finds references: ${title}`, () => {
    const graph = graphOf(withChild(...dockerfile));
    const place = ({ line, column }: { line: number; column: number }) => `${line}:${column}`;
    assert.deepEqual(
      graph.edges.map(({ to, kind, tag, versionAt }) => [to, kind, tag, versionAt && place(versionAt)]),
      want,
    );
    assert.deepEqual(
      graph.externals.map(({ reference }) => reference),
      externals,
    );
    assert.deepEqual(graph.parents.get('child' as ImageName), [...new Set(want.map(([to]) => to))]);
  });
}

test('dependencyGraph() finds one reference per architecture', () => {
  const graph = graphOf({
    '00-amd64': image('1.0.0', 'FROM scratch'),
    '00-arm64': image('1.0.0', 'FROM scratch'),
    '01-child': image('1.0.0', 'FROM ${REGISTRY}/${TARGETARCH}:1.0.0'),
    '01-only': {
      ...image('1.0.0', 'FROM ${REGISTRY}/${TARGETARCH}:1.0.0'),
      'info.edn': '{:version "1.0.0" :platforms "linux/arm64"}',
    },
  });
  assert.deepEqual(
    graph.edges.map(({ from, to, versionAt }) => `${from} ${to} ${versionAt?.column}`),
    ['child amd64 32', 'child arm64 32', 'only arm64 32'],
  );
});

const resolutions: [title: string, options: ReferenceOptions, dockerfile: string[], want: string[]][] = [
  ['a registry by its name', { registries: ['localhost:5000'] }, ['FROM localhost:5000/base:1.0.0'], ['base']],
  ['a registry with a path', { registries: ['https://ghcr.io/me/'] }, ['FROM ghcr.io/me/base:1.0.0'], ['base']],
  [
    'another image of a registry by its name',
    { registries: ['ghcr.io'] },
    ['FROM ghcr.io/other:1.0.0'],
    ['ghcr.io/other:1.0.0'],
  ],
  [
    'a build argument',
    { buildArgs: { WHICH: 'tool:2.0.0' } },
    ['ARG REGISTRY', 'ARG WHICH=base:1.0.0', 'FROM $REGISTRY/$WHICH'],
    ['tool'],
  ],
  [
    'a build argument without a declaration',
    { buildArgs: { WHICH: 'tool' } },
    ['ARG REGISTRY', 'FROM $REGISTRY/${WHICH:-base}'],
    ['base'],
  ],
];
for (const [title, options, dockerfile, want] of resolutions) {
  test(`dependencyGraph() resolves ${title}`, () => {
    const graph = graphOf(withChild(...dockerfile), options);
    assert.deepEqual([...graph.edges.map(({ to }) => to), ...graph.externals.map(({ reference }) => reference)], want);
  });
}

const invalid: [title: string, files: ProjectFiles, want: string[]][] = [
  [
    'an unknown parent',
    withChild('ARG REGISTRY', 'FROM ${REGISTRY}/bsae:1.0.0'),
    ['unknown-parent contexts/02-child/Dockerfile:2:6'],
  ],
  [
    'itself (Q22)',
    withChild('ARG REGISTRY', 'FROM ${REGISTRY}/child:1.0.0'),
    ['self-reference contexts/02-child/Dockerfile:2:6'],
  ],
  [
    'an ARG without a default',
    withChild('ARG BASE', 'FROM $BASE'),
    ['unresolvable-reference contexts/02-child/Dockerfile:2:6'],
  ],
  [
    'an ARG of a stage',
    withChild('FROM scratch', 'ARG V=1', 'FROM debian:$V'),
    ['unresolvable-reference contexts/02-child/Dockerfile:3:6'],
  ],
  [
    'no reference',
    withChild('ARG REGISTRY', 'FROM ${REGISTRY}/base:a:b'),
    ['invalid-reference contexts/02-child/Dockerfile:2:6'],
  ],
  ['an empty reference', withChild('ARG BASE=', 'FROM $BASE'), ['invalid-reference contexts/02-child/Dockerfile:2:6']],
  ['a bad substitution', withChild('ARG A=${B', 'FROM scratch'), ['bad-substitution contexts/02-child/Dockerfile:1:7']],
  [
    'all of several',
    withChild('ARG REGISTRY', 'FROM $NONE', 'COPY --from=$NONE / /', 'COPY --from=${REGISTRY}/nobody / /'),
    [
      'unresolvable-reference contexts/02-child/Dockerfile:2:6',
      'unresolvable-reference contexts/02-child/Dockerfile:3:13',
      'unknown-parent contexts/02-child/Dockerfile:4:13',
    ],
  ],
  [
    'a parent with a greater prefix',
    { '01-child': image('1.0.0', 'FROM $REGISTRY/base:1.0.0'), '02-base': image('1.0.0', 'FROM scratch') },
    ['prefix-contradiction contexts/01-child/Dockerfile:2:6'],
  ],
  [
    'a cycle of two and one of three, and not what hangs on them',
    {
      a: image('1.0.0', 'FROM $REGISTRY/b:1.0.0'),
      b: image('1.0.0', 'FROM $REGISTRY/a:1.0.0'),
      x: image('1.0.0', 'FROM $REGISTRY/y:1.0.0', 'COPY --from=$REGISTRY/a:1.0.0 / /'),
      y: image('1.0.0', 'FROM $REGISTRY/z:1.0.0'),
      z: image('1.0.0', 'FROM $REGISTRY/x:1.0.0'),
      leaf: image('1.0.0', 'FROM $REGISTRY/x:1.0.0'),
    },
    ['dependency-cycle contexts/a/Dockerfile:2:6', 'dependency-cycle contexts/x/Dockerfile:2:6'],
  ],
];
for (const [title, files, want] of invalid) {
  test(`dependencyGraph() fails: ${title}`, () =>
    assert.deepEqual(failuresOf(sound(dependencyGraph(succeeded(projectFrom(files))))), want));
}

test('dependencyGraph() shows the whole cycle with its places', () => {
  const files = {
    a: image('1.0.0', 'FROM $REGISTRY/b:1.0.0'),
    b: image('1.0.0', 'FROM $REGISTRY/c:1.0.0'),
    c: image('1.0.0', 'FROM scratch', 'COPY --from=$REGISTRY/a:1.0.0 / /'),
  };
  const result = sound(dependencyGraph(succeeded(projectFrom(files))));
  assert.deepEqual(result.ok || result.failure[0]?.details, [
    'contexts/a/Dockerfile:2:6: a is built from b',
    'contexts/b/Dockerfile:2:6: b is built from c',
    'contexts/c/Dockerfile:3:13: c is built from a',
  ]);
});

test('dependencyGraph() says what to do about an image that is gone', () => {
  const result = sound(dependencyGraph(succeeded(projectFrom(withChild('ARG REGISTRY', 'FROM $REGISTRY/gone:1.0.0')))));
  assert.match((!result.ok && result.failure[0]?.hint) || '', /^remove the reference or restore the image;/);
});

test('dependencyGraph() suggests the nearest name for an unknown parent', () => {
  const result = sound(dependencyGraph(succeeded(projectFrom(withChild('ARG REGISTRY', 'FROM $REGISTRY/bsae:1.0.0')))));
  assert.match((!result.ok && result.failure[0]?.hint) || '', /^did you mean base\?.* restore the image$/);
});

const warnings: [title: string, files: ProjectFiles, want: string[]][] = [
  [
    'a namesake on Docker Hub, by a tag that could be a version',
    withChild('FROM base:1.0.0 AS a', 'FROM base:0.9.0 AS b', 'FROM base AS c', 'FROM base:latest'),
    [1, 2, 3, 4].map((line) => `namesake-elsewhere contexts/02-child/Dockerfile:${line}:6`),
  ],
  ['a namesake on Docker Hub, by a tag of its own', withChild('FROM base:bookworm AS a', 'FROM base:12'), []],
  ['a namesake on Docker Hub, pinned', withChild(`FROM base:1.0.0@${digest}`), []],
  ['a namesake of another group', withChild('FROM me/base:1.0.0 AS a', 'FROM ghcr.io/me/base:1.0.0'), []],
  [
    'a namesake in a registry of this machine',
    withChild('FROM localhost:5000/base:stable AS a', 'FROM 127.0.0.1:7/x/base:1 AS b', 'FROM [::1]:7/base'),
    [1, 2, 3].map((line) => `namesake-elsewhere contexts/02-child/Dockerfile:${line}:6`),
  ],
  ['its own name elsewhere', withChild('FROM child:1.0.0'), []],
];
for (const [title, files, want] of warnings) {
  test(`dependencyGraph() warns: ${title}`, () => assert.deepEqual(graphOf(files).warnings.map(placed), want));
}

test('dependencyGraph() takes REGISTRY for declared, and notes once that other tools do not', () => {
  const graph = graphOf({
    ...withChild('FROM ${REGISTRY}/base:1.0.0', 'COPY --from=$REGISTRY/tool:2.0.0 / /'),
    '03-next': { Dockerfile: 'FROM $REGISTRY/child:1.0.0\n', 'info.edn': '{:version "1.0.0"}' },
  });
  assert.deepEqual([graph.edges.length, graph.warnings], [3, []]);
  assert.deepEqual(graph.advice.map(placed), ['undeclared-registry contexts/02-child/Dockerfile:1:6']);
  assert.deepEqual(graph.advice[0]!.details, ['contexts/02-child/Dockerfile', 'contexts/03-next/Dockerfile']);
});

const undefinedVariables: [name: string, above: string[], hint: RegExp][] = [
  ['REGISTY', ['ARG REGISTRY'], /^did you mean REGISTRY\?$/],
  ['REGISTY', [], /^did you mean REGISTRY\?$/],
  ['VERSON', ['ARG VERSION=1'], /^did you mean VERSION\?$/],
  ['TARGETACH', [], /^did you mean TARGETARCH\?$/],
  ['NOTHING_LIKE_IT', ['ARG REGISTRY'], /^declare it .*ARG NOTHING_LIKE_IT=value/],
];
for (const [name, above, want] of undefinedVariables) {
  test(`dependencyGraph() knows what ${name} was meant to be below ${above.join('; ')}`, () => {
    const result = sound(dependencyGraph(succeeded(projectFrom(withChild(...above, `FROM \${${name}}/base:1.0.0`)))));
    assert.match((result.ok || result.failure[0]?.hint) as string, want);
  });
}

test('dependencyGraph() tells a reference that is ahead of its parent from one that is behind', () => {
  const graph = graphOf(withChild('ARG REGISTRY', 'FROM $REGISTRY/base:1.0.1 AS a', 'FROM $REGISTRY/base:0.9.0'));
  assert.deepEqual(
    [...aheadFailures(graph.stale), ...staleGroups(graph.stale).map((group) => staleGroupFailure(group))].map(
      ({ at, reason, hint }) => [at?.line, reason, hint],
    ),
    [
      [2, 'reference-newer-than-parent', 'change it to $REGISTRY/base:1.0.0, or raise base to 1.0.1'],
      [3, 'stale-reference', 'run cip cascade, which updates every reference'],
    ],
  );
  assert.deepEqual(
    staleGroups(graph.stale).map(({ parent, edges }) => [parent, edges.length]),
    [['base', 1]],
  );
});

const staleness: [tag: string, variants: string, isStale: boolean][] = [
  [':1.0.0', '', false],
  [':0.9.0', '', true],
  [':1.0.1', '', true],
  [':1.0.0-rc.1', '', true],
  [':1.0.0-slim', '', true],
  [':1.0.0-slim', ':variants "slim"', false],
  [':0.9.0-slim', ':variants "slim"', true],
  [':latest', '', false],
  [':1.0', '', false],
  ['', '', false],
  [`@${digest}`, '', false],
];
for (const [tag, variants, isStale] of staleness) {
  test(`dependencyGraph() takes base${tag.slice(0, 14)} for ${isStale ? 'stale' : 'current'} at 1.0.0 ${variants}`, () => {
    const graph = graphOf({
      base: { Dockerfile: 'FROM scratch', 'info.edn': `{:version "1.0.0" ${variants}}` },
      child: image('1.0.0', `FROM \${REGISTRY}/base${tag}`),
    });
    assert.deepEqual(
      graph.stale.map(({ edge, current }) => [edge.text, current]),
      isStale ? [[`\${REGISTRY}/base${tag}`, '1.0.0']] : [],
    );
  });
}

test('dependencyGraph() orders parents before children, whatever the order on disk', () => {
  const files = {
    '10-last': image('1.0.0', 'FROM $REGISTRY/mid:1.0.0', 'COPY --from=$REGISTRY/root:1.0.0 / /'),
    '2-mid': image('1.0.0', 'FROM $REGISTRY/root:1.0.0'),
    '1-root': image('1.0.0', 'FROM scratch'),
    alone: image('1.0.0', 'FROM scratch'),
  };
  const reversed = Object.fromEntries(Object.entries(files).reverse());
  const [graph, other] = [graphOf(files), graphOf(reversed)];
  assert.deepEqual(graph.order, ['root', 'mid', 'last', 'alone']);
  assert.deepEqual(other, graph);
  assert.deepEqual(
    [...graph.children],
    [
      ['root', ['mid', 'last']],
      ['mid', ['last']],
      ['last', []],
      ['alone', []],
    ],
  );
});

const advice: [title: string, files: ProjectFiles, want: string[], details?: number][] = [
  [
    'equal prefixes',
    { '01-a': image('1.0.0', 'FROM $REGISTRY/b:1.0.0'), '01-b': image('1.0.0', 'FROM scratch') },
    ['equal-prefix contexts/01-a/Dockerfile:2:6'],
  ],
  [
    'equal prefixes, once for many',
    {
      '01-a': image('1.0.0', 'FROM $REGISTRY/b:1.0.0', 'COPY --from=$REGISTRY/b:1.0.0 / /'),
      '01-b': image('1.0.0', 'FROM scratch'),
      '01-c': image('1.0.0', 'FROM $REGISTRY/a:1.0.0', 'COPY --from=$REGISTRY/b:1.0.0 / /'),
    },
    ['equal-prefix contexts/01-a/Dockerfile:2:6'],
    3,
  ],
  [
    'no prefix promises nothing (Q20)',
    { '01-a': image('1.0.0', 'FROM $REGISTRY/b:1.0.0'), b: image('1.0.0', 'FROM scratch') },
    [],
  ],
  ['no tag', withChild('FROM $REGISTRY/base'), ['floating-reference contexts/02-child/Dockerfile:1:6']],
  ['latest', withChild('FROM $REGISTRY/base:latest'), ['floating-reference contexts/02-child/Dockerfile:1:6']],
  [
    'no tag, once for many',
    withChild('FROM $REGISTRY/base', 'COPY --from=$REGISTRY/base / /'),
    ['floating-reference contexts/02-child/Dockerfile:1:6'],
    2,
  ],
  ['a part of a version', withChild('FROM $REGISTRY/base:1.0'), []],
  ['a version', withChild('FROM $REGISTRY/base:1.0.0'), []],
  ['a digest', withChild(`FROM $REGISTRY/base@${digest}`), []],
];
for (const [title, files, want, details = 0] of advice) {
  test(`dependencyGraph() advises once: ${title}`, () => {
    const graph = graphOf(files);
    const told = graph.advice.filter(({ reason }) => reason !== 'undeclared-registry');
    assert.deepEqual([told.map(placed), told.flatMap((one) => one.details ?? []).length], [want, details]);
    assert.deepEqual(graph.warnings, []);
  });
}
