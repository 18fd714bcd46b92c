/** Machine and containers, as root, as a user with subordinate ids and as one without. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { debianRootfs } from '../support/fixtures.ts';
import { root as checkout } from '../support/paths.ts';
import { nobodyInParticular, type Person, personWithSubids } from '../worker/people.ts';
import type { PlaceResult } from './cases.ts';
import { writeMaterial } from './material.ts';

const exec = promisify(execFile);

/** Somewhere that cip is started, and as whom. */
export interface Place {
  readonly title: string;
  /** `machine` is where this program runs. */
  readonly on: 'machine' | 'podman' | 'docker';
  readonly as: 'root' | 'user with subordinate ids' | 'user';
}

/** The rows of doc/places.md. */
export const places: readonly Place[] = [
  { title: 'root', on: 'machine', as: 'root' },
  { title: 'user with subordinate ids', on: 'machine', as: 'user with subordinate ids' },
  { title: 'user without', on: 'machine', as: 'user' },
  { title: 'container of Podman, as its root', on: 'podman', as: 'root' },
  { title: 'container of Podman, as user 1000', on: 'podman', as: 'user' },
  { title: 'container of Docker, as its root', on: 'docker', as: 'root' },
  { title: 'container of Docker, as user 1000', on: 'docker', as: 'user' },
];

/** What both need. */
export const needed = [
  'linux',
  'root',
  'user namespaces',
  'busybox',
  'setpriv',
  'newuidmap',
  'podman',
  'crun',
  'dockerd',
  'unshare',
  'slirp4netns',
  'test/support/debian-rootfs.sh',
];

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Where the container has what is mounted into it. */
const NODE = '/usr/local/bin/node';
const IMAGE = 'debian:bookworm';

/** Starts what is tried in places, in a directory for all of them. */
export class Places implements AsyncDisposable {
  readonly #directory: string;
  readonly #material: string;
  readonly #stack: (() => Promise<unknown>)[] = [];
  #docker: Promise<string> | undefined;
  #root: Promise<string> | undefined;
  #count = 0;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#material = join(directory, 'material');
  }

  /** Everybody is let into the directory. */
  static async in(directory: string): Promise<Places> {
    const places = new Places(directory);
    await chmod(directory, 0o755);
    await writeMaterial(places.#material);
    return places;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#stack.splice(0).reverse()) await end();
  }

  /** All cases in one place with one Node, whose program is `program`; `options` are for those who start a container. */
  async try(place: Place, program: string, options: readonly string[] = []): Promise<PlaceResult> {
    this.#count += 1;
    const node = await this.#reachable(program);
    const own = join(this.#directory, `own-${this.#count}`);
    const person = personOf(place);
    await mkdir(own);
    await chown(own, person.uid, person.gid);
    const inside = join(checkout, 'dist/test/places/inside.js');
    const command = [inside, this.#material, own];
    const [first, ...args] = await this.#through(place, { node, own, person, options });
    const { stdout } = await exec(first!, [...args, ...command], {
      env: { PATH: `${PATH}:/usr/sbin:/sbin`, HOME: own },
      maxBuffer: 1 << 28,
    });
    return JSON.parse(stdout) as PlaceResult;
  }

  /** A copy that everybody may start, wherever the program is. */
  async #reachable(program: string): Promise<string> {
    const copy = join(this.#directory, basename(program));
    if (!existsSync(copy)) await copyFile(program, copy);
    await chmod(copy, 0o755);
    return copy;
  }

  async #through(
    { on }: Place,
    {
      node,
      own,
      person,
      options,
    }: { readonly node: string; readonly own: string; readonly person: Person; readonly options: readonly string[] },
  ): Promise<readonly string[]> {
    const ids = [`--reuid=${person.uid}`, `--regid=${person.gid}`, '--clear-groups'];
    if (on === 'machine') return person.uid === 0 ? [node] : ['setpriv', ...ids, '--', node];
    const volumes = [
      ...(await librariesOfNode()),
      ...(await checkouts()).map((path) => `${path}:${path}:ro`),
      `${this.#material}:${this.#material}:ro`,
      `${own}:${own}`,
      `${node}:${NODE}:ro`,
    ].flatMap((volume) => ['-v', volume]);
    const env = { PATH, HOME: own, OWN_STORE: '/tmp/store' };
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const shared = [
      '--rm',
      ...options,
      '--network=none',
      '--user',
      `${person.uid}:${person.gid}`,
      ...volumes,
      ...variables,
    ];
    if (on === 'docker') return ['/usr/bin/docker', '-H', await this.#dockerd(), 'run', ...shared, IMAGE, NODE];
    const limits = ['--cgroups=disabled', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'];
    const storage = ['--root', join(this.#directory, 'podman'), '--runroot', join(this.#directory, 'podman-run')];
    return [
      // A machine with both versions of cgroups confuses it.
      ...['unshare', '-m', 'sh', '-c', 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"', 'sh'],
      ...['podman', ...storage, '--storage-driver', 'vfs', '--runtime', 'crun', '--cgroup-manager', 'cgroupfs'],
      ...['run', ...limits, ...shared, '--rootfs', `${await this.#rootfs()}:O`, NODE],
    ];
  }

  /** Debian's files, which each container of Podman has an overlay above. */
  #rootfs(): Promise<string> {
    this.#root ??= (async () => {
      const directory = join(this.#directory, 'rootfs');
      await mkdir(directory);
      await exec('tar', ['-xf', debianRootfs, '-C', directory]);
      return directory;
    })();
    return this.#root;
  }

  /** The address of a server with its own default profiles, which has the image. */
  #dockerd(): Promise<string> {
    this.#docker ??= (async () => {
      const directory = join(this.#directory, 'docker');
      await mkdir(directory);
      const address = `unix://${join(directory, 'docker.sock')}`;
      const child = spawn(
        'dockerd',
        [
          ...['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver', 'vfs'],
          ...['--host', address, '--pidfile', join(directory, 'pid')],
          ...['--data-root', join(directory, 'data'), '--exec-root', join(directory, 'exec')],
        ],
        { stdio: 'ignore', env: { PATH, HOME: directory } },
      );
      this.#stack.push(async () => {
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
      });
      const docker = async (...args: string[]) => await exec('/usr/bin/docker', ['-H', address, ...args]);
      for (let tries = 0; ; tries += 1) {
        const isUp = await docker('version').then(
          () => true,
          () => false,
        );
        if (isUp) break;
        if (tries > 300 || child.exitCode !== null) throw new Error(`dockerd does not start (${child.exitCode})`);
        await delay(100);
      }
      await docker('import', debianRootfs, IMAGE);
      return address;
    })();
    return this.#docker;
  }
}

function personOf({ on, as }: Place): Person {
  if (as === 'root') return { uid: 0, gid: 0, name: 'root' };
  if (as === 'user with subordinate ids') return personWithSubids();
  return on === 'machine' ? nobodyInParticular : { uid: 1000, gid: 1000, name: '1000' };
}

/** What Node 26 is linked with and a minimal Debian does not have. */
async function librariesOfNode(): Promise<readonly string[]> {
  const triple = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const library = join('/usr/lib', triple, 'libatomic.so.1');
  return existsSync(library) ? [`${await realpath(library)}:${library}:ro`] : [];
}

/** One that is made of links to another needs that, too. */
async function checkouts(): Promise<readonly string[]> {
  const directories = [checkout, dirname(await realpath(join(checkout, 'package.json')))];
  return [...new Set(directories)].filter((directory) => existsSync(directory));
}
