/**
 * Steps that fail: each with its own reason, the place of its instruction and the documented exit status. Cases with
 * the same exit status are images of one project, all built by one run; what is not downstream of them is built.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { complaintsIn } from '../support/complaints.ts';
import { isThere, needs } from '../support/needs.ts';
import { type Outcome, Rig } from '../support/rig.ts';
import { treeOf } from '../support/tree-of.ts';

const info = '{:version "1.0.0"}\n';

const base = {
  'contexts/00-base/Dockerfile': `FROM scratch
COPY --chmod=755 busybox /bin/busybox
COPY <<passwd <<group /etc/
root:x:0:0::/root:/bin/sh
passwd
root:x:0:
group
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir /d
`,
  'contexts/00-base/info.edn': info,
};

interface Step {
  /** From line 3 on; above it is `FROM base`. */
  readonly dockerfile: string;
  /** `line:column` of the failure. */
  readonly at: string;
  readonly reason: string;
  readonly says?: RegExp;
}

const failingSteps: Readonly<Record<string, Step>> = {
  'copy-missing': {
    dockerfile: 'ENV A=b\nCOPY Dockerfile gone* missing /d/',
    at: '4:1',
    reason: 'copy-source-missing',
    says: /missing does not exist in the build context/,
  },
  'copy-missing-in-stage': {
    dockerfile: 'FROM scratch\nCOPY --from=0 /etc/nothing /x',
    at: '4:1',
    reason: 'copy-source-missing',
    says: /fix: (?!.*ignore).*--from/,
  },
  'copy-ignored': {
    dockerfile: 'COPY ignored /x',
    at: '3:1',
    reason: 'copy-source-missing',
    says: /\.dockerignore/,
  },
  'copy-onto-directory': {
    dockerfile: 'RUN mkdir /d/info.edn\nCOPY info.edn /d',
    at: '4:1',
    reason: 'copy-onto-directory',
  },
  'copy-onto-file': { dockerfile: 'COPY tree /bin/busybox', at: '3:1', reason: 'copy-onto-non-directory' },
  'copy-owner': {
    dockerfile: 'COPY --chown=nobody info.edn /x',
    at: '3:1',
    reason: 'unknown-owner',
    says: /nobody is not in the image's \/?etc\/passwd/,
  },
  'copy-link-owner': {
    dockerfile: 'COPY --link --chown=nobody info.edn /x',
    at: '3:1',
    reason: 'unknown-owner',
    says: /--link looks at no file of the image/,
  },
  'copy-group': {
    dockerfile: 'COPY --chown=root:staff info.edn /x',
    at: '3:1',
    reason: 'unknown-owner',
    says: /staff/,
  },
  'run-status': {
    dockerfile: 'RUN exit 42',
    at: '3:1',
    reason: 'run-failed',
    says: /RUN exit 42 exited with status 42/,
  },
  'run-unknown-command': {
    dockerfile: 'RUN nosuch --flag',
    at: '3:1',
    reason: 'run-failed',
    says: /status 127.*nosuch: not found.*fix: .*not in the image/s,
  },
  'run-unknown-program': { dockerfile: 'RUN ["/nosuch"]', at: '3:1', reason: 'cannot-execute', says: /\/nosuch/ },
  'run-unknown-user': { dockerfile: 'USER nobody\nRUN true', at: '4:1', reason: 'user-unknown', says: /nobody/ },
  'run-unknown-group': { dockerfile: 'USER 0:staff\nRUN true', at: '4:1', reason: 'group-unknown', says: /staff/ },
  'run-in-a-file': { dockerfile: 'WORKDIR /bin/busybox/x\nRUN true', at: '3:1', reason: 'copy-onto-non-directory' },
  'mount-missing': {
    dockerfile: 'RUN --mount=type=bind,source=gone,target=/m true',
    at: '3:13',
    reason: 'copy-source-missing',
    says: /gone/,
  },
};

const options = needs('busybox', 'user namespaces');

/** Others, each for a test of its own. */
const others = {
  log: 'RUN true\nRUN seq 1 3000 >&2; exit 9',
  secret: 'RUN --mount=type=secret,id=token,required true',
  target: 'RUN true',
  bad: 'RUN exit 1',
  good: 'RUN touch /good',
  'of-bad': 'COPY --from=${REGISTRY}/bad:1.0.0 /x /x',
  'of-good': 'COPY --from=${REGISTRY}/good:1.0.0 /good /x',
  'of-both': 'COPY --from=${REGISTRY}/of-bad:1.0.0 /x /x\nCOPY --from=${REGISTRY}/good:1.0.0 /good /y',
};

let rig: Rig;

before(async () => {
  if (options.skip) return;
  const steps = Object.entries(failingSteps).map(([name, { dockerfile }]) => [name, dockerfile] as const);
  const images = [...steps, ...Object.entries(others)].flatMap(([name, dockerfile]) => [
    [`contexts/${name}/Dockerfile`, `ARG REGISTRY\nFROM \${REGISTRY}/base:1.0.0\n${dockerfile}\n`],
    [`contexts/${name}/info.edn`, info],
    [`contexts/${name}/tree/x`, ''],
    [`contexts/${name}/ignored`, ''],
    [`contexts/${name}/.dockerignore`, 'ignored\n'],
  ]);
  rig = await Rig.setup({ files: { ...(await baseFiles()), ...Object.fromEntries(images) } });
  const { status, stderr } = await rig.cip('build', 'base');
  assert.equal(status, 0, stderr);
});
after(() => rig?.[Symbol.asyncDispose]());

async function baseFiles() {
  return { ...base, 'contexts/00-base/busybox': await readFile('/bin/busybox') };
}

/** What a run must leave as it was: names in the store, and sources. */
async function standing() {
  return { names: await readFile(join(rig.store, 'images/index.json'), 'utf8'), sources: await treeOf(rig.project) };
}

describe('failing steps', options, () => {
  let outcome: Outcome;
  let earlier: Awaited<ReturnType<typeof standing>>;

  before(async () => {
    earlier = await standing();
    outcome = await rig.cip('build', '-k', ...Object.keys(failingSteps));
  });

  for (const [name, { at, reason, says }] of Object.entries(failingSteps)) {
    test(`${name}: ${reason}`, () => {
      const letters = outcome.stderr.split(/^── /m).slice(1);
      const letter = letters.find((text) => text.startsWith(`${name} 1.0.0 `)) ?? outcome.stderr;
      assert.deepEqual(complaintsIn(letter), [`${reason} contexts/${name}/Dockerfile:${at}`], letter);
      if (says) assert.match(letter, says);
    });
  }

  test('all are told; the exit status is 1; names and sources are as they were', async () => {
    assert.equal(complaintsIn(outcome.stderr).length, Object.keys(failingSteps).length);
    assert.deepEqual({ status: outcome.status, stdout: outcome.stdout }, { status: 1, stdout: '' });
    assert.deepEqual(await standing(), earlier);
  });
});

test('a failing RUN: image, stage, line, command, status, last lines, and the full log', options, async () => {
  const { status, stderr } = await rig.cip('build', 'log');
  assert.equal(status, 1);
  assert.deepEqual(complaintsIn(stderr), ['run-failed contexts/log/Dockerfile:4:1']);
  assert.match(stderr, /RUN seq 1 3000 >&2; exit 9 exited with status 9 \(log, stage 0, linux\/\w+\)/);
  const last = [...stderr.matchAll(/^ +\| (\d+)$/gm)].map(([, number]) => Number(number));
  assert.ok(last.length >= 10 && last.length <= 100, `${last.length} lines`);
  assert.deepEqual(last, numbers(3001 - last.length, 3000));
  const log = await readFile(/full log: (.+)$/m.exec(stderr)?.[1] ?? '', 'utf8');
  const logged = [...log.matchAll(/^#\d+ (\d+)$/gm)].map(([, number]) => Number(number));
  assert.deepEqual(logged, numbers(1, 3000));
});

function numbers(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

test('a secret that is required and not given: a usage error, at its RUN', options, async () => {
  const { status, stderr } = await rig.cip('build', 'secret');
  assert.deepEqual(
    { status, told: complaintsIn(stderr) },
    { status: 2, told: ['secret-missing contexts/secret/Dockerfile:3:1'] },
  );
  assert.match(stderr, /fix: add --secret id=token,src=FILE/);
});

test('a secret that is not given stays a usage error where other images go on', options, async () => {
  const { status, stderr } = await rig.cip('build', '--keep-going', 'base', 'secret');
  const told = complaintsIn(stderr);
  assert.deepEqual({ status, told }, { status: 2, told: ['secret-missing contexts/secret/Dockerfile:3:1'] });
});

test('a --target that no stage has: a usage error', options, async () => {
  const earlier = await standing();
  const { status, stderr } = await rig.cip('build', 'target', '--', '--target', 'tests');
  assert.deepEqual({ status, told: complaintsIn(stderr) }, { status: 2, told: ['unknown-stage'] });
  assert.deepEqual(await standing(), earlier);
});

interface Image {
  readonly name: string;
  readonly status: string;
  readonly by?: string;
}

function statuses({ stdout }: Outcome): Readonly<Record<string, string>> {
  const { images } = JSON.parse(stdout) as { images: readonly Image[] };
  return Object.fromEntries(
    images.map(({ name, status, by }) => [name, by === undefined ? status : `${status} by ${by}`]),
  );
}

const family = ['good', 'bad', 'of-good', 'of-bad', 'of-both'];

test('after a failure nothing new begins', options, async () => {
  const earlier = await standing();
  const outcome = await rig.cip('build', '-j1', '--json', ...family);
  assert.equal(outcome.status, 1, outcome.stderr);
  assert.deepEqual(statuses(outcome), {
    base: 'untouched',
    bad: 'failed',
    good: 'not-started',
    'of-bad': 'blocked by bad',
    'of-good': 'not-started',
    'of-both': 'blocked by bad',
  });
  assert.deepEqual(await standing(), earlier);
});

test('--keep-going: what does not need the failed image is built', options, async () => {
  const outcome = await rig.cip('build', '-k', '--json', ...family);
  assert.equal(outcome.status, 1, outcome.stderr);
  assert.deepEqual(statuses(outcome), {
    base: 'untouched',
    bad: 'failed',
    good: 'built',
    'of-bad': 'blocked by bad',
    'of-good': 'built',
    'of-both': 'blocked by bad',
  });
  assert.match(outcome.stderr, /^of-bad was skipped because bad failed\nof-both was skipped because bad failed$/m);
  assert.match((await standing()).names, /\/of-good:1\.0\.0"/);
});

test('publishing is all or nothing: one failed image, and no tag is moved', options, async () => {
  await using publisher = await Rig.setup({ files: await baseFiles(), registry: true });
  const local = ['--local-registry', publisher.registry];
  const first = await publisher.cip('publish-locally', ...local);
  assert.equal(first.status, 0, first.stderr);
  const tags = async () => {
    const list = await (await fetch(`http://${publisher.registry}/v2/base/tags/list`)).json();
    const latest = await fetch(`http://${publisher.registry}/v2/base/manifests/latest`, { method: 'HEAD' });
    return { list, latest: latest.headers.get('docker-content-digest') };
  };
  const before = await tags();
  assert.ok(before.latest);
  await publisher.write({
    'contexts/00-base/info.edn': '{:version "1.1.0"}\n',
    'contexts/01-bad/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.1.0\nRUN exit 1\n',
    'contexts/01-bad/info.edn': info,
  });
  const second = await publisher.cip('publish-locally', '-k', ...local);
  assert.deepEqual(
    { status: second.status, stdout: second.stdout, told: complaintsIn(second.stderr) },
    { status: 1, stdout: '', told: ['run-failed contexts/01-bad/Dockerfile:3:1'] },
  );
  assert.deepEqual(await tags(), before);
});

/** Runs a command where these programs cannot be executed. */
function without(...programs: string[]): readonly string[] {
  const hide = 'while [ "$1" != -- ]; do mount --bind /dev/null "$(command -v "$1")"; shift; done; shift; exec "$@"';
  // Looked up while all are there: the mount that hides mount(8) is its last.
  return ['unshare', '--mount', 'sh', '-c', hide, 'sh', ...programs, '--'];
}

for (const tool of ['unshare', 'mount']) {
  test(`a machine without ${tool}: said so, and what to install`, needs('busybox', 'root', 'unshare'), async () => {
    await using machine = await Rig.setup({ files: await baseFiles() });
    const { status, stdout, stderr } = await machine.cip('build', { through: without(tool) });
    assert.deepEqual({ status, stdout, told: complaintsIn(stderr) }, { status: 5, stdout: '', told: ['tool-missing'] });
    assert.match(stderr, new RegExp(`the program ${tool} .*not on PATH.*fix: install .*util-linux`, 's'));
  });
}

const foreign = process.arch === 'arm64' ? { arch: 'amd64', qemu: 'x86_64' } : { arch: 'arm64', qemu: 'aarch64' };
test(
  'a step for another architecture, and no emulator: said so, and what to install',
  needs('busybox', 'root', 'unshare', 'user namespaces', `qemu-${foreign.qemu}-static`),
  async () => {
    await using machine = await Rig.setup({ files: await baseFiles() });
    const emulators = [`qemu-${foreign.qemu}-static`, `qemu-${foreign.qemu}`].filter(isThere);
    const { status, stdout, stderr } = await machine.cip('build', '--platform', `linux/${foreign.arch}`, {
      through: without(...emulators),
    });
    assert.deepEqual(
      { status, stdout, told: complaintsIn(stderr) },
      { status: 5, stdout: '', told: ['emulation-unavailable contexts/00-base/Dockerfile:8:1'] },
    );
    assert.match(stderr, /fix: install qemu-user-static/);
  },
);
