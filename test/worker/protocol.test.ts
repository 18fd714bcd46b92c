import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailureError, failuresOf } from '../../src/result.ts';
import { systemErrorCode } from '../../src/store/failure.ts';
import { received, sendable } from '../../src/worker/protocol.ts';

const full = Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write' });
const rows: Readonly<Record<string, { readonly error: unknown; readonly code: string | undefined }>> = {
  'an error of the operating system': { error: full, code: 'ENOSPC' },
  'a bug': { error: new TypeError('a bug'), code: undefined },
  'a failure': { error: new FailureError({ reason: 'not-a-store', message: 'no such store' }), code: undefined },
};
for (const [title, { error, code }] of Object.entries(rows)) {
  test(`what the worker sends of ${title} keeps what it is known by`, () => {
    const arrived = received(JSON.parse(JSON.stringify(sendable(error))));
    assert.deepEqual(
      { message: arrived.message, name: arrived.name, code: systemErrorCode(arrived) },
      { message: (error as Error).message, name: (error as Error).name, code },
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
