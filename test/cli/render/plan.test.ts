import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chalk } from 'chalk';
import { planText } from '../../../src/cli/render/plan.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import type { Plan, PlannedImage } from '../../../src/orchestrator/plan.ts';
import { ImageName } from '../../../src/project/image-name.ts';

const colors = new Chalk({ level: 0 });
const amd64 = { os: 'linux', architecture: 'amd64' };

function image(name: string, version: string, more: Partial<PlannedImage>): PlannedImage {
  return {
    name: ImageName.parse(name),
    version,
    reference: `r/${name}:${version}`,
    path: `contexts/${name}`,
    level: 0,
    implied: false,
    action: 'up-to-date',
    platforms: [{ platform: amd64, key: digestOf(name), source: { from: 'build' } }],
    dependsOn: [],
    dependents: [],
    tags: [],
    reasons: [{ code: 'same-key', reference: `r/${name}:${version}` }],
    ...more,
  };
}

function plan(images: readonly PlannedImage[], more: Partial<Plan> = {}): Plan {
  const criticalPath = { images: [], duration: 0, isRecorded: false };
  return { command: 'publish', registry: 'r', images, failures: [], criticalPath, ...more };
}

test('plan: counts by action, every reason of what is not up to date, and a forecast', () => {
  const web = image('web-dev', '0.0.3', {
    level: 1,
    action: 'build',
    tags: [{ reference: 'r/web-dev:0.0.3' }, { reference: 'r/web-dev:latest' }],
    reasons: [
      { code: 'input-changed', path: 'contexts/web-dev/a' },
      { code: 'parent-built', parent: 'jq' },
    ],
  });
  const go = image('go', '1.0.0', { action: 'drift', reasons: [{ code: 'changed-without-bump' }] });
  const text = planText(
    plan([image('jq', '1.0.0', {}), image('c', '1.0.0', {}), go, web], {
      criticalPath: { images: [web.name], duration: 131_000, isRecorded: true },
    }),
    colors,
  );
  assert.deepEqual(text.split('\n'), [
    'Plan: 4 images, 2 levels, linux/amd64 → r',
    '',
    '  BUILD         1   web-dev 0.0.3',
    '  DRIFT         1   go 1.0.0',
    '  UP TO DATE    2',
    '',
    '  go       1.0.0   already published with different content',
    '  web-dev  0.0.3   changed: contexts/web-dev/a',
    '                   parent jq is built',
    '',
    '  critical path: web-dev ≈ 2m11s',
    '  would set: latest ×1',
    '',
  ]);
});

test('plan: nothing to do is two lines', () => {
  assert.equal(
    planText(plan([image('jq', '1.0.0', {})]), colors),
    'Plan: 1 image, 1 level, linux/amd64 → r\n\n  UP TO DATE    1\n',
  );
});

test('plan: no images at all', () => {
  assert.equal(planText(plan([]), colors), 'Plan: no images, no levels → r\n');
});

for (const [count, shown, last] of [
  [6, 6, 'changed: file-5'],
  [7, 5, 'and 2 more (--json lists all)'],
  [4000, 5, 'and 3995 more (--json lists all)'],
] as const) {
  test(`plan: of ${count} reasons ${shown} are shown`, () => {
    const reasons = Array.from({ length: count }, (_, index) => ({
      code: 'input-changed' as const,
      path: `file-${index}`,
    }));
    const text = planText(plan([image('jq', '1.0.0', { action: 'build', reasons })]), colors);
    const lines = text.split('\n').filter((line) => / {3}(changed:|and \d)/.test(line));
    assert.equal(lines.filter((line) => line.includes('changed:')).length, shown);
    assert.equal(lines.at(-1)!.trim().split('   ').at(-1), last);
  });
}
