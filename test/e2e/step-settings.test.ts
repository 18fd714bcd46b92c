/** `--add-host`, `--hostname`, `--network`, `--shm-size` and `--ulimit` for images of a project: in steps, and in keys. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const copies = {
  'contexts/00-base/Dockerfile': 'FROM scratch\nCOPY a /a\n',
  'contexts/00-base/info.edn': '{:version "1.0.0"}',
  'contexts/00-base/a': 'a',
};

const given = ['--hostname=box', '--add-host=db:192.0.2.7', '--shm-size=32m', '--ulimit=nofile=100:200'];

/** Options after those above → why the image is built, if it is. The last of two on one thing counts. */
const rows: readonly (readonly [options: readonly string[], want: string])[] = [
  [given, 'up-to-date '],
  [[...given, '--network=host'], 'build --network'],
  [[...given, '--network=default'], 'up-to-date '],
  [[...given, '--hostname=other'], 'build --hostname'],
  [given.slice(1), 'build --hostname'],
  [given.map((word) => word.replace('192.0.2.7', '192.0.2.8')), 'up-to-date '],
  [given.map((word) => word.replace('db', 'DB')), 'up-to-date '],
  [[...given, '--add-host=www:192.0.2.8'], 'build --add-host www'],
  [given.map((word) => word.replace('32m', '32768k')), 'up-to-date '],
  [given.map((word) => word.replace('32m', '64m')), 'build --shm-size'],
  [given.map((word) => word.replace('200', '300')), 'build --ulimit nofile'],
  [[...given, '--ulimit=core=0'], 'build --ulimit core'],
  [[...given, '--network=none'], 'build --network'],
  [[], 'build --add-host db --hostname --shm-size --ulimit nofile'],
];

test('another setting builds an image anew, but not another address of a host', async () => {
  await using rig = await Rig.setup({ files: copies });
  const { status, stderr } = await rig.cip('build', ...given);
  assert.equal(status, 0, stderr);
  for (const [options, want] of rows) {
    const { stdout, stderr: said } = await rig.cip('plan', '--json', ...options);
    assert.notEqual(stdout, '', said);
    const { images } = JSON.parse(stdout) as { images: { action: string; reasons: { name?: string }[] }[] };
    const told = images.map(({ action, reasons }) => `${action} ${reasons.map(({ name = '' }) => name).join(' ')}`);
    assert.deepEqual(told, [want], options.join(' '));
  }
  const { stdout } = await rig.cip('why', ...given, '--shm-size=64m');
  assert.match(stdout, /--shm-size/);
});

const sees = [
  'test "$(/busybox hostname)" = box',
  '/busybox grep "192.0.2.7.*db" /etc/hosts',
  'test "$(ulimit -Sn) $(ulimit -Hn)" = "100 200"',
  'test "$(/busybox df -k /dev/shm | /busybox tail -n 1 | /busybox awk \'{ print $2 }\')" = 32768',
  'test "$(/busybox ls /sys/class/net)" = lo',
].join(' && ');

test('steps of a project have the settings', needs('busybox', 'user namespaces'), async () => {
  const files = {
    'contexts/00-base/Dockerfile': `FROM scratch\nCOPY --chmod=755 busybox /busybox\nRUN ${JSON.stringify(['/busybox', 'sh', '-c', sees])}\n`,
    'contexts/00-base/info.edn': '{:version "1.0.0"}',
    'contexts/00-base/busybox': await readFile('/bin/busybox'),
  };
  await using rig = await Rig.setup({ files });
  const all = [...given, '--network=none'];
  assert.equal((await rig.cip('build', ...all.slice(1))).status, 1);
  const built = await rig.cip('build', ...all);
  assert.equal(built.status, 0, built.stderr);
  const again = await rig.cip('build', ...all, '--json');
  assert.match(again.stdout, /up-to-date/);
});
