import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { KnownBlobs } from '../../src/registry/known-blobs.ts';

const [a, b, c] = [digestOf('a'), digestOf('b'), digestOf('c')];
const at = (repository: string, registry = 'x.io') => ({ registry, repository });

test('KnownBlobs names another repository of the same registry', () => {
  const known = new KnownBlobs();
  known.add('x.io', a, 'first');
  assert.equal(known.repositoryOf(at('second'), a), 'first');
  assert.equal(known.repositoryOf(at('first'), a), undefined);
  assert.equal(known.repositoryOf(at('second', 'y.io'), a), undefined);
  assert.equal(known.repositoryOf(at('second'), b), undefined);
});

test('KnownBlobs forgets what was noted first, and not what was noted again', () => {
  const known = new KnownBlobs(2);
  for (const digest of [a, b, a, c]) known.add('x.io', digest, 'first');
  assert.deepEqual(
    [a, b, c].map((digest) => known.repositoryOf(at('second'), digest)),
    ['first', undefined, 'first'],
  );
});
