/** What differs between two images as text and as JSON, in pieces that end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageDifference, PlatformDifference } from '../../../src/cli/image-difference.ts';
import { imageDiffJson, imageDiffText } from '../../../src/cli/render/image-diff.ts';
import { compareTrees } from '../../../src/layer/compare-trees.ts';
import { Tree } from '../../../src/layer/tree.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { file } from '../../layer/entries.ts';

const digest = digestOf('x');
const image = (name: string) => ({
  name,
  content: { digest, mediaType: 'x', annotations: {}, platforms: [], others: [] },
  source: {
    has: () => Promise.resolve(false),
    open: () => Promise.reject(new Error('nothing is read here')),
  },
});
const compared = { before: image('a'), after: image('b') };

function platform(name: string, count: number): PlatformDifference {
  const files = Array.from({ length: count }, (_, at) => file(`f${String(at).padStart(6, '0')}\n      "files": []`));
  return {
    platform: name,
    equal: count === 0,
    annotations: [],
    config: [],
    layers: { shared: 1, before: [], after: [] },
    files: [...compareTrees(Tree.empty, Tree.of([files]), { times: false })],
  };
}

for (const counts of [[], [0], [1], [2, 0, 1], [999], [1000], [1001], [2500, 3]]) {
  test(`files of platforms: ${counts.join(', ') || 'no platform'}`, () => {
    const platforms = counts.map((count, at) => platform(`linux/${at}`, count));
    const difference: ImageDifference = { equal: false, annotations: [], platforms };
    const pieces = [...imageDiffJson(compared, difference)];
    assert.ok(pieces.every((piece) => piece.length < 400_000));
    const document = JSON.parse(pieces.join('')) as {
      readonly schema: string;
      readonly platforms: readonly {
        readonly platform: string;
        readonly files: readonly { readonly path: string }[];
      }[];
      readonly failures: readonly unknown[];
    };
    assert.deepEqual([document.schema, document.failures], ['cip.image-diff/v1', []]);
    assert.deepEqual(
      document.platforms.map(({ platform: name, files }) => [name, files.map(({ path }) => path)]),
      platforms.map(({ platform: name, files }) => [name, files.map(({ path }) => `/${path}`)]),
    );
    const texts = [...imageDiffText(compared, difference)];
    assert.ok(texts.every((piece) => piece.length < 400_000));
    const lines = texts.join('').split('\n');
    const told = platforms.filter(({ files }) => files.length > 0);
    const head = told.length === 0 ? [] : ['--- a', '+++ b'];
    assert.deepEqual(lines, [
      ...head,
      ...told.flatMap(({ platform: name, files }) => [
        name,
        ...files.map(({ path }) => `  + /${path.replaceAll('\n', String.raw`\n`)} file 0644 0:0 0 B`),
      ]),
      '',
    ]);
  });
}
