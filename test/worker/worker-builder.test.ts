import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ProgressEvent } from '../../src/progress.ts';
import { FailureError } from '../../src/result.ts';
import { WorkerBuilder } from '../../src/worker/worker-builder.ts';
import { needs } from '../support/needs.ts';
import { nobodyInParticular, personWithSubids, self, subids } from './people.ts';
import { noEngine, PersonBuilder, plainRequest } from './person-builder.ts';
import { commandOf, eventually, isAlive, processesWith } from './processes.ts';

const module = new URL(`./toy-engine${extname(import.meta.url)}`, import.meta.url).href;
const toy = { engine: noEngine, module, isolation: 'namespaces' } as const;
const allCapabilities = /^0*1[f]+$/;

interface Described {
  readonly tier: string;
  readonly uid: number;
  readonly pid: number;
  readonly uidMap: readonly string[];
  readonly gidMap: readonly string[];
  readonly setgroups: string;
  readonly capabilities: string;
  readonly umask: number;
  readonly procIsOwn: boolean;
  readonly env: readonly string[];
  readonly files: readonly number[];
}

function described(events: readonly ProgressEvent[]): Described {
  const output = events.find((event) => event.type === 'step-output');
  return JSON.parse(output?.type === 'step-output' ? output.text : '{}');
}

function warnings(events: readonly ProgressEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
}

describe('one worker', needs('linux', 'user namespaces'), () => {
  let builder: WorkerBuilder;
  before(() => {
    builder = new WorkerBuilder({ ...toy, user: self, env: { PATH: process.env['PATH']! } });
  });
  after(() => builder.close());

  const build = async (buildArgs: Record<string, string>, signal = new AbortController().signal) => {
    const events: ProgressEvent[] = [];
    const result = await builder.build(plainRequest(buildArgs), { emit: (event) => events.push(event) }, signal);
    return { result, events };
  };

  test('gives the engine its options, its rights and nothing else', async () => {
    const { result, events } = await build({ do: 'describe' });
    const { tier, uid, capabilities, umask, env, files, procIsOwn } = described(events);
    assert.deepEqual(
      { tier, uid, umask, env, files, procIsOwn },
      { tier, uid: 0, umask: 0o022, env: ['PATH'], files: [], procIsOwn: true },
    );
    assert.match(capabilities, allCapabilities);
    assert.equal(result.image.mediaType, 'toy');
  });

  test('failures cross whole', async () => {
    await assert.rejects(build({ do: 'fail' }), (error: FailureError) => {
      assert.ok(error instanceof FailureError);
      assert.deepEqual(error.failure, {
        reason: 'run-failed',
        message: 'the toy broke',
        hint: 'mend it',
        details: ['a', 'b'],
      });
      return true;
    });
  });

  test('bugs cross with the stack of where they happened', async () => {
    await assert.rejects(build({ do: 'bug' }), (error: Error) => {
      assert.deepEqual(
        { failure: error instanceof FailureError, name: error.name, message: error.message },
        { failure: false, name: 'TypeError', message: 'the toy is wrong' },
      );
      assert.match(error.stack!, /toy-engine/);
      return true;
    });
  });

  test('builds several at once; cancelling one leaves the others', async () => {
    const abort = new AbortController();
    const waiting = build({ do: 'wait' }, abort.signal);
    const { events } = await build({ do: 'describe' });
    assert.equal(described(events).uid, 0);
    const reason = new Error('enough');
    abort.abort(reason);
    await assert.rejects(waiting, reason);
    assert.equal((await build({ do: 'describe' })).events.length, 1);
  });

  test('a build that is cancelled before it begins does not begin', async () => {
    await assert.rejects(build({ do: 'describe' }, AbortSignal.abort(new Error('never'))), /never/);
  });

  test('its death fails all builds with worker-died, and the next build gets another worker', async () => {
    const others = build({ do: 'wait' }).catch((error) => error.failure.reason);
    await assert.rejects(build({ do: 'die' }), (error: FailureError) => {
      const { reason, message, details } = error.failure;
      assert.equal(reason, 'worker-died');
      assert.match(message, /SIGKILL/);
      assert.ok(details!.includes('last words'));
      return true;
    });
    assert.equal(await others, 'worker-died');
    assert.equal(described((await build({ do: 'describe' })).events).uid, 0);
  });

  test('a refusal of the engine to start is a failure of the build', async () => {
    const refused = new WorkerBuilder({
      ...toy,
      engine: { ...noEngine, storeDir: '/refused' },
      user: self,
      env: { PATH: process.env['PATH']! },
    });
    await assert.rejects(
      refused.build(plainRequest({ do: 'describe' }), { emit() {} }, new AbortController().signal),
      (error: FailureError) => error.failure.reason === 'not-a-store',
    );
    await refused.close();
  });
});

describe('tiers', needs('linux', 'root', 'user namespaces', 'setpriv', 'useradd', 'newuidmap'), () => {
  test('root hands on every id it has', async () => {
    await using builder = new PersonBuilder(self, toy);
    const { events } = await builder.build({ do: 'describe' });
    const { tier, uidMap, gidMap, setgroups } = described(events);
    const own = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/);
    assert.deepEqual(
      { tier, uidMap, gidMap, setgroups, warnings: warnings(events) },
      {
        tier: 'root-map',
        uidMap: [`${own[0]} ${own[0]} ${own[2]}`],
        gidMap: [`${own[0]} ${own[0]} ${own[2]}`],
        setgroups: 'allow',
        warnings: [],
      },
    );
  });

  test('a user with subordinate ids becomes root, and has them after that', async () => {
    const person = personWithSubids();
    await using builder = new PersonBuilder(person, toy);
    const { events } = await builder.build({ do: 'describe' });
    const { tier, uid, uidMap, gidMap, setgroups, capabilities } = described(events);
    assert.deepEqual(
      { tier, uid, uidMap, gidMap, setgroups, warnings: warnings(events) },
      {
        tier: 'subuid-map',
        uid: 0,
        uidMap: [`0 ${person.uid} 1`, `1 ${subids('/etc/subuid', person).join(' ')}`],
        gidMap: [`0 ${person.gid} 1`, `1 ${subids('/etc/subgid', person).join(' ')}`],
        setgroups: 'allow',
        warnings: [],
      },
    );
    assert.match(capabilities, allCapabilities);
  });

  test('a user without becomes root alone, and hears what that means', async () => {
    await using builder = new PersonBuilder(nobodyInParticular, toy);
    const { events } = await builder.build({ do: 'describe' });
    const { tier, uid, uidMap, gidMap, setgroups } = described(events);
    assert.deepEqual(
      { tier, uid, uidMap, gidMap, setgroups },
      { tier: 'single-uid', uid: 0, uidMap: ['0 12345 1'], gidMap: ['0 12345 1'], setgroups: 'deny' },
    );
    assert.match(warnings(events).join(), /usermod --add-subuids .* 12345/);
  });

  for (const person of [self, nobodyInParticular]) {
    test(`kill -9 of the process of ${person.name} ends all that the worker started, and its mounts`, async () => {
      const mark = `cip-mark-${randomUUID()}`;
      await using builder = new PersonBuilder(person, toy);
      void builder.build({ do: 'litter', mark });
      const started = await eventually(
        () => processesWith(mark).filter((pid) => commandOf(pid) === 'sleep'),
        (pids) => pids.length === 1,
      );
      assert.equal(started.length, 1);
      assert.match(readFileSync(`/proc/${started[0]}/mountinfo`, 'utf8'), /tmpfs litter/);
      builder.process.kill('SIGKILL');
      assert.deepEqual(
        await eventually(
          () => processesWith(mark),
          (pids) => pids.length === 0,
        ),
        [],
      );
      assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), /tmpfs litter/);
    });
  }

  test('without namespaces the worker is where its parent is, and still dies with it', async () => {
    await using builder = new PersonBuilder(nobodyInParticular, { ...toy, isolation: 'chroot' });
    const { events } = await builder.build({ do: 'describe' });
    const { tier, uid, pid } = described(events);
    assert.deepEqual({ tier, uid }, { tier: 'none', uid: 12_345 });
    builder.process.kill('SIGKILL');
    const lives = await eventually(
      () => isAlive(pid),
      (answer) => !answer,
    );
    assert.equal(lives, false);
  });
});
