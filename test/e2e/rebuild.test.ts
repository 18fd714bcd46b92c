/** What is built again after a change, and what a cascade edits, by the real program on real files. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { thirtyTwoImages } from '../project/support/thirty-two-images.ts';
import { needs } from '../support/needs.ts';
import { type Files, type Outcome, Rig } from '../support/rig.ts';

const exec = promisify(execFile);
const canBuild = needs('linux', 'user namespaces');

/** base ← left ← middle ← leaf, and right, which leaf copies from. */
const diamond: Files = {
  'contexts/00-base/Dockerfile': 'FROM scratch\nCOPY file /base\n',
  'contexts/00-base/info.edn': '{:version "1.0.0"}\n',
  'contexts/00-base/file': 'base\n',
  'contexts/01-left/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\nCOPY file /left\n',
  'contexts/01-left/info.edn': '{:version "1.0.0"}\n',
  'contexts/01-left/file': 'left\n',
  'contexts/01-right/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\nCOPY file /right\n',
  'contexts/01-right/info.edn': '{:version "1.0.0"}\n',
  'contexts/01-right/file': 'right\n',
  'contexts/02-middle/Dockerfile':
    '# The one in the middle.\nARG REGISTRY\nFROM ${REGISTRY}/left:1.0.0\nCOPY . /middle/\n',
  'contexts/02-middle/.dockerignore': 'Dockerfile\ninfo.edn\n.dockerignore\n*.md\n',
  'contexts/02-middle/info.edn': '{:version "1.0.0"}\n',
  'contexts/02-middle/file': 'middle\n',
  'contexts/03-leaf/Dockerfile':
    'ARG REGISTRY\nFROM ${REGISTRY}/middle:1.0.0\nCOPY --from=${REGISTRY}/right:1.0.0 /right /from-right\n',
  'contexts/03-leaf/info.edn': '{:version "1.0.0"}\n',
};

/** A rig whose `unshare` writes down that it was started: no worker gets into its namespaces without it. */
async function watchedRig(files: Files) {
  const rig = await Rig.setup({ files });
  const tools = join(rig.project, '..', 'tools');
  const mark = join(tools, 'started');
  await mkdir(tools);
  const { stdout } = await exec('sh', ['-c', 'command -v unshare']);
  const wrapper = `#!/bin/sh\necho started >> ${mark}\nexec ${stdout.trim()} "$@"\n`;
  await writeFile(join(tools, 'unshare'), wrapper, { mode: 0o755 });
  const env = { PATH: `${tools}:${process.env['PATH']}` };
  const build = async (...args: string[]) => {
    await rm(mark, { force: true });
    const outcome = await rig.cip('build', '--json', ...args, { env });
    assert.equal(outcome.status, 0, outcome.stderr);
    const workers = await readFile(mark, 'utf8').then(
      () => true,
      () => false,
    );
    return { built: built(outcome), startedWorker: workers };
  };
  return { rig, build };
}

test('build: a change rebuilds its image and what stands on it, and tells why', canBuild, async (t) => {
  const { rig, build } = await watchedRig(diamond);
  await using _ = rig;
  const reasons = async () => {
    const { images } = JSON.parse((await rig.cip('plan', '--json')).stdout);
    return Object.fromEntries(
      images
        .filter(({ action }: Planned) => action === 'build')
        .map(({ name, reasons: codes }: Planned) => [
          name,
          codes.map(({ code, path, parent }) => [code, path ?? parent].join(' ').trim()),
        ]),
    );
  };

  assert.deepEqual(await build(), {
    built: ['base', 'left', 'right', 'middle', 'leaf'].sort(),
    startedWorker: true,
  });

  await t.test('nothing changed: nothing is built, and no worker is started', async () => {
    assert.deepEqual(await build(), { built: [], startedWorker: false });
  });

  await t.test('a file of an image in the middle: it and its descendant', async () => {
    await rig.write({ 'contexts/02-middle/file': 'changed\n' });
    assert.deepEqual(await reasons(), {
      middle: ['input-changed contexts/02-middle/file'],
      leaf: ['parent-built middle'],
    });
    assert.deepEqual(await build(), { built: ['leaf', 'middle'], startedWorker: true });
    assert.deepEqual(await build(), { built: [], startedWorker: false });
  });

  await t.test('the same bytes with another time, a comment, and a file that is ignored: nothing', async () => {
    const dockerfile = String(diamond['contexts/02-middle/Dockerfile']);
    await rig.write({
      'contexts/00-base/file': 'base\n',
      'contexts/02-middle/Dockerfile': dockerfile.replace('The one', '\n# Really the one').replace('COPY', '\nCOPY'),
      'contexts/02-middle/notes.md': 'new\n',
    });
    assert.deepEqual(await reasons(), {});
    assert.deepEqual(await build(), { built: [], startedWorker: false });
  });

  await t.test('the other parent: what copies from it', async () => {
    await rig.write({ 'contexts/01-right/file': 'changed\n' });
    assert.deepEqual(await build(), { built: ['leaf', 'right'], startedWorker: true });
  });

  await t.test('only what is selected, and its ancestors', async () => {
    await rig.write({ 'contexts/01-left/file': 'changed\n', 'contexts/01-right/file': 'changed again\n' });
    assert.deepEqual(await build('middle'), { built: ['left', 'middle'], startedWorker: true });
    assert.deepEqual(await build(), { built: ['leaf', 'right'], startedWorker: true });
  });
});

test('cascade: git sees versions change, and nothing else; once', needs('git'), async () => {
  await using rig = await Rig.setup({
    files: {
      ...diamond,
      'contexts/01-left/info.edn': '; with a comment\r\n{:owner "us" ,:version    "1.4.9" :note "was 1.0.0"}',
      'contexts/02-middle/Dockerfile':
        'ARG REGISTRY\r\n# base:1.0.0\r\nFROM  ${REGISTRY}/left:1.4.9   AS x\r\nCOPY . /m',
    },
  });
  const git = (...args: string[]) => exec('git', args, { cwd: rig.project, env: { ...process.env, ...identity } });
  await git('init', '--quiet');
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'before');
  assert.equal((await rig.cip('cascade', '--check')).status, 0);

  await rig.write({ 'contexts/00-base/info.edn': '{:version "1.1.0"}\n' });
  await git('commit', '--quiet', '--all', '--message', 'base 1.1.0');
  assert.equal((await rig.cip('cascade-version-updates', '--check')).status, 3);
  assert.equal((await git('status', '--porcelain')).stdout, '');

  const { status, stderr } = await rig.cip('cascade-version-updates');
  assert.equal(status, 0, stderr);
  const { stdout } = await git('diff', '--unified=0', '--no-color');
  const changes = stdout.split('\n').filter((line) => /^(\+\+\+ |[-+](?![-+]))/.test(line));
  assert.deepEqual(changes, [
    '+++ b/contexts/01-left/Dockerfile',
    '-FROM ${REGISTRY}/base:1.0.0',
    '+FROM ${REGISTRY}/base:1.1.0',
    '+++ b/contexts/01-left/info.edn',
    '-{:owner "us" ,:version    "1.4.9" :note "was 1.0.0"}',
    '+{:owner "us" ,:version    "1.4.10" :note "was 1.0.0"}',
    '+++ b/contexts/01-right/Dockerfile',
    '-FROM ${REGISTRY}/base:1.0.0',
    '+FROM ${REGISTRY}/base:1.1.0',
    '+++ b/contexts/01-right/info.edn',
    '-{:version "1.0.0"}',
    '+{:version "1.0.1"}',
    '+++ b/contexts/02-middle/Dockerfile',
    '-FROM  ${REGISTRY}/left:1.4.9   AS x\r',
    '+FROM  ${REGISTRY}/left:1.4.10   AS x\r',
    '+++ b/contexts/02-middle/info.edn',
    '-{:version "1.0.0"}',
    '+{:version "1.0.1"}',
    '+++ b/contexts/03-leaf/Dockerfile',
    '-FROM ${REGISTRY}/middle:1.0.0',
    '-COPY --from=${REGISTRY}/right:1.0.0 /right /from-right',
    '+FROM ${REGISTRY}/middle:1.0.1',
    '+COPY --from=${REGISTRY}/right:1.0.1 /right /from-right',
    '+++ b/contexts/03-leaf/info.edn',
    '-{:version "1.0.0"}',
    '+{:version "1.0.1"}',
  ]);

  await git('commit', '--quiet', '--all', '--message', 'cascade');
  assert.equal((await rig.cip('cascade-version-updates')).status, 0);
  assert.equal((await git('status', '--porcelain')).stdout, '');
  assert.equal((await rig.cip('cascade-version-updates', '--check')).status, 0);
});

test('32 images in 7 levels, one with two parents: one bump each; plan and graph', async () => {
  const files = Object.entries(thirtyTwoImages('0.1.0')).flatMap(([context, texts]) =>
    Object.entries(texts).map(([file, text]) => [
      `contexts/${context}/${file}`,
      text.replace('debian:bookworm-slim', 'scratch'),
    ]),
  );
  await using rig = await Rig.setup({ files: Object.fromEntries(files) });

  assert.equal((await rig.cip('check')).status, 3);
  const raised = await rig.cip('cascade-version-updates', '--json');
  assert.equal(raised.status, 0, raised.stderr);
  assert.equal((await rig.cip('check')).status, 0);

  const { nodes, edges } = JSON.parse((await rig.cip('graph', '--format=json')).stdout) as Graph;
  const previous = { 'debian-slim': '0.1.0', standalone: '0.0.2', 'nvim-config': '0.0.4', 'go-dev': '0.0.5' };
  assert.equal(nodes.length, 32);
  for (const { name, version } of nodes) {
    assert.equal(version, (previous as Record<string, string>)[name] ?? '0.0.3', name);
  }
  const versions = new Map(nodes.map(({ name, version }) => [name, version]));
  for (const { to, reference } of edges) assert.equal(reference, `\${REGISTRY}/${to}:${versions.get(to)}`);
  const parentsOf = (child: string) => edges.flatMap(({ from, to }) => (from === child ? [to] : [])).sort();
  const withParents = (number: number) =>
    nodes.map(({ name }) => name).filter((name) => parentsOf(name).length === number);
  assert.deepEqual(withParents(0), ['debian-slim', 'standalone']);
  assert.deepEqual(withParents(2), ['nvim-config']);
  assert.equal(withParents(1).length, 29);

  const { images, summary } = JSON.parse((await rig.cip('plan', '--json')).stdout) as Plan;
  assert.deepEqual(
    images.map(({ level }) => level),
    [0, 0, ...Array(14).fill(1), 2, 3, 3, ...Array(8).fill(4), 5, 5, 5, 5, 6],
  );
  assert.equal(summary.build, 32);
  for (const [index, { name, dependsOn, context, level }] of images.entries()) {
    assert.deepEqual([...dependsOn].sort(), parentsOf(name), name);
    assert.equal(context, `contexts/0${level}-${name}`);
    const earlier = images.slice(0, index).map((image) => image.name);
    for (const parent of dependsOn) assert.ok(earlier.includes(parent), `${parent} before ${name}`);
  }
});

const identity = {
  GIT_AUTHOR_NAME: 'test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

interface Planned {
  readonly name: string;
  readonly context: string;
  readonly level: number;
  readonly action: string;
  readonly dependsOn: readonly string[];
  readonly reasons: readonly { readonly code: string; readonly path?: string; readonly parent?: string }[];
}

interface Plan {
  readonly images: readonly Planned[];
  readonly summary: { readonly build: number };
}

interface Graph {
  readonly nodes: readonly { readonly name: string; readonly version: string }[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly reference: string }[];
}

/** Names of the images that a run built, sorted. */
function built({ stdout }: Outcome): string[] {
  const { images } = JSON.parse(stdout) as { images: { name: string; status: string }[] };
  return images
    .filter(({ status }) => status === 'built')
    .map(({ name }) => name)
    .sort();
}

test('build: a trigger of a parent that copies from a stage of its child, changed and not', canBuild, async () => {
  await using rig = await Rig.setup({
    files: {
      'contexts/00-base/info.edn': '{:version "1.0.0"}\n',
      'contexts/00-base/Dockerfile': 'FROM scratch\nONBUILD COPY --from=build /k /copied\n',
      'contexts/01-app/info.edn': '{:version "1.0.0"}\n',
      'contexts/01-app/Dockerfile': 'ARG REGISTRY\nFROM scratch AS build\nCOPY k /k\nFROM ${REGISTRY}/base:1.0.0\n',
      'contexts/01-app/k': 'one',
    },
  });
  // No image `build` was ever seen, and none is asked for.
  const build = async () => {
    const outcome = await rig.cip('build', '--json', '--offline-bases');
    assert.equal(outcome.status, 0, outcome.stderr);
    return built(outcome);
  };
  assert.deepEqual(await build(), ['app', 'base']);
  assert.deepEqual(await build(), []);
  await rig.write({ 'contexts/01-app/k': 'two' });
  assert.deepEqual(await build(), ['app']);
});
