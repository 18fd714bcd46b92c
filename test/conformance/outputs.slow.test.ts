/** The files of an image as a tar, field by field as BuildKit writes them, and archives for Docker that the same programs read. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { readTar } from '../../src/tar/read.ts';
import { startDockerRegistry } from '../registry/docker-registry.ts';
import { isThere, needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { pushBases } from './bases.ts';
import { startBuildkit } from './buildkit.ts';
import { type Case, findCases, stageContext } from './case.ts';
import { startCip } from './cip.ts';
import { differences } from './difference.ts';
import { type Node, nodeOf, type ReadImage, readImage } from './image.ts';
import { sliceOf } from './verdict.ts';

const exec = promisify(execFile);
const buildkit = isThere('go') || process.env['CIP_TEST_REQUIRE'] !== 'all' ? [] : ['go'];
const options = needs('linux', 'root', 'docker-registry', 'runc', 'skopeo', ...buildkit, 'test/support/buildkit.sh');

test('conformance: outputs of some of the cases are those of BuildKit', options, async (t) => {
  await using storage = await tempDir();
  await using registry = await startDockerRegistry(storage.path);
  await pushBases(registry.host, { withDebian: false, withSpecial: false });
  await using scratch = await tempDir();
  await chmod(scratch.path, 0o755);
  const start = Math.floor(Date.now() / 1000) - 60;
  await using theirs = await startBuildkit(registry.host);
  await using ours = await startCip('root');
  for (const one of [...(await someCases(16)), ...(await findCases('epoch/arg'))]) {
    await t.test(one.name, async () => {
      const args = { ...one.args, buildArgs: { BASES: registry.host, ...one.args.buildArgs } };
      const directory = join(scratch.path, one.name.replaceAll('/', '_'));
      const [own, other] = [join(directory, 'ours'), join(directory, 'theirs')];
      for (const [place, builder] of [
        [own, ours],
        [other, theirs],
      ] as const) {
        await mkdir(place, { recursive: true });
        const context = join(place, 'context');
        await stageContext(one, context);
        const outputs = [`type=tar,dest=${join(place, 'files.tar')}`, `type=docker,dest=${join(place, 'docker.tar')}`];
        const built = await builder.build({ case: { ...one, args }, context, scratch: place, outputs });
        assert.ok('layout' in built, JSON.stringify(built));
      }
      const [files, expected] = [await filesIn(join(own, 'files.tar')), await filesIn(join(other, 'files.tar'))];
      const layers = await readImage(join(other, 'buildkit'));
      const found = differences(
        files,
        { ...expected, tree: asInLayers(expected.tree, layers.tree, args.buildArgs) },
        start,
      );
      assert.deepEqual(
        found.filter(({ at }) => args.undefined['tree'] === undefined || !at.startsWith('tree')),
        [],
      );
      for (const place of [own, other]) {
        const file = join(place, 'docker.tar');
        for (const image of [`docker-archive:${file}`, `oci-archive:${file}`]) await exec('skopeo', ['inspect', image]);
        const [manifest, ...more] = JSON.parse((await exec('tar', ['-xOf', file, 'manifest.json'])).stdout);
        assert.deepEqual([Object.keys(manifest).sort(), more], [['Config', 'Layers', 'RepoTags'], []]);
      }
    });
  }
});

/** Of those that both build as they are, without Debian, a server, or a base or contexts of their own. */
async function someCases(count: number): Promise<readonly Case[]> {
  const all = await findCases();
  const plain = await Promise.all(
    all.map(async (one) => {
      const { refused, deviation, ssh, contexts } = one.args;
      const hasContexts = Object.keys(contexts).length > 0;
      const text = await readFile(join(one.folder, 'Dockerfile'), 'utf8');
      const isPlain = refused.length === 0 && deviation === undefined && ssh.length === 0 && !hasContexts;
      return isPlain &&
        !/\$\{?WEB\b/.test(text) &&
        [...text.matchAll(/\$\{?BASES\}?\/(\w+)/g)].every(([, base]) => base === 'busybox')
        ? [one]
        : [];
    }),
  );
  const list = plain.flat();
  return sliceOf(list, 1, Math.ceil(list.length / count));
}

/**
 * BuildKit's tar has the attributes of files on its disk, of which its layers have not all, and times of directories of which nothing
 * but the time has changed, which no layer of it has. With SOURCE_DATE_EPOCH every time of it is that.
 */
function asInLayers(
  files: ReadImage['tree'],
  layers: ReadImage['tree'],
  buildArgs: Readonly<Record<string, string>>,
): ReadImage['tree'] {
  const keepsTimes = buildArgs['SOURCE_DATE_EPOCH'] === undefined;
  const known = new Map<Node, Node>();
  const nodes = [...files].map(([path, node]) => {
    const { xattrs = {}, mtime = node.mtime } = layers.get(path) ?? {};
    const time = keepsTimes && node.type === 'directory' && { mtime };
    const changed = known.get(node) ?? { ...node, xattrs, ...time };
    known.set(node, changed);
    return [path, changed] as const;
  });
  return new Map(nodes);
}

async function filesIn(tar: string): Promise<ReadImage> {
  const tree = new Map<string, Node>();
  for await (const entry of readTar(createReadStream(tar)))
    tree.set(entry.header.name.replace(/\/$/, ''), await nodeOf(entry, tree));
  return { config: {}, history: [], diffIDs: [], tree };
}
