import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  complaintOf,
  type ProgramOutcome,
  type ProgramRun,
  runProgram,
  succeeded,
} from '../../src/program/run-program.ts';

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cip-program-'));
});
after(() => rm(dir, { recursive: true, force: true }));

/** Lines for sh that come to an end, so that a mistake shows and leaves nothing behind. */
const untilLate = 'for i in $(seq 100); do sleep 0.05; done';

/** Of an outcome, what a test compares; errors by their code. */
type Compared = Partial<Omit<ProgramOutcome, 'error'>> & {
  readonly status?: number;
  readonly signal?: string;
  readonly code?: string;
  readonly limit?: number;
};

interface Case {
  readonly name: string;
  /** A script for sh, unless there is a program. */
  readonly script?: string;
  readonly program?: () => string;
  readonly run?: Partial<ProgramRun>;
  readonly gives: Compared;
  readonly complaint?: string | RegExp;
}

const MEGABYTE = 1024 * 1024;
const long = (length: number) => `head -c ${length} /dev/zero | tr '\\0' x`;

const cases: readonly Case[] = [
  {
    name: 'what ends well gives both of its outputs',
    script: 'echo out; echo err >&2',
    gives: { how: 'status', status: 0, stdout: 'out\n', stderr: 'err\n' },
    complaint: 'err',
  },
  {
    name: 'a status is what it is',
    script: 'exit 7',
    gives: { how: 'status', status: 7, stdout: '', stderr: '' },
    complaint: 'exit status 7',
  },
  {
    name: 'a signal has its name',
    script: 'echo begun; kill -s TERM $$',
    gives: { how: 'signal', signal: 'SIGTERM', stdout: 'begun\n', stderr: '' },
    complaint: 'ended by SIGTERM',
  },
  {
    name: 'a program that there is not',
    program: () => 'cip-has-no-such-program',
    gives: { how: 'not-found', code: 'ENOENT', stdout: '', stderr: '' },
    complaint: 'the program was not found',
  },
  {
    name: 'a path of nothing',
    program: () => join(dir, 'nothing'),
    gives: { how: 'not-found', code: 'ENOENT', stdout: '', stderr: '' },
  },
  {
    name: 'a script whose interpreter is missing',
    program: () => join(dir, 'orphan'),
    gives: { how: 'not-found', code: 'ENOENT', stdout: '', stderr: '' },
  },
  {
    name: 'a file that may not be executed',
    program: () => join(dir, 'plain'),
    gives: { how: 'not-started', code: 'EACCES', stdout: '', stderr: '' },
    complaint: /EACCES/,
  },
  {
    name: 'more arguments than the kernel takes',
    program: () => 'true',
    run: { args: ['x'.repeat(3 * MEGABYTE)] },
    gives: { how: 'not-started', code: 'E2BIG', stdout: '', stderr: '' },
    complaint: /E2BIG/,
  },
  {
    name: 'a name that no file can have',
    program: () => 'a\0b',
    gives: { how: 'not-started', code: 'ERR_INVALID_ARG_VALUE', stdout: '', stderr: '' },
  },
  {
    name: 'output of many pipes full',
    script: long(900_000),
    gives: { how: 'status', status: 0, stdout: 'x'.repeat(900_000), stderr: '' },
  },
  {
    name: 'exactly as much as may be',
    script: 'printf 12345',
    run: { maxStdout: 5 },
    gives: { how: 'status', status: 0, stdout: '12345', stderr: '' },
  },
  {
    name: 'one byte more',
    script: 'printf 123456',
    run: { maxStdout: 5 },
    gives: { how: 'too-much-output', limit: 5, stdout: '12345', stderr: '' },
    complaint: 'it wrote more than 5 bytes',
  },
  {
    name: 'one that would never stop',
    program: () => 'yes',
    gives: { how: 'too-much-output', limit: MEGABYTE, stdout: 'y\n'.repeat(MEGABYTE / 2), stderr: '' },
  },
  {
    name: 'complaints of many pipes full, of which the end is kept',
    script: `{ ${long(400_000)}; echo end; } >&2`,
    run: { keptStderr: 10 },
    gives: { how: 'status', status: 0, stdout: '', stderr: 'xxxxxxend\n' },
  },
  {
    name: 'a few complaints, of which the end is kept',
    script: 'printf 12345678 >&2',
    run: { keptStderr: 5 },
    gives: { how: 'status', status: 0, stdout: '', stderr: '45678' },
  },
  {
    name: 'complaints that are fewer than are kept',
    script: `${long(100_000)} >&2; exit 1`,
    run: { keptStderr: 100_000 },
    gives: { how: 'status', status: 1, stdout: '', stderr: 'x'.repeat(100_000) },
  },
  {
    name: 'one that takes too long',
    script: 'echo begun; exec sleep 1000',
    run: { timeout: 300 },
    gives: { how: 'timeout', stdout: 'begun\n', stderr: '' },
    complaint: 'it took too long',
  },
  {
    name: 'one that does not hear of its end',
    script: `trap '' TERM INT HUP; echo begun; ${untilLate}`,
    run: { timeout: 300 },
    gives: { how: 'timeout', stdout: 'begun\n', stderr: '' },
  },
  {
    name: 'input that is read',
    program: () => 'cat',
    run: { input: 'x'.repeat(500_000) },
    gives: { how: 'status', status: 0, stdout: 'x'.repeat(500_000), stderr: '' },
  },
  {
    name: 'input in parts',
    program: () => 'cat',
    run: { input: ['a', 'ä', 'c'] },
    gives: { how: 'status', status: 0, stdout: 'aäc', stderr: '' },
  },
  {
    name: 'no input is an empty one',
    script: 'exec timeout 5 cat',
    gives: { how: 'status', status: 0, stdout: '', stderr: '' },
  },
  {
    name: 'input that nobody reads, of one that ends',
    script: 'exit 3',
    run: { input: 'x'.repeat(MEGABYTE) },
    gives: { how: 'status', status: 3, stdout: '', stderr: '' },
  },
  {
    name: 'input that is closed early, by one that goes on',
    script: 'read -r line; exec <&-; sleep 0.1; echo "$line"',
    run: { input: `first\n${'x'.repeat(MEGABYTE)}` },
    gives: { how: 'status', status: 0, stdout: 'first\n', stderr: '' },
  },
  {
    name: 'input of one that is not there',
    program: () => 'cip-has-no-such-program',
    run: { input: 'x'.repeat(MEGABYTE) },
    gives: { how: 'not-found', code: 'ENOENT', stdout: '', stderr: '' },
  },
  {
    name: 'an environment is whole',
    program: () => '/usr/bin/env',
    run: { env: { ONE: '1', NONE: undefined } },
    gives: { how: 'status', status: 0, stdout: 'ONE=1\n', stderr: '' },
  },
  {
    name: 'a name is looked for in the PATH that it is given',
    program: () => 'cip-only-here',
    gives: { how: 'status', status: 0, stdout: 'here\n', stderr: '' },
  },
];

describe('a program run to its end', () => {
  before(async () => {
    await writeFile(join(dir, 'plain'), 'echo plain\n', { mode: 0o644 });
    await script('orphan', '#!/cip/has/no/such/shell\n');
    await script('cip-only-here', '#!/bin/sh\necho here\n');
  });

  for (const { name, script, program, run, gives, complaint } of cases) {
    test(name, async () => {
      const env = { PATH: `${dir}:/usr/sbin:/usr/bin:/sbin:/bin` };
      const args = script === undefined ? [] : ['-c', script];
      const outcome = await runProgram(program?.() ?? 'sh', { args, env, ...run });
      assert.deepEqual(compared(outcome), gives);
      assert.equal(succeeded(outcome), gives.status === 0);
      if (typeof complaint === 'string') assert.equal(complaintOf(outcome), complaint);
      else if (complaint !== undefined) assert.match(complaintOf(outcome), complaint);
    });
  }

  test('what is inherited is the environment of this process, with complaints in English', async () => {
    const { stdout } = await runProgram('env', { args: [], env: 'inherited' });
    const lines = new Set(stdout.split('\n'));
    assert.ok(lines.has(`PATH=${process.env['PATH']}`));
    assert.ok(lines.has('LC_ALL=C'));
  });

  test('a directory that is missing is no missing program', async () => {
    const run = { args: [], env: {}, cwd: join(dir, 'gone') };
    await assert.rejects(runProgram('/bin/true', run), /there is no directory .*gone/);
  });

  test('whoever inherited its outputs is not waited for when it is killed', async () => {
    const late = join(dir, 'late');
    const outcome = await runProgram('sh', {
      args: ['-c', `{ sleep 5; : > ${late}; } & echo $!; wait`],
      env: 'inherited',
      timeout: 300,
    });
    process.kill(Number(outcome.stdout), 'SIGKILL');
    assert.equal(outcome.how, 'timeout');
    await assert.rejects(readFile(late), { code: 'ENOENT' });
  });

  test('one that has ended, and left its outputs to others, has not taken too long', async () => {
    const outcome = await runProgram('sh', {
      args: ['-c', 'sleep 1000 & echo $!; exit 4'],
      env: 'inherited',
      timeout: 500,
    });
    process.kill(Number(outcome.stdout), 'SIGKILL');
    assert.deepEqual({ ...outcome, stdout: '' }, { how: 'status', status: 4, stdout: '', stderr: '' });
  });

  test('an abort rejects with its reason, when the program is gone', async () => {
    const file = join(dir, 'pid');
    const aborting = new AbortController();
    const args = ['-c', `trap '' TERM; echo $$ > ${file}.new; mv ${file}.new ${file}; ${untilLate}; : > ${file}.late`];
    const running = runProgram('sh', { args, env: 'inherited' }, aborting.signal);
    const pid = await contentOf(file);
    aborting.abort(new Error('enough'));
    await assert.rejects(running, /^Error: enough$/);
    assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' });
    await assert.rejects(readFile(`${file}.late`), { code: 'ENOENT' });
  });

  test('an abort that has come before starts nothing', async () => {
    const file = join(dir, 'never');
    const run = runProgram('sh', { args: ['-c', `: > ${file}`], env: 'inherited' }, AbortSignal.abort(new Error('no')));
    await assert.rejects(run, /^Error: no$/);
    await assert.rejects(readFile(file), { code: 'ENOENT' });
    // One that is looked for would not be found: the signal is asked first.
    const lost = runProgram('no-such-program', { args: [], env: 'inherited' }, AbortSignal.abort(new Error('no')));
    await assert.rejects(lost, { message: 'no' });
  });

  test('an abort that comes after changes nothing', async () => {
    const aborting = new AbortController();
    const outcome = await runProgram('true', { args: [], env: 'inherited' }, aborting.signal);
    aborting.abort();
    assert.ok(succeeded(outcome));
  });
});

async function script(name: string, text: string): Promise<void> {
  await writeFile(join(dir, name), text);
  await chmod(join(dir, name), 0o755);
}

async function contentOf(file: string): Promise<string> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
    await delay(5);
  }
}

function compared(outcome: ProgramOutcome): Compared {
  if (!('error' in outcome)) return outcome;
  const { error, ...rest } = outcome;
  return { ...rest, code: error.code ?? error.message };
}
