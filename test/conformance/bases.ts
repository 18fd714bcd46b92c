import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { busyboxFor, debianRootfs } from '../support/fixtures.ts';
import { tempDir } from '../support/temp-dir.ts';

const exec = promisify(execFile);

const passwd = 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\nother:x:2000:2000::/:/bin/sh\n';
const group = 'root:x:0:\napp:x:1001:\nextra:x:3000:app,other\nother:x:2000:\n';

/**
 * Puts what cases are built from into a registry: `busybox` for amd64 and arm64, with the users root, app (1000:1001, in the
 * group extra) and other; `debian`; `configured`, a busybox that says all that a configuration can, and `odd`, one that says
 * what none should. `registry` is `host:port`. What they are does not depend on when they are made. `debian`, which is
 * large, is left out if it is not wanted, and so are those of `special`, of which cases ask that are about them alone.
 */
export async function pushBases(
  registry: string,
  { withDebian, withSpecial }: { readonly withDebian: boolean; readonly withSpecial: boolean },
): Promise<Bases> {
  await using directory = await tempDir();
  const layout = new Layout(join(directory.path, 'layout'));
  const manifests: Descriptor[] = [];
  let busybox: Descriptor | undefined;
  for (const architecture of ['amd64', 'arm64']) {
    const root = join(directory.path, architecture);
    await makeBusyboxRoot(root, architecture);
    const tar = join(directory.path, `${architecture}.tar`);
    await exec('tar', [...tarOptions, '-cf', tar, '-C', root, '.']);
    const layer = await layout.add(await readFile(tar), types.layer);
    const image = (config: object) => layout.image([layer], { architecture, os: 'linux', config });
    manifests.push({ ...(await image({ Env: [path], Cmd: ['sh'] })), platform: { architecture, os: 'linux' } });
    if (architecture !== 'amd64') continue;
    await layout.name('configured', await image(configured));
    await layout.name('odd', await image(odd));
    busybox = layer;
  }
  await layout.name('busybox', await layout.index(manifests));
  const common = [...layout.digests];
  if (withSpecial) await addSpecial(layout, { busybox: busybox!, directory: directory.path });
  const special = Object.fromEntries(layout.names.map((name, at) => [name, layout.digests[at]!]));
  if (withDebian) {
    const debian = await layout.add(await readFile(debianRootfs), types.layer);
    const config = { Env: [path], Cmd: ['bash'] };
    await layout.name('debian', await layout.image([debian], { architecture: 'amd64', os: 'linux', config }));
  }
  await layout.write();
  for (const name of layout.names) {
    const to = `docker://${registry}/${name}:latest`;
    await exec('skopeo', ['copy', '--quiet', '--all', '--dest-tls-verify=false', `oci:${layout.path}:${name}`, to]);
  }
  return { common, special };
}

/** What bases are, for those who keep what was made of them. */
export interface Bases {
  /** Digests of those that every case may use. */
  readonly common: readonly string[];
  /** Digests by name, of those that were made. */
  readonly special: Readonly<Record<string, string>>;
}

/** Where the time of a file is not what a case is about. */
const created = '2001-09-09T01:46:40Z';
const tarOptions = [
  ...['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--mtime=@1000000', '--format=pax'],
  '--pax-option=delete=atime,delete=ctime',
];

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const configured = {
  User: 'app',
  ExposedPorts: { '80/tcp': {}, '53/udp': {} },
  Env: ['PATH=/bin', 'FROM_BASE=yes', 'BOTH=base'],
  Entrypoint: ['/bin/sh', '-c'],
  Cmd: ['echo base'],
  Volumes: { '/data': {} },
  WorkingDir: '/srv/base',
  Labels: { base: 'yes', both: 'base' },
  StopSignal: 'SIGUSR1',
  Shell: ['/bin/sh', '-ec'],
  Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 1_000_000_000 },
};

/** Empty fields and such as nobody knows by now, as older builders wrote them. */
const odd = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  ExposedPorts: {},
  Tty: false,
  Env: null,
  Cmd: [],
  Image: 'sha256:0000000000000000000000000000000000000000000000000000000000000000',
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: [],
  Labels: null,
  StopSignal: '',
  StopTimeout: 10,
  ArgsEscaped: false,
  Healthcheck: { Test: null, Interval: 0, Retries: 3, Extra: 1 },
  Shell: null,
  Extra: { a: 1 },
};

/** Names of the bases that are pushed only where a case says them. */
export const specialBases = [
  'few-history',
  'many-history',
  'no-history',
  'os-version',
  'variant',
  'relative-workdir',
  'unclean-workdir',
  'devices',
  'whiteout-then-name',
  'onbuild-stage',
] as const;

/** Needs root: of one of them, files are device nodes. */
async function addSpecial(
  layout: Layout,
  { busybox, directory }: { readonly busybox: Descriptor; readonly directory: string },
): Promise<void> {
  const amd64 = { architecture: 'amd64', os: 'linux' };
  const config = { Env: [path], Cmd: ['sh'] };
  /** A layer of what a script makes in an empty directory; the names stand in the order of the words. */
  const layerOf = async (script: string, words: readonly string[]): Promise<Descriptor> => {
    const root = await mkdtemp(join(directory, 'layer-'));
    await exec('sh', ['-ec', script], { cwd: root });
    await exec('tar', [...tarOptions, '--no-recursion', '-cf', `${root}.tar`, '-C', root, ...words]);
    return await layout.add(await readFile(`${root}.tar`), types.layer);
  };
  const second = await layerOf('mkdir a; echo 1 > a/1; echo 2 > a/2; echo f > f', ['a', 'a/1', 'a/2', 'f']);
  const add = async (name: (typeof specialBases)[number], layers: readonly Descriptor[], more: object = {}) => {
    const all = layers.length === 0 ? [busybox] : [busybox, ...layers];
    layout.name(name, await layout.image(all, { ...amd64, config, ...more }));
  };
  const entry = (text: string) => ({ created, created_by: text });
  await add('few-history', [second], { history: [entry('one'), { ...entry('meta'), empty_layer: true }] });
  await add('many-history', [], {
    history: [entry('a'), entry('b'), { ...entry('c'), empty_layer: true }, entry('d')],
  });
  await add('no-history', [second], { history: undefined });
  await add('os-version', [], { 'os.version': '1.2', 'os.features': ['f'], author: 'me', extra: 'x' });
  await add('variant', [], { variant: 'v2' });
  await add('relative-workdir', [], { config: { ...config, WorkingDir: 'rel/dir' } });
  await add('unclean-workdir', [], { config: { ...config, WorkingDir: '/a/../srv//x/' } });
  const nodes = 'mkdir -p jail/dev; mknod -m 666 jail/dev/null c 1 3; echo f > jail/f; mknod -m 660 block b 7 200';
  await add('devices', [await layerOf(nodes, ['jail', 'jail/dev', 'jail/dev/null', 'jail/f', 'block'])]);
  const again = await layerOf('mkdir a; touch .wh.a; echo 3 > a/3', ['.wh.a', 'a', 'a/3']);
  await add('whiteout-then-name', [second, again]);
  await add('onbuild-stage', [], { config: { ...config, OnBuild: ['COPY --from=helper /h /h'] } });
}

async function makeBusyboxRoot(root: string, architecture: string): Promise<void> {
  for (const one of ['bin', 'dev', 'etc', 'home/app', 'proc', 'root', 'sys', 'tmp', 'usr/bin', 'var']) {
    await mkdir(join(root, one), { recursive: true, mode: one === 'tmp' ? 0o777 : 0o755 });
  }
  await exec('chmod', ['1777', join(root, 'tmp')]);
  await cp(busyboxFor(architecture), join(root, 'bin/busybox'));
  await exec('chmod', ['755', join(root, 'bin/busybox')]);
  const { stdout } = await exec('busybox', ['--list']);
  for (const applet of stdout.split('\n').filter((one) => one !== '' && one !== 'busybox')) {
    await symlink('busybox', join(root, 'bin', applet));
  }
  await writeFile(join(root, 'etc/passwd'), passwd, { mode: 0o644 });
  await writeFile(join(root, 'etc/group'), group, { mode: 0o644 });
}

const types = {
  layer: 'application/vnd.oci.image.layer.v1.tar',
  config: 'application/vnd.oci.image.config.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
};

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: object;
}

/** An OCI layout, written by hand: what cases start from is made by neither of the builders. */
class Layout {
  readonly path: string;
  readonly #named = new Map<string, Descriptor>();

  constructor(path: string) {
    this.path = path;
  }

  get names(): readonly string[] {
    return [...this.#named.keys()];
  }

  get digests(): readonly string[] {
    return [...this.#named.values()].map(({ digest }) => digest);
  }

  name(name: string, descriptor: Descriptor): void {
    this.#named.set(name, descriptor);
  }

  async add(bytes: Buffer, mediaType: string): Promise<Descriptor> {
    const hex = createHash('sha256').update(bytes).digest('hex');
    await mkdir(join(this.path, 'blobs/sha256'), { recursive: true });
    await writeFile(join(this.path, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  }

  /** Of uncompressed layers. */
  async image(layers: readonly Descriptor[], config: object): Promise<Descriptor> {
    const history = layers.map(() => ({ created, created_by: 'base' }));
    const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
    const added = await this.#addJson({ created, rootfs, history, ...config }, types.config);
    const manifest = { schemaVersion: 2, mediaType: types.manifest, config: added, layers };
    return await this.#addJson(manifest, types.manifest);
  }

  async index(manifests: readonly Descriptor[]): Promise<Descriptor> {
    return await this.#addJson({ schemaVersion: 2, mediaType: types.index, manifests }, types.index);
  }

  async write(): Promise<void> {
    const manifests = [...this.#named].map(([name, descriptor]) => ({
      ...descriptor,
      annotations: { 'org.opencontainers.image.ref.name': name },
    }));
    await writeFile(join(this.path, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    await writeFile(join(this.path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  }

  #addJson(value: object, mediaType: string): Promise<Descriptor> {
    return this.add(Buffer.from(JSON.stringify(value)), mediaType);
  }
}
