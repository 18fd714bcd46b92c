import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chalk } from 'chalk';
import { planText } from '../../../src/cli/render/plan.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import type { Plan, PlannedImage } from '../../../src/orchestrator/plan/plan.ts';
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
  const go = image('go', '1.0.0', { action: 'base-moved', reasons: [{ code: 'base-moved', reference: 'debian:12' }] });
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
    '  BASE MOVED    1   go 1.0.0',
    '  UP TO DATE    2',
    '',
    '  go       1.0.0   base debian:12 moved from an unknown digest to an unknown digest',
    '  web-dev  0.0.3   changed: contexts/web-dev/a',
    '                   parent jq is built',
    '',
    '  critical path: web-dev ≈ 2m11s',
    '  would set: web-dev:0.0.3, latest ×1',
    '',
  ]);
});

const tagged = (name: string, version: string, tags: readonly string[], more: Partial<PlannedImage> = {}) =>
  image(name, version, { action: 'retag', tags: tags.map((tag) => ({ reference: `r/${name}:${tag}` })), ...more });
const descriptor = { mediaType: mediaTypes.imageIndex, digest: digestOf('index'), size: 5 };
const from = (place: 'store' | 'registry'): Partial<PlannedImage> => {
  const source = { from: place, reference: 'r/a:0.9.0', index: descriptor, manifest: descriptor } as const;
  return { platforms: [{ platform: amd64, key: digestOf('a'), source }] };
};
const failures = [{ reason: 'changed-without-bump', message: 'b' }] as const;
const drift = image('b', '1.0.0', { action: 'drift', reasons: [{ code: 'changed-without-bump' }] });
const many = Array.from({ length: 9 }, (_, index) => tagged(`i${index}`, '1.0.0', ['1.0.0', 'latest']));

for (const [title, of, want] of [
  ['versions and latest', plan([tagged('a', '1.0.0', ['1.0.0', 'latest'])]), 'a:1.0.0, latest ×1'],
  ['a version that is not the newest', plan([tagged('a', '1.0.0', ['1.0.0'])]), 'a:1.0.0'],
  ['latest alone', plan([tagged('a', '1.0.0', ['latest'], { action: 'tag' })]), 'latest ×1'],
  [
    'the first of many versions',
    plan(many),
    'i0:1.0.0, i1:1.0.0, i2:1.0.0, i3:1.0.0, i4:1.0.0, i5:1.0.0, i6:1.0.0, and 2 more, latest ×9',
  ],
  ['nothing where the plan cannot be run', plan([tagged('a', '1.0.0', ['1.0.0']), drift], { failures }), undefined],
] as const) {
  test(`plan: it would set ${title}`, () => {
    const line = planText(of, colors)
      .split('\n')
      .find((one) => one.includes('would set'));
    assert.equal(line, want && `  would set: ${want}`);
  });
}

for (const [command, place, title] of [
  ['publish', 'store', 'UPLOAD'],
  ['publish', 'registry', 'RE-TAG'],
  ['build', 'store', 'RE-TAG'],
] as const) {
  test(`plan: ${title} is what ${command} does with content that is in the ${place}`, () => {
    const text = planText(plan([tagged('a', '1.0.0', ['1.0.0'], from(place))], { command }), colors);
    assert.equal(text.split('\n')[2], `  ${title.padEnd(10)}    1   a 1.0.0`);
  });
}

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
