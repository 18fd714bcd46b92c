import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { type UpperDiffOptions, upperDiff } from '../../src/layer/diff.ts';
import type { LayerInput } from '../../src/layer/layer-input.ts';
import { Tree } from '../../src/layer/tree.ts';
import { needs } from '../support/needs.ts';
import { before, brief, cases } from './diff-cases.ts';
import { directory, input, signal } from './entries.ts';
import { type MountedOverlay, mountOverlay } from './overlay.ts';

const overlays = needs('linux', 'root', 'mount', 'mknod');

async function difference(overlay: MountedOverlay, options: Partial<UpperDiffOptions> = {}): Promise<LayerInput[]> {
  const { upper, merged, lower } = overlay;
  const entries: LayerInput[] = [];
  for await (const entry of upperDiff({ upper, merged, lower, ...options }, signal)) entries.push(entry);
  return entries;
}

function run(overlay: MountedOverlay, script: string): void {
  execFileSync('sh', ['-ec', `umask 022; ${script}`], { cwd: overlay.merged });
}

for (const [title, script, want] of cases) {
  test(`upperDiff() of ${title}`, overlays, async () => {
    await using overlay = await mountOverlay(before);
    run(overlay, script);
    assert.deepEqual((await difference(overlay)).map(brief), want);
  });
}

test('upperDiff() of a copied-up file whose second name was not touched', overlays, async () => {
  await using overlay = await mountOverlay(before);
  run(overlay, 'echo more >> h1');
  // Without index=on an overlay parts the names, and the other one is as it was.
  assert.deepEqual((await difference(overlay)).map(brief), ['file h1']);
});

test('upperDiff() gives parents their own metadata', overlays, async () => {
  await using overlay = await mountOverlay(before);
  run(overlay, 'echo n > tmp/n; touch -d @1500000000 tmp/n tmp');
  assert.deepEqual(await difference(overlay), [
    directory('tmp', { mode: 0o1777, mtime: 1_500_000_000 }),
    {
      type: 'file',
      path: 'tmp/n',
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtime: 1_500_000_000,
      size: 2,
      sourcePath: `${overlay.upper}/tmp/n`,
    },
  ]);
});

test('upperDiff() sees a socket in place of a file as removed', overlays, async () => {
  await using overlay = await mountOverlay(before);
  const server = `const s = require('net').createServer().listen(process.argv[1], () => { process.exit(); })`;
  run(overlay, 'rm d/f');
  execFileSync(process.execPath, ['-e', server, `${overlay.merged}/d/f`]);
  execFileSync(process.execPath, ['-e', server, `${overlay.merged}/d/s`]);
  assert.deepEqual((await difference(overlay)).map(brief), ['directory d', 'whiteout d/f']);
});

const capability = { 'security.capability': 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=' };
const attributes = needs('linux', 'root', 'mount', 'setcap', 'setfattr', 'getfattr');

test('upperDiff() sees capabilities, and attributes only where asked for', attributes, async () => {
  await using overlay = await mountOverlay([input('f'), input('g'), input('same', '', { xattrs: capability })]);
  run(
    overlay,
    'setcap cap_net_raw+ep f; setfattr -n user.a -v x g; touch -d @0 f g; touch -d @1 same; touch -d @0 same',
  );
  const [capable, ...others] = await difference(overlay);
  assert.deepEqual([brief(capable!), 'xattrs' in capable! && capable.xattrs, others], ['file f', capability, []]);
  const all = await difference(overlay, { xattrs: ['capability', 'user'] });
  assert.deepEqual(
    all.map((entry) => [entry.path, 'xattrs' in entry ? entry.xattrs : undefined]),
    [
      ['f', capability],
      ['g', { 'user.a': 'eA==' }],
    ],
  );
});

test('upperDiff() takes owners from who knows them', overlays, async () => {
  await using overlay = await mountOverlay([input('f', 'one'), input('g')]);
  run(overlay, 'touch -d @1 f; touch -d @0 f; echo n > n');
  const ownerOf = (path: string, onDisk: { uid: number; gid: number }) => (path === 'f' ? { uid: 7, gid: 8 } : onDisk);
  const owners = (await difference(overlay, { ownerOf })).map(
    (entry) => 'uid' in entry && [entry.path, entry.uid, entry.gid],
  );
  assert.deepEqual(owners, [
    ['f', 7, 8],
    ['n', 0, 0],
  ]);
});

test('upperDiff() does not take for removed what could not be unpacked', overlays, async () => {
  await using overlay = await mountOverlay([directory('dev'), input('dev/f')]);
  const device = {
    type: 'char-device',
    path: 'dev/null',
    mode: 0o666,
    uid: 0,
    gid: 0,
    mtime: 0,
    major: 1,
    minor: 3,
  } as const;
  const lower = overlay.lower.apply([device, { ...device, path: 'dev/zero' }]);
  run(overlay, 'rm dev/f');
  const lacksDevices = true;
  assert.deepEqual((await difference(overlay, { lower, lacksDevices })).map(brief), [
    'directory dev',
    'whiteout dev/f',
  ]);
});

test('upperDiff() takes for removed what stands where a device was that could not be unpacked', overlays, async () => {
  await using overlay = await mountOverlay([directory('d'), input('d/f'), input('d/link'), input('d/stays')]);
  const device = { type: 'char-device', mode: 0o666, uid: 0, gid: 0, mtime: 0, major: 1, minor: 3 } as const;
  const below = Tree.of([
    [
      { ...device, path: 'd/f' },
      { ...device, path: 'd/n' },
      { type: 'hardlink', path: 'd/link', target: 'd/f' },
    ],
  ]);
  const lower = below.apply(
    [...overlay.lower.walk()].map(({ path, entry }) => ({ ...entry, path })).filter(({ path }) => path !== ''),
  );
  run(overlay, 'rm d/f d/link');
  const options = { lower: lower.apply([{ type: 'hardlink', path: 'd/m', target: 'd/n' }]), lacksDevices: true };
  assert.deepEqual((await difference(overlay, options)).map(brief), ['directory d', 'whiteout d/f', 'whiteout d/link']);
});

test('upperDiff() does not take a device 0/0 for removed: nobody unpacks it', overlays, async () => {
  await using overlay = await mountOverlay([directory('d'), input('d/f')]);
  const owned = { mode: 0o666, uid: 0, gid: 0, mtime: 0 };
  const lower = overlay.lower.apply([{ type: 'char-device', path: 'd/zero', ...owned, major: 0, minor: 0 }]);
  run(overlay, 'rm d/f');
  assert.deepEqual((await difference(overlay, { lower })).map(brief), ['directory d', 'whiteout d/f']);
});
