/** The hostile layers of the table as bases of a step, by the real program: each ends with its own reason, none as a bug. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hostileLayers, layerBombs, sent } from '../layer/hostile-layers.ts';
import { complaintsIn } from '../support/complaints.ts';
import { serveImages } from '../support/image-server.ts';
import { needs } from '../support/needs.ts';
import { type Outcome, Rig } from '../support/rig.ts';

/** Those that make no root that could be run in are told before anything runs. */
const refused = [...hostileLayers, ...layerBombs].filter(({ unpack }) => unpack !== 'ok');
const names = refused.map((_, at) => `hostile-${at}`);

const needed = ['user namespaces', 'mknod'];
const options = needs(...needed);
let rig: Rig;
let registry: Awaited<ReturnType<typeof serveImages>>;
let outcome: Outcome;

before(async () => {
  if (options.skip) return;
  const images = refused.map((layer, at) => [
    names[at]!,
    [{ bytes: sent(layer), compression: layer.compression }] as const,
  ]);
  registry = await serveImages(Object.fromEntries(images));
  const files = names.flatMap((name) => [
    [`contexts/${name}/info.edn`, '{:version "1.0.0"}\n'],
    [`contexts/${name}/Dockerfile`, `FROM ${registry.address}/${name}:1\nRUN true\n`],
  ]);
  rig = await Rig.setup({ files: Object.fromEntries(files) });
  outcome = await rig.cip('build', '-k', '--progress=plain');
});
after(async () => {
  await rig?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

for (const [at, { title, unpack }] of refused.entries()) {
  test(`RUN on ${title}: ${unpack}`, options, () => {
    const letters = outcome.stderr.split(/^── /m).slice(1);
    const letter = letters.find((text) => text.startsWith(`${names[at]} 1.0.0 `)) ?? outcome.stderr;
    const reason = /^tar-|^corrupt-/.test(unpack) ? 'base-layer-broken' : unpack;
    const told = [`${reason} contexts/${names[at]}/Dockerfile:1:6`];
    assert.deepEqual(complaintsIn(letter), told, letter.slice(0, 2000));
    assert.ok(letter.includes(`${registry.address}/${names[at]}:1 `), 'it says of which base');
    assert.match(letter, /\(layer sha256:[0-9a-f]{64}\)/, 'it says in which layer');
  });
}

test(
  'a step that makes a tree deeper than a path can say fails, and nothing of it stays',
  needs('busybox', ...needed),
  async () => {
    const deeper = Array.from({ length: 100 }, () => 'dd').join('/');
    const script = `for i in $(/bin/busybox seq 20); do /bin/busybox mkdir -p ${deeper}; cd -P ${deeper}; done; true`;
    await rig.write({
      'contexts/deep/info.edn': '{:version "1.0.0"}\n',
      'contexts/deep/Dockerfile': `FROM scratch\nCOPY --chmod=755 busybox /bin/busybox\nRUN ${JSON.stringify(['/bin/busybox', 'sh', '-c', script])}\n`,
      'contexts/deep/busybox': await readFile('/bin/busybox'),
    });
    const { status, stderr } = await rig.cip('build', 'deep');
    assert.deepEqual(
      [status, complaintsIn(stderr)],
      [1, ['layer-path-too-long contexts/deep/Dockerfile:3:1']],
      stderr.slice(0, 2000),
    );
    for (const place of ['sessions', 'trash']) assert.deepEqual(await readdir(join(rig.store, place)), []);
  },
);

test('hostile layers make the build fail, and are no bug of cip', options, () => assert.equal(outcome.status, 5));
