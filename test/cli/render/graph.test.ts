import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawGraph, type GraphFormat } from '../../../src/cli/render/graph.ts';
import { selectImages } from '../../../src/orchestrator/plan/selection.ts';
import { graphOf } from './graph-of.ts';

const graph = await graphOf({
  '00-base': ['1.0.0', 'FROM debian:12'],
  '01-tool': ['1.1.0', 'FROM ${REGISTRY}/base:1.0.0'],
  '02-config': ['1.2.0', 'FROM ${REGISTRY}/base:1.0.0', 'COPY --from=${REGISTRY}/tool:1.1.0 /t /t'],
  '03-app.web': ['1.3.0', 'FROM ${REGISTRY}/config:1.2.0', 'COPY --from=alpine:3 /a /a'],
  '00-end': ['2.0.0', 'FROM scratch'],
});

function draw(format: GraphFormat, ...selectors: string[]): string {
  const selection = selectImages(graph, selectors);
  assert.ok(selection.ok);
  return drawGraph({ graph, images: new Set(selection.value.selected) }, format);
}

test('tree: every image once with what is built from it, below the highest of its parents', () => {
  assert.deepEqual(draw('tree').split('\n'), [
    'base 1.0.0',
    '├─ tool 1.1.0',
    '│  └─ config 1.2.0',
    '│     └─ app.web 1.3.0',
    '└─ config 1.2.0   (above)',
    'end 2.0.0',
    'external: debian:12, alpine:3',
    '',
  ]);
});

test('tree: a selection is drawn as if there were nothing else', () => {
  assert.equal(draw('tree', 'config+', 'end'), 'end 2.0.0\nconfig 1.2.0\n└─ app.web 1.3.0\nexternal: alpine:3\n');
});

test('tree: nothing at all', async () => {
  assert.equal(drawGraph({ graph, images: new Set() }, 'tree'), '');
});

test('dot: an arrow from each parent to each child', () => {
  assert.deepEqual(draw('dot', '+config').split('\n'), [
    'digraph images {',
    '  rankdir=LR;',
    '  node [shape=box];',
    '  "base" [label="base 1.0.0"];',
    '  "tool" [label="tool 1.1.0"];',
    '  "config" [label="config 1.2.0"];',
    '  "base" -> "tool";',
    '  "base" -> "config";',
    '  "tool" -> "config";',
    '}',
    '',
  ]);
});

test('mermaid: names that mean something to it are replaced', () => {
  assert.deepEqual(draw('mermaid', 'config', 'app.web', 'end').split('\n'), [
    'graph LR',
    '  i0["end 2.0.0"]',
    '  config["config 1.2.0"]',
    '  i2["app.web 1.3.0"]',
    '  config --> i2',
    '',
  ]);
});

test('json: cip.graph/v1', () => {
  assert.deepEqual(JSON.parse(draw('json', 'config', 'app.web')), {
    schema: 'cip.graph/v1',
    nodes: [
      { name: 'config', version: '1.2.0', context: 'contexts/02-config', level: 0, platforms: [] },
      { name: 'app.web', version: '1.3.0', context: 'contexts/03-app.web', level: 1, platforms: [] },
    ],
    edges: [
      {
        from: 'app.web',
        to: 'config',
        kind: 'from',
        reference: '${REGISTRY}/config:1.2.0',
        file: 'contexts/03-app.web/Dockerfile',
        line: 2,
      },
    ],
    external: [
      { from: 'app.web', kind: 'copy-from', reference: 'alpine:3', file: 'contexts/03-app.web/Dockerfile', line: 3 },
    ],
    failures: [],
  });
});
