/** Annotations that an output asks for, where BuildKit puts them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startDockerRegistry } from '../registry/docker-registry.ts';
import { isThere, needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startBuildkit } from './buildkit.ts';
import { readCase } from './case.ts';
import { startCip } from './cip.ts';

const exec = promisify(execFile);
const buildkit = isThere('go') || process.env['CIP_TEST_REQUIRE'] !== 'all' ? [] : ['go'];
const options = needs('linux', 'root', 'docker-registry', 'runc', ...buildkit, 'test/support/buildkit.sh');

/** Platforms, and what the output says of annotations. */
const table: readonly (readonly [platforms: string, attributes: string])[] = [
  ['linux/amd64', 'annotation.a=1,annotation-manifest.b=2,annotation-manifest-descriptor.c=3'],
  // With one platform BuildKit leaves out those of that platform; cip does not.
  ['linux/amd64', 'annotation.b=x y=z'],
  ['linux/amd64,linux/arm64', 'annotation.a=1,annotation-index.b=2,annotation-index-descriptor.c=3'],
  [
    'linux/amd64,linux/arm64',
    'annotation[linux/arm64].a=1,annotation.a=2,annotation-manifest-descriptor[linux/amd64].d=4,annotation-manifest-descriptor.d=5',
  ],
];

interface Annotated {
  readonly manifests?: readonly (Annotated & {
    readonly digest: string;
    readonly platform?: { architecture: string };
  })[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The annotations of each document and descriptor, from the top down; names of images and times are another matter. */
async function annotatedIn(layout: string): Promise<unknown> {
  const read = async (path: string) => JSON.parse(await readFile(join(layout, path), 'utf8')) as Annotated;
  const below = async ({ annotations, manifests = [] }: Annotated): Promise<unknown> => ({
    annotations: own(annotations),
    entries: await Promise.all(
      manifests.map(async (entry) => ({
        of: entry.platform?.architecture,
        annotations: own(entry.annotations),
        document: await below(await read(`blobs/${entry.digest.replace(':', '/')}`)),
      })),
    ),
  });
  const top = await read('index.json');
  // A platform in the only descriptor of a layout is one's own affair.
  return await below({ ...top, manifests: top.manifests!.map(({ platform: _, ...rest }) => rest) });
}

function own(annotations: Annotated['annotations'] = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(annotations).filter(([name]) => !/^(org\.opencontainers|io\.containerd)/.test(name)),
  );
}

test('conformance: annotations are where BuildKit puts them', options, async (t) => {
  await using storage = await tempDir();
  await using registry = await startDockerRegistry(storage.path);
  await using scratch = await tempDir();
  await chmod(scratch.path, 0o755);
  await using theirs = await startBuildkit(registry.host);
  await using ours = await startCip('root');
  for (const [at, [platform, attributes]] of table.entries()) {
    await t.test(`${platform}: ${attributes}`, async () => {
      const found: unknown[] = [];
      for (const [name, builder] of [
        ['ours', ours],
        ['theirs', theirs],
      ] as const) {
        const place = join(scratch.path, `${at}-${name}`);
        const folder = join(place, 'case');
        const context = join(place, 'context');
        await mkdir(folder, { recursive: true });
        await mkdir(context);
        await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY f /f\n');
        await writeFile(join(context, 'f'), 'f');
        const one = await readCase(folder, 'annotated');
        const dest = join(place, 'out');
        const outputs = [`type=oci,dest=${dest}.tar,${attributes}`];
        const built = await builder.build({
          case: { ...one, args: { ...one.args, platform } },
          context,
          scratch: place,
          outputs,
        });
        assert.ok('layout' in built, JSON.stringify(built));
        await mkdir(dest);
        await exec('tar', ['-xf', `${dest}.tar`, '-C', dest]);
        found.push(await annotatedIn(dest));
      }
      assert.deepEqual(found[0], found[1]);
    });
  }
});
