import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../src/program/run-program.ts';
import { type ProgramStart, type RunningProgram, startProgram } from '../../src/program/start-program.ts';

const SH: Pick<ProgramStart, 'program' | 'env'> = { program: 'sh', env: 'inherited' };

async function started(start: Omit<ProgramStart, 'program' | 'env'>): Promise<RunningProgram> {
  const running = await startProgram({ ...SH, ...start });
  assert.ok('child' in running);
  return running;
}

test('a program that is not there is a value, and leaves nothing behind', async () => {
  const running = await startProgram({ ...SH, program: 'cip-has-no-such-program', args: [], stdio: 'pipe' });
  assert.ok('how' in running);
  assert.equal(running.how, 'not-found');
});

test('where no file descriptor is left, that is what it says', async () => {
  const file = fileURLToPath(new URL(`./few-files-process${extname(import.meta.url)}`, import.meta.url));
  const { stdout, stderr } = await runProgram('sh', {
    args: ['-c', 'ulimit -n 100; exec "$@"', 'sh', process.execPath, ...process.execArgv, file],
    env: 'inherited',
  });
  assert.equal(stdout, 'not-started EMFILE\n', stderr);
});

test('more file descriptors, in both directions', async () => {
  const script = 'read -r line <&4; echo "got $line" >&3';
  const running = await started({ args: ['-c', script], stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
  (running.child.stdio[4] as Socket).write('a line\n');
  const [said] = await once(running.child.stdio[3] as Socket, 'data');
  assert.equal(String(said), 'got a line\n');
  assert.deepEqual(await running.closed, { how: 'status', status: 0 });
});

test('a file that is open here is its standard output', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'cip-start-'));
  try {
    const file = openSync(join(dir, 'out'), 'w');
    const running = await started({ args: ['-c', 'echo told'], stdio: ['ignore', file, 'pipe'] });
    closeSync(file);
    await running.ended;
    assert.equal(await readFile(join(dir, 'out'), 'utf8'), 'told\n');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test('a detached program heads a session of its own, others stay in that of this process', async () => {
  for (const detached of [true, undefined]) {
    const running = await started({ args: ['-c', 'read -r line'], stdio: ['pipe', 'ignore', 'pipe'], detached });
    const stat = await readFile(`/proc/${running.child.pid}/stat`, 'utf8');
    await running.stop();
    const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    assert.equal(session === String(running.child.pid), detached === true);
    assert.equal(group === String(running.child.pid), detached === true);
  }
});

test('it has ended before those who keep its output open have, and is closed after them', async () => {
  const running = await started({
    args: ['-c', '{ read -r line; echo late >&2; } <&3 & echo early >&2; exit 5'],
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const end = { how: 'status', status: 5 } as const;
  assert.deepEqual(await running.ended, end);
  let isClosed = false;
  void running.closed.then(() => {
    isClosed = true;
  });
  await setImmediate();
  (running.child.stdio[3] as Socket).end('go\n');
  assert.ok(!isClosed);
  assert.deepEqual(await running.closed, end);
  assert.equal(running.said(), 'early\nlate\n');
});

test('a program whose reader is gone ends', async () => {
  const running = await started({ args: ['-c', 'exec yes'], stdio: ['ignore', 'pipe', 'ignore'] });
  await once(running.child.stdout!, 'data');
  running.child.stdout!.destroy();
  // By SIGPIPE, or by itself where this process was started with that ignored.
  assert.notDeepEqual(await running.closed, { how: 'status', status: 0 });
});

test('to stop one takes what it would not hear of, and those who keep its outputs', async () => {
  const running = await started({
    args: ['-c', "trap '' TERM; sleep 1000 2>&1 & echo $!; wait; sleep 1000"],
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [left] = await once(running.child.stdout!, 'data');
  try {
    await running.stop();
    assert.throws(() => process.kill(running.child.pid, 0), { code: 'ESRCH' });
    assert.deepEqual(await running.closed, { how: 'signal', signal: 'SIGKILL' });
  } finally {
    process.kill(Number(left), 'SIGKILL');
  }
});

test('a message to one that is gone is nobody’s error', async () => {
  const running = await started({ args: ['-c', 'exit 0'], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  await running.ended;
  running.child.send({ too: 'late' });
  assert.deepEqual(await running.closed, { how: 'status', status: 0 });
});

for (const code of ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', undefined]) {
  test(`what its input fails with (${code ?? 'any error'}) is thrown, and ends it`, async () => {
    const running = await started({ args: ['-c', 'exec sleep 5'], stdio: ['pipe', 'ignore', 'pipe'] });
    const error = Object.assign(new Error('the source is gone'), { code });
    async function* source() {
      yield 'a beginning';
      throw error;
    }
    await assert.rejects(running.feed(source()), (thrown) => thrown === error);
    assert.deepEqual(await running.closed, { how: 'signal', signal: 'SIGKILL' });
  });
}

test('a source of which too little is taken is told to end', async () => {
  const running = await started({ args: ['-c', 'exit 0'], stdio: ['pipe', 'ignore', 'pipe'] });
  let ended = false;
  async function* source() {
    try {
      for (;;) yield 'x'.repeat(65_536);
    } finally {
      ended = true;
    }
  }
  await running.feed(source());
  assert.ok(ended);
  assert.deepEqual(await running.closed, { how: 'status', status: 0 });
});
