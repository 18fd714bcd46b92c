/** Bases that are not what they say, by the real program: of another tar, for another machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { hostileLayers, sent } from '../layer/hostile-layers.ts';
import { complaintsIn } from '../support/complaints.ts';
import { serveImages } from '../support/image-server.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const canBuild = needs('linux', 'user namespaces');
const harmless = hostileLayers.find((layer) => layer.unpack === 'ok' && layer.compression === 'none')!;
const good = { bytes: gzipSync(sent(harmless)), compression: 'gzip' } as const;
const swapped = { bytes: gzipSync(Buffer.alloc(1024)), compression: 'gzip' } as const;

test('a base whose layer is another than its configuration says is in no image', canBuild, async () => {
  const claims = `sha256:${'1'.repeat(64)}`;
  await using registry = await serveImages({ good: [good], other: [{ ...swapped, claims }] });
  const rows = ['LABEL a=b', 'COPY f /f', 'RUN ["/x"]', 'COPY --from=good / /g'];
  await using rig = await Rig.setup();
  for (const [at, line] of rows.entries()) {
    const text = line.replace('good', `${registry.address}/good`);
    await rig.write({
      [`contexts/row${at}/info.edn`]: '{:version "1.0.0"}\n',
      [`contexts/row${at}/Dockerfile`]: `FROM ${registry.address}/other:1\n${text}\n`,
      [`contexts/row${at}/f`]: 'f',
    });
  }
  const { status, stdout, stderr } = await rig.cip('build', '--keep-going');
  assert.deepEqual({ status, built: stdout }, { status: 5, built: '' }, stderr);
  // Of all four once: it is the registry's doing.
  assert.deepEqual(complaintsIn(stderr), ['layer-digest-mismatch'], stderr);
  assert.match(stderr, /\/other:1 /);
});

test('a base for another machine is told, with its place', canBuild, async () => {
  const [own, foreign] = process.arch === 'arm64' ? ['arm64', 'amd64'] : ['amd64', 'arm64'];
  await using registry = await serveImages({
    plain: [good],
    mainframe: { layers: [good], config: { architecture: 's390x' } },
    windows: { layers: [good], config: { os: 'windows' } },
    spelled: { layers: [good], config: own === 'arm64' ? { variant: 'v8' } : { variant: 'v1' } },
  });
  const rows: readonly (readonly [dockerfile: string, warned: string | undefined])[] = [
    ['FROM plain\n', undefined],
    ['FROM spelled\n', undefined],
    ['FROM mainframe\n', `:1: mainframe is an image for linux/s390x, and is used here for linux/${own}`],
    ['FROM windows\n', `:1: windows is an image for windows/${own}, and is used here for linux/${own}`],
    [
      `FROM --platform=linux/${foreign} plain\n`,
      `:1: plain is an image for linux/${own}, and is used here for linux/${foreign}`,
    ],
    [
      'FROM scratch\nCOPY --from=mainframe / /\n',
      `:2: mainframe is an image for linux/s390x, and is used here for linux/${own}`,
    ],
  ];
  await using rig = await Rig.setup();
  const here = (text: string) =>
    text.replace(/plain|mainframe|windows(?!\/)|spelled/, (name) => `${registry.address}/${name}:1`);
  for (const [at, [dockerfile]] of rows.entries()) {
    await rig.write({
      [`contexts/row${at}/info.edn`]: '{:version "1.0.0"}\n',
      [`contexts/row${at}/Dockerfile`]: here(dockerfile),
    });
  }
  const { status, stderr } = await rig.cip('build', '--progress=plain');
  assert.equal(status, 0, stderr);
  const lines = stderr.split('\n').filter((line) => line.includes('is an image for'));
  for (const [at, [, warned]] of rows.entries()) {
    const ofRow = lines.filter((line) => line.includes(`row${at}/Dockerfile`));
    assert.equal(ofRow.length, warned === undefined ? 0 : 1, `row${at}\n${stderr}`);
    if (warned !== undefined) assert.ok(ofRow[0]!.endsWith(`row${at}/Dockerfile${here(warned)}`), ofRow[0]);
  }
});
