/** A failure of a layer is told at the image that has it, whatever step met it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atBase, type UsedBase } from '../../src/engine/base-at-fault.ts';
import { LayerError } from '../../src/engine/snapshot/layer-error.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { type Failure, FailureError, failuresOf, locatedAt, type Reason, type SourceSpan } from '../../src/result.ts';

function spanAt(line: number): SourceSpan {
  return { file: 'Dockerfile', line, column: 1, offset: line, length: 1 };
}

const [ofOne, ofOther, own] = ['one', 'other', 'own'].map((text) => digestOf(text)) as [never, never, never];
const bases: readonly UsedBase[] = [
  { reference: 'one:1', at: spanAt(1), layers: [ofOne] },
  { reference: 'other:1', at: spanAt(2), layers: [ofOne, ofOther] },
];
const thrownBy = (reason: Reason, layer: never) =>
  new LayerError({ reason, message: 'what was met', hint: 'as it was' } as Failure, layer, {});

const rows: Readonly<
  Record<string, readonly [error: unknown, reason: Reason, line: number | undefined, named: string | undefined]>
> = {
  'no tar': [thrownBy('tar-header-invalid', ofOne), 'base-layer-broken', 1, 'one:1'],
  'no gzip': [thrownBy('corrupt-compression', ofOther), 'base-layer-broken', 2, 'other:1'],
  'another tar': [thrownBy('layer-digest-mismatch', ofOther), 'layer-digest-mismatch', 2, 'other:1'],
  'a hostile entry': [thrownBy('layer-entry-escapes', ofOther), 'layer-entry-escapes', 2, 'other:1'],
  'a registry that went away': [thrownBy('registry-unreachable', ofOther), 'registry-unreachable', 2, undefined],
  'a full disk': [thrownBy('unpack-failed', ofOther), 'unpack-failed', 2, 'other:1'],
  'a layer of our own': [thrownBy('tar-truncated', own), 'tar-truncated', undefined, undefined],
  'a place that a step put on it': [
    locatedAt(thrownBy('tar-truncated', ofOne), spanAt(9)),
    'base-layer-broken',
    1,
    'one:1',
  ],
  'an archive that a step unpacks': [
    locatedAt(new FailureError({ reason: 'tar-truncated', message: 'what was met' }), spanAt(9)),
    'tar-truncated',
    9,
    undefined,
  ],
};

for (const [title, [error, reason, line, named]] of Object.entries(rows)) {
  test(`${title}: ${reason}`, () => {
    const [failure] = failuresOf(atBase(error, bases))!;
    assert.deepEqual([failure?.reason, failure?.at?.line], [reason, line]);
    assert.equal(/\S+:1(?= )/.exec(failure!.message)?.[0], named);
    assert.match(failure!.message, /what was met/);
    if (reason === 'base-layer-broken' || reason === 'layer-digest-mismatch')
      assert.notEqual(failure?.hint, 'as it was');
  });
}

test('a bug stays one', () => {
  const error = new TypeError('undefined is not a function');
  assert.equal(atBase(error, bases), error);
});
