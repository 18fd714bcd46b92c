import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusOf } from '../../src/cli/exit-codes.ts';
import { isOfFullDisk, withSharedFailures } from '../../src/cli/shared-failures.ts';
import type { Failure } from '../../src/result.ts';

const at = { file: 'contexts/a/Dockerfile', line: 2, column: 1, offset: 0, length: 4 };
const step: Failure = { reason: 'run-failed', message: 'RUN make exited with status 2', at };
const gone: Failure = { reason: 'registry-unreachable', message: 'lost connection to r' };
const full = (file: string): Failure => ({ reason: 'disk-full', message: `no space left on the disk of ${file}`, at });
const fullInRun: Failure = { ...step, details: ['cc: error: a.o: No space left on device'] };
const fullUnpacking: Failure = {
  reason: 'unpack-failed',
  message: 'usr/lib cannot be written (ENOSPC)',
  code: 'ENOSPC',
  at,
};

type Failed = Readonly<Record<string, readonly Failure[]>>;
const rows: Readonly<Record<string, { failed: Failed; want: readonly string[]; status: number }>> = {
  'each its own': {
    failed: { a: [step], b: [step] },
    want: ['a 1.0.0: run-failed 2', 'b 1.0.0: run-failed 2'],
    status: 1,
  },
  'a registry that is gone, for one': { failed: { a: [gone] }, want: ['a 1.0.0: registry-unreachable'], status: 5 },
  'a registry that is gone, for all': {
    failed: { a: [gone], b: [gone], c: [gone] },
    want: ['a, b, c: registry-unreachable'],
    status: 5,
  },
  'a registry, and a step of one of them': {
    failed: { a: [gone], b: [step, gone] },
    want: ['b 1.0.0: run-failed 2', 'a, b: registry-unreachable'],
    status: 5,
  },
  'two registries': {
    failed: { a: [gone], b: [{ ...gone, message: 'lost connection to other' }] },
    want: ['a 1.0.0: registry-unreachable', 'b 1.0.0: registry-unreachable'],
    status: 5,
  },
  'a full disk, by whoever noticed': {
    failed: { a: [full('/store/x')], b: [full('/store/y')], c: [fullInRun], d: [fullUnpacking] },
    want: ['a, b, c, d: disk-full'],
    status: 5,
  },
  'a full disk in one RUN': { failed: { a: [fullInRun] }, want: ['a: disk-full'], status: 5 },
  'a RUN that only speaks of space': {
    failed: { a: [{ ...step, details: ['space left: none'] }] },
    want: ['a 1.0.0: run-failed 2'],
    status: 1,
  },
};
for (const [title, { failed, want, status }] of Object.entries(rows)) {
  test(`withSharedFailures() reports ${title}`, () => {
    const images = Object.entries(failed).map(([image, failures]) => {
      return { image, title: `${image} 1.0.0`, failures, notes: [`full log: ${image}.log`] };
    });
    const groups = withSharedFailures(images, '/the/store');
    assert.deepEqual(
      groups.map((group) => {
        return `${group.title}: ${group.failures.map((each) => `${each.reason}${each.at === undefined ? '' : ` ${each.at.line}`}`).join(', ')}`;
      }),
      want,
    );
    assert.equal(statusOf(groups.flatMap(({ failures }) => failures)), status);
    for (const { failures } of groups) {
      for (const { reason, message } of failures)
        if (reason === 'disk-full') assert.match(message, /\(\/the\/store\)$/);
    }
  });
}

const events = {
  'by its code': { event: { message: 'write failed', code: 'ENOSPC' }, want: true },
  'a quota, by its code': { event: { message: 'write failed', code: 'EDQUOT' }, want: true },
  'not by its words': { event: { message: 'a file is named ENOSPC' }, want: false },
  'not another code': { event: { message: 'ENOSPC', code: 'EACCES' }, want: false },
  'not of where an output goes': {
    event: { message: '', failures: [{ reason: 'output-unwritable' as const, message: 'x', code: 'ENOSPC' }] },
    want: false,
  },
  'by a failure': { event: { message: '', failures: [full('/store/x')] }, want: true },
};
for (const [title, { event, want }] of Object.entries(events)) {
  test(`isOfFullDisk() tells a full disk ${title}`, () => {
    assert.equal(isOfFullDisk({ type: 'image-failed', image: 'a', ...event }), want);
  });
}
