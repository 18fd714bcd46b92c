import assert from 'node:assert/strict';
import { test } from 'node:test';
import { driftFailures } from '../../../src/orchestrator/plan/drift-causes.ts';
import type { PlanReason } from '../../../src/orchestrator/plan/plan.ts';
import type { ImageName } from '../../../src/project/image-name.ts';
import { graphOf, image, type ProjectFiles } from '../../project/support/project-files.ts';

const family: ProjectFiles = {
  '00-base': image('1.0.0', 'FROM scratch'),
  '01-lib': image('1.0.0', 'FROM $REGISTRY/base:1.0.0'),
  '01-tool': image('1.0.0', 'FROM $REGISTRY/base:1.0.0'),
  '02-app': image('1.0.0', 'FROM $REGISTRY/lib:1.0.0', 'COPY --from=$REGISTRY/tool:1.0.0 / /'),
  '03-web': image('1.0.0', 'FROM $REGISTRY/app:1.0.0'),
};
const bumped = { ...family, '00-base': image('1.0.1', 'FROM scratch') };
const floating = { ...family, '01-lib': image('1.0.0', 'FROM $REGISTRY/base') };
const changed: PlanReason = { code: 'input-changed', path: 'x' };

interface Row {
  readonly files: ProjectFiles;
  /** Drifted, with what is known of the change. */
  readonly drifted: Readonly<Record<string, readonly PlanReason[]>>;
  /** What is to be built and names a version that is nowhere, by name. */
  readonly lost?: readonly string[];
  /** Those among them that are to be explained; all if not given. */
  readonly told?: readonly string[];
  /** `reason of what it is about: details`. */
  readonly want: readonly string[];
}

const rows: Readonly<Record<string, Row>> = {
  'one image that changed': {
    files: family,
    drifted: { web: [changed] },
    want: ['changed-without-bump web: changed: x'],
  },
  'a root, of which nothing is known': {
    files: family,
    drifted: { base: [], lib: [], tool: [], app: [], web: [] },
    want: ['changed-without-bump base: 4 dependents are affected: lib, tool, app, web'],
  },
  'a root that is not asked about': {
    files: family,
    drifted: { base: [changed], lib: [], tool: [], app: [], web: [] },
    told: ['web'],
    want: ['changed-without-bump base: changed: x; 1 dependent is affected: web'],
  },
  'two roots of one image': {
    files: family,
    drifted: { lib: [changed], tool: [], app: [], web: [] },
    want: [
      'changed-without-bump lib: changed: x; 2 dependents are affected: app, web',
      'changed-without-bump tool: 2 dependents are affected: app, web',
    ],
  },
  'what changed in a dependent as well: the cascade raises it anyway': {
    files: family,
    drifted: { lib: [changed], app: [changed], web: [] },
    want: ['changed-without-bump lib: changed: x; 2 dependents are affected: app, web'],
  },
  'a cascade that was forgotten': {
    files: bumped,
    drifted: { lib: [changed], tool: [], app: [], web: [] },
    want: [
      'stale-reference base: contexts/01-lib/Dockerfile:2:6: lib is built from $REGISTRY/base:1.0.0; contexts/01-tool/Dockerfile:2:6: tool is built from $REGISTRY/base:1.0.0; 2 dependents are affected: app, web',
    ],
  },
  'a forgotten cascade that leaves two images nothing to be built from': {
    files: bumped,
    drifted: {},
    lost: ['tool', 'lib'],
    want: [
      'stale-reference base: contexts/01-lib/Dockerfile:2:6: lib is built from $REGISTRY/base:1.0.0; contexts/01-tool/Dockerfile:2:6: tool is built from $REGISTRY/base:1.0.0; r/base:1.0.0 is neither in the store nor in its registry',
    ],
  },
  'a forgotten cascade by which one image drifted and another cannot be built': {
    files: bumped,
    drifted: { lib: [changed], app: [] },
    lost: ['tool'],
    want: [
      'stale-reference base: contexts/01-lib/Dockerfile:2:6: lib is built from $REGISTRY/base:1.0.0; contexts/01-tool/Dockerfile:2:6: tool is built from $REGISTRY/base:1.0.0; r/base:1.0.0 is neither in the store nor in its registry; 1 dependent is affected: app',
    ],
  },
  'a forgotten cascade, of which a grandchild is told': {
    files: bumped,
    drifted: { lib: [], tool: [], app: [], web: [] },
    told: ['web'],
    want: [
      'stale-reference base: contexts/01-lib/Dockerfile:2:6: lib is built from $REGISTRY/base:1.0.0; contexts/01-tool/Dockerfile:2:6: tool is built from $REGISTRY/base:1.0.0; 1 dependent is affected: web',
    ],
  },
  'a forgotten cascade of an image that drifted besides': {
    files: { ...bumped, '04-other': image('1.0.0', 'FROM scratch') },
    drifted: { lib: [], tool: [], app: [], web: [], other: [changed] },
    want: [
      'stale-reference base: contexts/01-lib/Dockerfile:2:6: lib is built from $REGISTRY/base:1.0.0; contexts/01-tool/Dockerfile:2:6: tool is built from $REGISTRY/base:1.0.0; 2 dependents are affected: app, web',
      'changed-without-bump other: changed: x',
    ],
  },
  'a floating tag, which no cascade follows': {
    files: floating,
    drifted: { base: [changed], lib: [{ code: 'parent-changed', parent: 'base' }] },
    want: ['changed-without-bump base: changed: x', 'changed-without-bump lib: parent base changed'],
  },
};
for (const [title, { files, drifted, lost = [], told = Object.keys(drifted), want }] of Object.entries(rows)) {
  test(`driftFailures() explains ${title}`, () => {
    const images = Object.entries(drifted).map(([name, reasons]) => {
      const own = [{ code: 'changed-without-bump' } as const, ...reasons, { code: 'key-changed' } as const];
      return [name as ImageName, { name: name as ImageName, reference: `r/${name}:1.0.0`, reasons: own }] as const;
    });
    const graph = graphOf(files);
    const edges = graph.edges.filter(({ from }) => lost.includes(from));
    const nowhere = edges.map((edge) => ({ edge, reference: `r/${edge.to}:${edge.tag}` }));
    const failures = driftFailures(told as ImageName[], { drifted: new Map(images), graph, lost: nowhere });
    assert.deepEqual(
      failures.map(({ reason, message, details = [] }) => {
        const about = /^r\/(\w+):|^this project has (\w+) /.exec(message);
        return `${reason} ${about?.[1] ?? about?.[2]}: ${details.join('; ')}`;
      }),
      want,
    );
  });
}

test('driftFailures() says which file to edit, and that a cascade follows', () => {
  const drifted = new Map([['lib' as ImageName, { name: 'lib' as ImageName, reference: 'r/lib:1.0.0', reasons: [] }]]);
  const [failure] = driftFailures(drifted.keys(), { drifted, graph: graphOf(family) });
  assert.match(failure?.hint ?? '', /version of lib in contexts\/01-lib\/info\.edn, then run cip cascade/);
});
