import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  formatProcessIdentity,
  type ProcessIdentity,
  parseProcessIdentity,
  stateOf,
  thisProcess,
} from '../../src/store/process-identity.ts';
import { needs } from '../support/needs.ts';

const self = thisProcess();

test('formatProcessIdentity() and parseProcessIdentity() are inverse', () => {
  assert.deepEqual(parseProcessIdentity(formatProcessIdentity(self)), self);
});

for (const text of ['', 'x', '1234abcd-1-2', '1234abcd-1-2-3-4', '1234ABCD-1-2-3', '../abcd-1-2-3']) {
  test(`parseProcessIdentity() knows nobody in ${JSON.stringify(text)}`, () =>
    assert.equal(parseProcessIdentity(text), undefined));
}

const states: [title: string, owner: ProcessIdentity, state: string][] = [
  ['this process', self, 'alive'],
  ['another that had its pid', { ...self, startTime: '1' }, 'dead'],
  ['one of an earlier boot', { ...self, boot: '00000000' }, 'dead'],
  ['one of another pid namespace', { ...self, pidNamespace: '1' }, 'unknown'],
  ['one of another pid namespace and an earlier boot', { ...self, pidNamespace: '1', boot: '00000000' }, 'dead'],
  ['a pid that nobody has', { ...self, pid: 2 ** 30 }, 'dead'],
];
for (const [title, owner, state] of states) {
  test(`stateOf() says ${state} of ${title}`, needs('linux'), () => assert.equal(stateOf(owner), state));
}

test(
  'stateOf() says alive, then dead, of a process that is killed, also before its parent has noticed',
  needs('linux'),
  async () => {
    const child = spawn('sh', ['-c', 'sleep 100 & echo $!; exec sleep 100'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = await once(child.stdout, 'data');
    const grandchild = { ...self, pid: Number(String(line)), startTime: startTimeOf(Number(String(line))) };
    assert.equal(stateOf(grandchild), 'alive');
    process.kill(grandchild.pid, 'SIGKILL');
    // `sleep` does not wait for its child, which stays a zombie.
    while (!/\) Z /.test(readFileSync(`/proc/${grandchild.pid}/stat`, 'latin1'))) await new Promise(setImmediate);
    assert.equal(stateOf(grandchild), 'dead');
    child.kill();
    await once(child, 'exit');
  },
);

function startTimeOf(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[19] ?? '';
}
