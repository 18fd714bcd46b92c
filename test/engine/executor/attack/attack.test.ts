/**
 * An attack program as a build step of everybody who may build. Each probe has a control: the same outside, by root,
 * where it succeeds; inside it must not.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { isThere, needs } from '../../../support/needs.ts';
import { root as checkout } from '../../../support/paths.ts';
import { nobodyInParticular, type Person, personWithSubids, self } from '../../../worker/people.ts';
import { asContainer } from '../as-container.ts';
import { helperPrograms } from '../network-helpers.ts';
import { ProcessRunner, type Ran } from '../process-runner.ts';
import { makeRoot } from '../root-fixture.ts';
import { type Answers, answers, judge } from './answers.ts';
import { machinePrograms } from './machine-programs.ts';

const execFileAsync = promisify(execFile);
const [program, prey] = ['attack.pl', 'prey.pl'].map((name) => join(checkout, 'test/engine/executor/attack', name)) as [
  string,
  string,
];

/** What there is to find on this machine, made for these tests. */
class Machine implements AsyncDisposable {
  readonly mark = `cip-attack-${randomUUID()}`;
  readonly #servers: Server[] = [];
  #target!: ChildProcess;
  port = 0;

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.close();
    this.#target.kill('SIGKILL');
  }

  async open(): Promise<void> {
    const listen = (where: object) =>
      new Promise<Server>((resolve) => {
        const server = createServer((socket) => socket.destroy());
        this.#servers.push(server);
        server.listen(where, () => resolve(server));
      });
    const tcp = await listen({ host: '127.0.0.1', port: 0 });
    this.port = (tcp.address() as { port: number }).port;
    await listen({ path: `\0${this.mark}` });
    this.#target = spawn('sleep', ['1000'], { argv0: this.mark, stdio: 'ignore' });
  }

  arguments(root: string, landmark: string): readonly string[] {
    const disk = statSync('/').dev;
    return Object.entries({ root, landmark, disk, mark: this.mark, port: this.port, pid: this.#target.pid! }).map(
      ([name, value]) => `${name}=${value}`,
    );
  }

  /** A command that starts the one after it with keys and a file to find. */
  get prey(): readonly string[] {
    return ['perl', prey, this.mark];
  }
}

interface Attacked {
  readonly who: string;
  readonly person: () => Person;
  readonly within?: readonly string[];
  /** `none` unless given. */
  readonly network?: 'host' | 'default';
  /** Probes that the network lets everybody succeed in. */
  readonly byNetwork?: readonly string[];
  readonly skip?: string | false;
  /** Probes that only the filter of system calls keeps from succeeding, besides those it does so for everyone. */
  readonly byFilter?: readonly string[];
}

/** What is reached in the network of the machine: the issue of `--network=host`, and of machines without a helper. */
const byHostNetwork = ['socket of the machine on loopback', 'abstract socket of the machine'];
/** Not of `needs()`: a container that CI runs in may lack the device whatever is installed. */
const inPrivateNetworks = (['slirp4netns', 'pasta'] as const).map((helper): Attacked => {
  const { needs: programs, script } = helperPrograms[helper];
  const wanted = [...programs, 'nsenter', 'tun device'];
  return {
    who: `root-in-a-private-network-by-${helper}`,
    person: () => self,
    within: ['unshare', '--mount', 'sh', '-c', `${script}\nexec "$@"`, 'sh'],
    network: 'default',
    skip: !wanted.every(isThere) && `needs ${wanted.join(', ')}`,
  };
});

const everybody: readonly Attacked[] = [
  { who: 'root', person: () => self },
  { who: 'user-with-subuids', person: personWithSubids },
  { who: 'user-without-subuids', person: () => nobodyInParticular },
  {
    who: 'root-of-a-container',
    person: () => self,
    within: asContainer,
    // Its /proc/sys is read-only, so that the number of user namespaces can't be limited.
    byFilter: ['user namespace by unshare', 'user namespace by clone', 'cgroup2 in a nested user namespace'],
  },
  { who: 'root-in-the-network-of-the-machine', person: () => self, network: 'host', byNetwork: byHostNetwork },
  {
    who: 'user-in-the-network-of-the-machine',
    person: personWithSubids,
    network: 'host',
    byNetwork: byHostNetwork,
  },
  ...inPrivateNetworks,
];

/** What a chroot keeps nobody from. */
const byChroot = [
  'escape from a chroot',
  'key in the user keyring',
  'socket of the machine on loopback',
  'abstract socket of the machine',
  'packets of the machine',
  'raw packets of the machine',
  'a low port of the machine',
  // A real container has a cgroup of devices.
  'loop device of the machine by mknod',
  'socket to the hypervisor',
  'io_uring',
  'quota',
];

/** What namespaces don't keep anybody from. */
const byFilterAlways = ['socket to the hypervisor', 'io_uring', 'quota'];

/** The controls are those of root of the machine: root of a container is kept from most of it itself. */
const isRootOfMachine =
  (BigInt(`0x${/^CapEff:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0}`) & (1n << 21n)) !== 0n;
const required = needs('linux', 'root', 'user namespaces', 'busybox', 'perl', 'setpriv', 'useradd', 'newuidmap');
const attackable = { skip: required.skip || (!isRootOfMachine && 'needs root with CAP_SYS_ADMIN') };

describe('attacks', attackable, () => {
  const machine = new Machine();
  let control: Answers;
  before(async () => {
    await machine.open();
    await using root = await makeRoot(0);
    mkdirSync(join(root.dir, 'scratch'));
    const landmark = join(root.dir, 'landmark');
    writeFileSync(landmark, '');
    const args = [...machine.arguments(root.path, landmark), `scratch=${root.dir}/scratch`, 'outside=1'];
    const [file, ...rest] = [...machine.prey, 'perl', program, ...args];
    control = answers((await execFileAsync(file!, rest)).stdout);
  });
  after(() => machine[Symbol.asyncDispose]());

  const cases = everybody.flatMap((attacked) => [true, false].map((filtered) => ({ ...attacked, filtered })));
  for (const { who, person, within = [], byFilter = [], filtered, network, byNetwork = [], skip = false } of cases) {
    const name = filtered ? who : `${who}-without-filter`;
    const open = [...byNetwork, ...(filtered ? [] : [...byFilterAlways, ...byFilter])];
    test(`by a step of ${name}`, { skip }, async (t) => {
      const { uid } = person();
      await using root = await makeRoot(uid);
      const landmark = join(root.dir, 'landmark');
      writeFileSync(landmark, '');
      copyFileSync(program, join(root.path, 'attack.pl'));
      const mounts = machinePrograms(root.path, uid);
      await using runner = new ProcessRunner(person(), root.path, 'namespaces', [...machine.prey, ...within]);
      const lonely = network === 'host' ? [] : ['lonely=1'];
      const args = [...machine.arguments(root.path, landmark), 'scratch=/tmp', ...lonely];
      const command = ['/usr/bin/perl', '/attack.pl', ...args];
      const ran = await runner.run(command, { mounts, network: network ?? 'none' }, { withoutFilter: !filtered });
      judge(t, name, { inside: insideOf(ran), control }, open);
    });
  }

  // It has no mounts: what the program needs is mounted where it runs before the worker begins.
  test('by a step of root-of-a-container-by-chroot', async (t) => {
    await using root = await makeRoot(0);
    const landmark = join(root.dir, 'landmark');
    writeFileSync(landmark, '');
    copyFileSync(program, join(root.path, 'attack.pl'));
    const binds = machinePrograms(root.path, 0).flatMap(({ target, ...mount }) => {
      mkdirSync(join(root.path, target));
      return 'source' in mount ? [`mount --bind ${mount.source} ${root.path}${target}`] : [];
    });
    const bound = ['unshare', '--mount', 'sh', '-c', `${binds.join(' && ')} && exec "$@"`, 'sh'];
    await using runner = new ProcessRunner(self, root.path, 'chroot', [...machine.prey, ...bound, ...asContainer]);
    const args = [...machine.arguments(root.path, landmark), 'scratch=/tmp'];
    const command = ['/usr/bin/perl', '/attack.pl', ...args];
    const ran = await runner.run(command, { network: 'host' }, { executor: 'chroot' });
    judge(t, 'root-of-a-container-by-chroot', { inside: insideOf(ran), control }, byChroot);
  });
});

/** What the step said, once it is sure that it ran. */
function insideOf({ status, failure, stdout }: Ran): Answers {
  assert.deepEqual({ status, failure }, { status: { code: 0 }, failure: undefined });
  return answers(stdout);
}
