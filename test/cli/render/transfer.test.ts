import assert from 'node:assert/strict';
import { test } from 'node:test';
import { transferCounts } from '../../../src/cli/render/transfer.ts';
import type { TransferReport } from '../../../src/orchestrator/publish/transfer.ts';

const nothing: TransferReport = {
  copied: [],
  present: [],
  missing: [],
  conflicts: [],
  failed: [],
  notCopied: [],
  tags: [],
  failures: [],
};
const tag = {
  reference: 'r/a:1',
  before: null,
  after: 'sha256:0' as const,
} as unknown as TransferReport['tags'][number];
const failure = { reason: 'bug', message: 'x' } as const;

for (const [title, report, want] of [
  ['no images', {}, 'no images'],
  ['one image and its tag', { copied: ['a'], tags: [tag] }, '1 copied, 1 tag set'],
  [
    'each image once, and tags apart from them',
    { copied: ['a'], present: ['b'], missing: ['c'], tags: [tag, tag] },
    '1 copied, 1 there already, 1 missing in the source, 2 tags set',
  ],
  [
    'conflicts and what was not done because of them',
    { conflicts: ['a', 'b'], notCopied: ['c', 'd', 'e'], failures: [failure, failure] },
    '2 there with different content, 3 not copied',
  ],
  ['one image with two failures', { failed: ['a'], failures: [failure, failure] }, '1 failed'],
] as const) {
  test(`transferCounts() tells ${title}`, () => assert.equal(transferCounts({ ...nothing, ...report }), want));
}
