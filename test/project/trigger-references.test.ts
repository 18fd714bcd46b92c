/** What ONBUILD names and only the image that runs it can tell: stages, variables, images. The graph sees it there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dependencyGraph } from '../../src/project/dependency-graph.ts';
import { failuresOf, image, type ProjectFiles, projectFrom, sound, succeeded } from './support/project-files.ts';

/** A tool, a base with a trigger, and a child of it. */
const files = (trigger: readonly string[], child: readonly string[]): ProjectFiles => ({
  '00-tool': image('1.0.0', 'FROM scratch'),
  '01-base': image('1.0.0', 'FROM scratch', ...trigger),
  '02-child': image('1.0.0', ...child),
});
const base = 'FROM ${REGISTRY}/base:1.0.0';

interface Row {
  readonly files: ProjectFiles;
  /** `from → to version line`, of what triggers name. */
  readonly edges?: readonly string[];
  /** `from reference line`. */
  readonly externals?: readonly string[];
  readonly failures?: readonly string[];
}

const rows: Readonly<Record<string, Row>> = {
  'a stage of the child': {
    files: files(['ONBUILD COPY --from=made /a /a'], ['FROM scratch AS made', base]),
  },
  'a stage of the child in another case': {
    files: files(['ONBUILD COPY --from=MADE /a /a'], ['FROM scratch AS made', base]),
  },
  'a stage by its number': { files: files(['ONBUILD COPY --from=0 /a /a'], ['FROM scratch AS made', base]) },
  'a stage of a mount': {
    files: files(['ONBUILD RUN --mount=from=made,target=/m true'], ['FROM scratch AS made', base]),
  },
  'a name that no child has a stage of': {
    files: files(['ONBUILD COPY --from=alpine /a /a'], [base]),
    externals: ['child alpine 2'],
  },
  'a name that nobody runs': { files: files(['ONBUILD COPY --from=made /a /a'], ['FROM scratch']) },
  'an image that can be no stage': {
    files: files(['ONBUILD COPY --from=debian:12 /a /a'], ['FROM scratch']),
    externals: ['base debian:12 3'],
  },
  'an image of the project': {
    files: files(['ONBUILD COPY --from=${REGISTRY}/tool:1.0.0 /a /a'], [base]),
    edges: ['base → tool 1.0.0 3'],
  },
  'a variable of the child': {
    files: files(['ONBUILD COPY --from=$X /a /a'], ['ARG X=${REGISTRY}/tool:1.0.0', base]),
    edges: ['child → tool 1.0.0 3'],
  },
  'a part of a reference': {
    files: files(['ONBUILD COPY --from=${REGISTRY}/tool:${V} /a /a'], ['ARG V=1.0.0', base]),
    edges: ['child → tool 1.0.0 3'],
  },
  'a variable that names a stage of the child': {
    files: files(['ONBUILD COPY --from=$X /a /a'], ['ARG X=made', 'FROM scratch AS made', base]),
  },
  'a variable that names an image from elsewhere': {
    files: files(['ONBUILD COPY --from=$X /a /a'], ['ARG X=debian:12', base]),
    externals: ['child debian:12 3'],
  },
  'a variable that the child does not declare': {
    files: files(['ONBUILD COPY --from=$X /a /a'], [base]),
    failures: ['unresolvable-reference contexts/02-child/Dockerfile:2:6'],
  },
  'a variable that nobody needs': { files: files(['ONBUILD COPY --from=$X /a /a'], ['FROM scratch']) },
  'an image that the project does not have': {
    files: files(['ONBUILD COPY --from=$X /a /a'], ['ARG X=${REGISTRY}/tol:1.0.0', base]),
    failures: ['unknown-parent contexts/02-child/Dockerfile:3:6'],
  },
  'the child itself': {
    files: files(['ONBUILD COPY --from=$X /a /a'], ['ARG X=${REGISTRY}/child:1.0.0', base]),
    failures: ['self-reference contexts/02-child/Dockerfile:3:6'],
  },
  'triggers run once: not in the child of the child': {
    files: {
      ...files(['ONBUILD COPY --from=$X /a /a'], ['ARG X=${REGISTRY}/tool:1.0.0', base]),
      '03-top': image('1.0.0', 'FROM ${REGISTRY}/child:1.0.0'),
    },
    edges: ['child → tool 1.0.0 3'],
  },
  'a stage of the same file': {
    files: {
      '00-tool': image('1.0.0', 'FROM scratch'),
      '01-one': image(
        '1.0.0',
        'FROM scratch AS made',
        'FROM scratch AS above',
        'ONBUILD COPY --from=made /a /',
        'FROM above',
      ),
    },
  },
  'a cycle through a trigger': {
    files: {
      base: image('1.0.0', 'FROM scratch', 'ONBUILD COPY --from=$X /a /a'),
      child: image('1.0.0', 'ARG X=${REGISTRY}/top:1.0.0', base),
      top: image('1.0.0', 'FROM ${REGISTRY}/child:1.0.0'),
    },
    failures: ['dependency-cycle contexts/child/Dockerfile:3:6'],
  },
};

for (const [title, { files, edges = [], externals = [], failures = [] }] of Object.entries(rows)) {
  test(`a trigger names ${title}`, () => {
    const result = sound(dependencyGraph(succeeded(projectFrom(files))));
    assert.deepEqual(failuresOf(result), failures);
    if (!result.ok) return;
    const ofTriggers = result.value.edges.filter(({ kind, trigger }) => kind === 'onbuild' || trigger !== undefined);
    assert.deepEqual(
      ofTriggers.map(({ from, to, tag, at }) => `${from} → ${to} ${tag} ${at.line}`),
      edges,
    );
    assert.deepEqual(
      result.value.externals.map(({ from, reference, at }) => `${from} ${reference} ${at.line}`),
      externals,
    );
  });
}
