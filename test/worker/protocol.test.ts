import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemFailure } from '../../src/cli/failure.ts';
import { FailureError, failuresOf } from '../../src/result.ts';
import { systemErrorCode } from '../../src/store/failure.ts';
import { received, sendable } from '../../src/worker/protocol.ts';

const broken = Object.assign(new Error('input/output error'), { code: 'EIO', syscall: 'write' });
/** What is told as an error of the system, and is no bug. */
const isForeseen = (error: unknown) => failuresOf(error) !== undefined || systemFailure(error) !== undefined;
const rows: Readonly<Record<string, { readonly error: unknown; readonly code: string | undefined }>> = {
  'an error of the operating system': { error: broken, code: 'EIO' },
  'a bug': { error: new TypeError('a bug'), code: undefined },
  'a failure': { error: new FailureError({ reason: 'not-a-store', message: 'no such store' }), code: undefined },
};
for (const [title, { error, code }] of Object.entries(rows)) {
  test(`what the worker sends of ${title} keeps what it is known by`, () => {
    const arrived = received(JSON.parse(JSON.stringify(sendable(error))));
    assert.deepEqual(
      { message: arrived.message, name: arrived.name, code: systemErrorCode(arrived), isForeseen: isForeseen(arrived) },
      { message: (error as Error).message, name: (error as Error).name, code, isForeseen: isForeseen(error) },
    );
  });
}

for (const code of ['EMFILE', 'ENFILE']) {
  test(`${code} in the worker is a failure with a remedy, not a bug`, () => {
    const error = Object.assign(new Error(`${code}: open '/x'`), { code, syscall: 'open', path: '/x' });
    const [failure] = failuresOf(received(JSON.parse(JSON.stringify(sendable(error)))))!;
    assert.equal(failure!.reason, 'too-many-open-files');
    assert.match(failure!.message, /\/x/);
    assert.match(failure!.hint!, /ulimit -n/);
  });
}

for (const [code, path] of [
  ['ENOSPC', undefined],
  ['ENOSPC', '/store/x'],
  ['EDQUOT', undefined],
] as const) {
  test(`${code} of ${path ?? 'a file that is open'} in the worker is a full disk, not a bug`, () => {
    const error = Object.assign(new Error(code), { code, syscall: 'write', path });
    const [failure] = failuresOf(received(JSON.parse(JSON.stringify(sendable(error)))))!;
    assert.deepEqual([failure!.reason, failure!.message.includes(path ?? 'the store')], ['disk-full', true]);
  });
}
