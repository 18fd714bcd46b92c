import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageName } from '../../src/project/image-name.ts';
import { levelsOf } from '../../src/project/level.ts';
import { affectedBy, neededBy } from '../../src/project/reach.ts';
import { graphOf } from './support/project-files.ts';
import { thirtyTwoImages } from './support/thirty-two-images.ts';

const graph = graphOf(thirtyTwoImages());
const name = (text: string) => text as ImageName;

test('levelsOf() puts 32 images into 7 levels', () => {
  const levels = [...levelsOf(graph).values()];
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((level) => levels.filter((other) => other === level).length),
    [2, 14, 1, 2, 8, 4, 1],
  );
});

test('levelsOf() puts every image above all of its parents', () => {
  const levels = levelsOf(graph);
  for (const { from, to } of graph.edges) assert.ok(levels.get(from)! > levels.get(to)!, `${from} needs ${to}`);
});

test('levelsOf() of a part of the graph does not count what is not in it', () => {
  const order = [name('base-dev'), name('node-dev')];
  assert.deepEqual([...levelsOf({ order, parents: graph.parents }).values()], [0, 1]);
});

test('affectedBy() has the changed images and all that needs one of them, parents first', () => {
  const affected = (...names: string[]) => [...affectedBy(graph, names.map(name))];
  assert.deepEqual(affected('java-dev'), ['java-dev', 'clojure-dev', 'kotlin-dev', 'scala-dev']);
  assert.deepEqual(affected('web-dev', 'git', 'hugo-dev'), ['git', 'web-dev', 'hugo-dev']);
  assert.equal(affected('debian-slim').length, 31);
});

test('neededBy() goes all the way up, parents first', () =>
  assert.deepEqual([...neededBy(graph, [name('base-dev')])], ['debian-slim', 'nvim-build', 'nvim-config', 'base-dev']));
