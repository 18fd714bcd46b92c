import assert from 'node:assert/strict';
import { test } from 'node:test';
import { affectedBy, ancestorsOf, descendantsOf } from '../../src/project/affected.ts';
import { batches } from '../../src/project/batch.ts';
import type { ImageName } from '../../src/project/image-name.ts';
import { graphOf } from './support/project-files.ts';
import { thirtyTwoImages } from './support/thirty-two-images.ts';

const graph = graphOf(thirtyTwoImages());
const name = (text: string) => text as ImageName;

test('batches() puts 32 images into 7 levels', () =>
  assert.deepEqual(
    batches(graph).map((batch) => batch.length),
    [2, 14, 1, 2, 8, 4, 1],
  ));

test('batches() puts every image after all of its parents', () => {
  const level = new Map(batches(graph).flatMap((batch, index) => batch.map((image) => [image, index])));
  for (const { from, to } of graph.edges) assert.ok(level.get(from)! > level.get(to)!, `${from} needs ${to}`);
});

test('descendantsOf() goes all the way down, parents first', () => {
  assert.deepEqual(descendantsOf(graph, name('java-dev')), ['clojure-dev', 'kotlin-dev', 'scala-dev']);
  assert.deepEqual(descendantsOf(graph, name('node-dev')), ['web-dev', 'hugo-dev']);
  assert.equal(descendantsOf(graph, name('debian-slim')).length, 30);
});

test('ancestorsOf() goes all the way up, parents first', () =>
  assert.deepEqual(ancestorsOf(graph, name('base-dev')), ['debian-slim', 'nvim-build', 'nvim-config']));

test('affectedBy() has the changed images and everything that needs one of them', () =>
  assert.deepEqual(
    [...affectedBy(graph, [name('web-dev'), name('git'), name('hugo-dev')])],
    ['git', 'web-dev', 'hugo-dev'],
  ));
