import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
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
 * large, is left out if it is not wanted. Gives the digests of the others.
 */
export async function pushBases(
  registry: string,
  { withDebian }: { readonly withDebian: boolean },
): Promise<readonly string[]> {
  await using directory = await tempDir();
  const layout = new Layout(join(directory.path, 'layout'));
  const manifests: Descriptor[] = [];
  for (const architecture of ['amd64', 'arm64']) {
    const root = join(directory.path, architecture);
    await makeBusyboxRoot(root, architecture);
    const tar = join(directory.path, `${architecture}.tar`);
    const asRoot = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--mtime=@1000000', '--format=pax'];
    await exec('tar', [...asRoot, '--pax-option=delete=atime,delete=ctime', '-cf', tar, '-C', root, '.']);
    const layer = await layout.add(await readFile(tar), types.layer);
    const image = (config: object) => layout.image(layer, { architecture, os: 'linux', config });
    manifests.push({ ...(await image({ Env: [path], Cmd: ['sh'] })), platform: { architecture, os: 'linux' } });
    if (architecture !== 'amd64') continue;
    await layout.name('configured', await image(configured));
    await layout.name('odd', await image(odd));
  }
  await layout.name('busybox', await layout.index(manifests));
  const digests = [...layout.digests];
  if (withDebian) {
    const debian = await layout.add(await readFile(debianRootfs), types.layer);
    const config = { Env: [path], Cmd: ['bash'] };
    await layout.name('debian', await layout.image(debian, { architecture: 'amd64', os: 'linux', config }));
  }
  await layout.write();
  for (const name of layout.names) {
    const to = `docker://${registry}/${name}:latest`;
    await exec('skopeo', ['copy', '--quiet', '--all', '--dest-tls-verify=false', `oci:${layout.path}:${name}`, to]);
  }
  return digests;
}

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

  /** Of one uncompressed layer. */
  async image(layer: Descriptor, config: object): Promise<Descriptor> {
    const history = [{ created: '2001-09-09T01:46:40Z', created_by: 'base' }];
    const rootfs = { type: 'layers', diff_ids: [layer.digest] };
    const added = await this.#addJson({ created: '2001-09-09T01:46:40Z', ...config, rootfs, history }, types.config);
    const manifest = { schemaVersion: 2, mediaType: types.manifest, config: added, layers: [layer] };
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
