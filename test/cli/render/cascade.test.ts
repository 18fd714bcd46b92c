import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cascadeDocument, cascadeSize, cascadeTree } from '../../../src/cli/render/cascade.ts';
import { planCascade } from '../../../src/project/cascade.ts';
import { graphOf } from './graph-of.ts';

const graph = await graphOf({
  '00-base': ['1.0.1', 'FROM scratch'],
  '01-jq': ['3.0.0', 'FROM ${REGISTRY}/base:1.0.0'],
  '01-tool': ['1.1.0', 'FROM ${REGISTRY}/base:1.0.0'],
  '02-config': ['1.2.9', 'FROM ${REGISTRY}/base:1.0.0', 'COPY --from=${REGISTRY}/tool:1.1.0 /t /t'],
  '00-lone': ['5.0.0', 'FROM scratch'],
});
const planned = planCascade(graph);
assert.ok(planned.ok);
const cascade = planned.value;

test('cascade tree: below what changed, each image once, with the lines that name its parents', () => {
  assert.deepEqual(cascadeTree(cascade, graph).split('\n'), [
    '  base          1.0.1',
    '  ├─ jq         3.0.0 → 3.0.1   contexts/01-jq/Dockerfile:2',
    '  └─ tool       1.1.0 → 1.1.1   contexts/01-tool/Dockerfile:2',
    '     └─ config  1.2.9 → 1.2.10  contexts/02-config/Dockerfile:2,3   (2 parents, 1 bump)',
    '',
  ]);
});

test('cascade size', () => assert.equal(cascadeSize(cascade), '3 images, 6 files, 4 references'));

test('cip.cascade/v1', () => {
  const { schema, bumps, edits, files } = cascadeDocument(cascade);
  assert.equal(schema, 'cip.cascade/v1');
  assert.deepEqual(bumps.at(-1), { name: 'config', from: '1.2.9', to: '1.2.10', because: ['base', 'tool'] });
  assert.deepEqual(edits[0], {
    name: 'jq',
    parent: 'base',
    file: 'contexts/01-jq/Dockerfile',
    line: 2,
    column: 23,
    before: '1.0.0',
    after: '1.0.1',
  });
  assert.equal(files.length, 6);
});
