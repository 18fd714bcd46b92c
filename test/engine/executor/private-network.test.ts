/** The network of steps that ask for none in particular: a way out of the machine, and none to its loopback interface. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Mount } from '../../../src/engine/executor/executor.ts';
import { isThere, needs } from '../../support/needs.ts';
import { root as checkout } from '../../support/paths.ts';
import { nobodyInParticular, type Person, personWithSubids, self } from '../../worker/people.ts';
import { argumentsOf, commandOf, eventually, isAlive, parentOf, processesWith } from '../../worker/processes.ts';
import { machinePrograms } from './attack/machine-programs.ts';
import { helperPrograms } from './network-helpers.ts';
import { ProcessRunner } from './process-runner.ts';
import { makeRoot } from './root-fixture.ts';

const [server, past, ping] = ['network-server.pl', 'past-loopback.pl', 'ping.pl'].map((name) =>
  join(checkout, 'test/engine/executor', name),
) as [string, string, string];

/** A machine of its own: an interface with an address that others would reach it by, and a server on all of its addresses. */
const surroundings = `
set -e
# Others may run the same: the process has a number that is its own in here only.
dir=$(mktemp -d)
ip link set lo up
ip tuntap add dev out0 mode tap
ip addr add 192.0.2.1/24 dev out0
ip addr add 169.254.169.254/32 dev out0
ip link set out0 up
ip route add default via 192.0.2.254
perl ${server} > $dir/server &
while ! [ -s $dir/server ]; do sleep 0.05; done
rm $dir/server
# For everybody, as udev makes it.
mknod -m 666 $dir/tun c 10 200
mount --bind $dir/tun /dev/net/tun
rm $dir/tun
rmdir $dir
exec "$@"
`;
const isolated = ['unshare', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c'];
const helper = ['nsenter', 'tun device', 'perl', 'ip'];
const required = needs('linux', 'root', 'user namespaces', 'busybox', 'setpriv', 'useradd', 'newuidmap');

/** What a step hears from the server at an address. */
const ask = (address: string) => `busybox nc -w 5 ${address} 8099 </dev/null 2>/dev/null || echo refused`;

const people: readonly [who: string, person: () => Person][] = [
  ['root', () => self],
  ['a user with subordinate ids', personWithSubids],
  ['a user without', () => nobodyInParticular],
];
const { 'old pasta': old, ...accepted } = helperPrograms;
const everybody = Object.values(accepted).flatMap((program) =>
  people.map(([name, person]) => ({ ...program, who: `${name}, by ${program.needs[0]}`, person })),
);
for (const { who, person, ...program } of everybody) {
  const wanted = [...program.needs, ...helper];
  describe(`a private network for ${who}`, {
    skip: required.skip || (!wanted.every(isThere) && `needs ${wanted.join(', ')}`),
  }, () => {
    const within = [...isolated, `${surroundings.replace('exec "$@"', program.script)}\nexec "$@"`, 'sh'];
    let root: Awaited<ReturnType<typeof makeRoot>>;
    let runner: ProcessRunner;
    let mounts: readonly Mount[];
    before(async () => {
      root = await makeRoot(person().uid);
      mounts = machinePrograms(root.path, person().uid);
      runner = new ProcessRunner(person(), root.path, 'namespaces', within);
    });
    after(async () => {
      await runner[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    });
    const heard = async (address: string, network: 'default' | 'host' | 'none') =>
      (await runner.run(ask(address), { network })).stdout.trim();

    const cases: [address: string, network: 'default' | 'host' | 'none', want: string][] = [
      ['192.0.2.1', 'default', 'hello'],
      ['127.0.0.1', 'default', 'refused'],
      // Where the helper's gateway leads to the loopback interface unless it is told not to.
      ['10.0.2.2', 'default', 'refused'],
      // Where clouds have their metadata: as the README says, steps reach what the machine reaches.
      ['169.254.169.254', 'default', 'hello'],
      ['169.254.169.254', 'none', 'refused'],
      ['192.0.2.1', 'host', 'hello'],
      ['127.0.0.1', 'host', 'hello'],
      ['192.0.2.1', 'none', 'refused'],
      ['127.0.0.1', 'none', 'refused'],
    ];
    for (const [address, network, want] of cases) {
      test(`${who}: ${address} from the network ${network}: ${want}`, async () => {
        assert.equal(await heard(address, network), want);
      });
    }

    // Past the routes of the kernel, which keep loopback addresses off interfaces only as long as nobody names one.
    for (const [way, want] of [
      ['bound', 'sent\nend\n'],
      ['frame', 'socket: Operation not permitted\nend\n'],
    ] as const) {
      test(`${who}: a datagram for 127.0.0.1 by a ${way}, out of the interface, does not arrive`, async () => {
        copyFileSync(past, join(root.path, 'past.pl'));
        const command = ['/usr/bin/perl', '/past.pl', way, 'eth0'];
        const { stdout, stderr } = await runner.run(command, { network: 'default', mounts });
        assert.deepEqual({ stdout, stderr }, { stdout: want, stderr: '' });
      });
    }

    for (const user of [0, 1000]) {
      if (user !== 0 && who.includes('without')) continue;
      test(`${who}: user ${user} may ping, by a datagram`, async () => {
        copyFileSync(ping, join(root.path, 'ping.pl'));
        const command = ['/usr/bin/perl', '/ping.pl', '127.0.0.1'];
        const ids = { uid: user, gid: user, additionalGids: [user] };
        const { stdout, stderr } = await runner.run(command, { network: 'default', mounts, user: ids });
        assert.deepEqual({ stdout, stderr }, { stdout: 'heard\n', stderr: '' });
      });
    }

    // Of a longer one pasta loses the end now and then (ADR 0015).
    for (const [port, length] of [
      [8099, 6],
      [8101, 30_000],
    ] as const) {
      test(`${who}: connections whose client has nothing more to say get all ${length} bytes`, async () => {
        const one = `busybox nc -w 5 192.0.2.1 ${port} </dev/null | busybox wc -c`;
        const { stdout } = await runner.run(`i=0; while [ $i -lt 20 ]; do ${one}; i=$((i + 1)); done`, {
          network: 'default',
        });
        assert.deepEqual(stdout.trim().split('\n'), Array(20).fill(`${length}`));
      });
    }

    test('it has its interfaces in /sys, and a name server', async () => {
      const { stdout } = await runner.run('ls /sys/class/net; cat /etc/resolv.conf', { network: 'default' });
      assert.deepEqual(stdout.split('\n').slice(0, 2), ['eth0', 'lo']);
      assert.doesNotMatch(stdout, /nameserver 127\./);
    });
  });
}

/** What a process has started, and what that has. */
function descendantsOf(ancestor: number): readonly number[] {
  const parents = processesWith('').map((pid) => [pid, parentOf(pid)] as const);
  const children = (pid: number): readonly number[] =>
    parents.filter(([, parent]) => parent === pid).flatMap(([child]) => [child, ...children(child)]);
  return children(ancestor);
}

for (const [name, { script, needs: programs }] of Object.entries(accepted)) {
  const wanted = [...programs, 'nsenter', 'tun device'];
  test(`kill -9 of the main process ends ${name}`, {
    skip: required.skip || (!wanted.every(isThere) && `needs ${wanted.join(', ')}`),
  }, async () => {
    await using root = await makeRoot(0);
    const within = ['unshare', '--mount', 'sh', '-c', `${script}\nexec "$@"`, 'sh'];
    await using runner = new ProcessRunner(self, root.path, 'namespaces', within);
    const { stdout } = await runner.run('ls /sys/class/net', { network: 'default' });
    assert.match(stdout, /eth0/);
    const started = descendantsOf(runner.process.pid!);
    const helpers = started.filter((pid) => argumentsOf(pid).includes(name === 'pasta' ? 'passt' : name));
    assert.equal(helpers.length, 1);
    runner.process.kill('SIGKILL');
    const left = await eventually(
      () => started.filter(isAlive),
      (pids) => pids.length === 0,
    );
    assert.deepEqual(left.map(argumentsOf), []);
  });
}

test('a pasta that is refused does not go on', {
  skip:
    required.skip ||
    (!['pasta', ...old.needs, ...helper].every(isThere) && `needs ${old.needs[0]}, ${helper.join(', ')}`),
}, async () => {
  await using root = await makeRoot(0);
  const within = [...isolated, `${surroundings.replace('exec "$@"', old.script)}\nexec "$@"`, 'sh'];
  await using runner = new ProcessRunner(self, root.path, 'namespaces', within);
  const { stdout } = await runner.run(ask('127.0.0.1'), { network: 'default' });
  assert.equal(stdout, 'hello\n');
  const running = () => descendantsOf(runner.process.pid!).map(commandOf);
  const left = await eventually(running, (names) => !names.some((name) => name.startsWith('pas')), 5000);
  assert.deepEqual(
    left.filter((name) => name.startsWith('pas')),
    [],
  );
});
