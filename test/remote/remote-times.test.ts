/** How old sources of ADD are: what SOURCE_DATE_EPOCH takes of them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { commitTime, git, repository } from '../support/git-repository.ts';
import { needs } from '../support/needs.ts';
import { startWebServer, type WebFile } from '../support/web-server.ts';
import { never, RemoteRig, sourceOf } from './remote-rig.ts';

const modified = { 'last-modified': 'Mon, 20 Jun 2005 01:02:03 GMT' };

/** A tar of two files, of which the first is newer, below a directory that is newer still. */
async function packed(directory: string): Promise<Buffer> {
  const d = join(directory, 'd');
  await mkdir(d, { recursive: true });
  for (const [name, time] of [
    ['a', 1_300_000_000],
    ['b', 1_200_000_000],
  ] as const) {
    await writeFile(join(d, name), name);
    await utimes(join(d, name), time, time);
  }
  await utimes(d, 1_400_000_000, 1_400_000_000);
  return execFileSync('tar', ['-c', '-C', directory, 'd']);
}

const files: readonly (readonly [what: string, file: (tar: Buffer) => WebFile, time: number | undefined])[] = [
  ['a file with a time', () => ({ body: 'f', headers: modified }), 1_119_229_323],
  ['an archive with a time', (tar) => ({ body: tar, headers: modified }), 1_119_229_323],
  ['an archive without one', (tar) => ({ body: tar }), 1_300_000_000],
  ['a compressed archive', (tar) => ({ body: gzipSync(tar) }), 1_300_000_000],
  ['a file that is none', () => ({ body: 'f' }), undefined],
  [
    'an archive of directories alone',
    (tar) => ({ body: Buffer.concat([tar.subarray(0, 512), Buffer.alloc(1024)]) }),
    undefined,
  ],
  ['an archive that was cut', (tar) => ({ body: tar.subarray(0, 1600) }), undefined],
  ['a time that is none', () => ({ body: 'f', headers: { 'last-modified': 'yesterday' } }), undefined],
  [
    'a time before 1970',
    () => ({ body: 'f', headers: { 'last-modified': 'Mon, 20 Jun 1955 01:02:03 GMT' } }),
    -458_693_877,
  ],
];
for (const [what, file, time] of files) {
  test(`the time of ${what}: ${time ?? 'none'}`, async () => {
    await using rig = await RemoteRig.open();
    await using web = await startWebServer([['/f', file(await packed(join(rig.dir, 'packed')))]]);
    const run = rig.run();
    const source = sourceOf(`http://${web.host}/f`);
    assert.equal(await run.times.of(source, await run.resolve(source, never), never), time);
  });
}

test('the time of a commit is fetched once, and known from then on', needs('git'), async () => {
  await using rig = await RemoteRig.open();
  const path = join(rig.dir, 'served', 'app.git');
  const first = await repository(path, { a: 'one' });
  await git(path, 'tag', '--annotate', '--message', 'm', 'v1');
  await using web = await startWebServer([], join(rig.dir, 'served'));
  const source = sourceOf(`http://${web.host}/git/app.git#v1`);
  const pin = await rig.run().resolve(source, never);
  assert.deepEqual(pin, { type: 'git', commit: first });
  assert.equal(await rig.run().times.of(source, pin, never), commitTime);
  await rm(path, { recursive: true });
  assert.equal(await rig.run().times.of(source, pin, never), commitTime);
});
