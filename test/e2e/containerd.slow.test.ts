/** What the README says of containerd, with the real one. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { needs } from '../support/needs.ts';
import { bin } from '../support/paths.ts';
import { Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';

const exec = promisify(execFile);

/** A containerd with all that it has in the directory, and its socket at `socket` there. */
async function containerdIn(directory: string): Promise<AsyncDisposable & { readonly socket: string }> {
  const socket = join(directory, 'socket');
  const config = join(directory, 'config.toml');
  const without = [
    'io.containerd.grpc.v1.cri',
    'io.containerd.snapshotter.v1.btrfs',
    'io.containerd.snapshotter.v1.zfs',
  ];
  await writeFile(
    config,
    `version = 2
root = "${join(directory, 'root')}"
state = "${join(directory, 'state')}"
disabled_plugins = ${JSON.stringify(without)}
[grpc]
address = "${socket}"
`,
  );
  const server = spawn('containerd', ['--config', config], { stdio: 'ignore' });
  for (let tries = 0; !(await answers(socket)); tries += 1) {
    if (tries > 100 || server.exitCode !== null) throw new Error(`containerd does not start (${server.exitCode})`);
    await delay(100);
  }
  return {
    socket,
    async [Symbol.asyncDispose]() {
      const gone = once(server, 'exit');
      server.kill('SIGTERM');
      await gone;
    },
  };
}

async function answers(socket: string): Promise<boolean> {
  return await exec('ctr', ['-a', socket, '--connect-timeout', '1s', 'version']).then(
    () => true,
    () => false,
  );
}

test(
  'containerd takes the archive for Docker, of one platform and of two',
  needs('linux', 'root', 'containerd'),
  async () => {
    await using rig = await Rig.setup({ files: { Dockerfile: 'FROM scratch\nCOPY f /f\n', f: 'f' } });
    await using temp = await tempDir();
    await using server = await containerdIn(temp.path);
    const platforms = { 'example.com/one:1': 'linux/amd64', 'example.com/two:1': 'linux/amd64,linux/arm64' };
    for (const [name, platform] of Object.entries(platforms)) {
      const words = [process.execPath, bin, 'build-image', rig.project, '-t', name, '--platform', platform];
      const line = '"$@" -o type=docker,dest=- | ctr -a "$SOCKET" images import -';
      await exec('sh', ['-c', line, 'sh', ...words], {
        env: { ...process.env, SOCKET: server.socket, CIP_STORE: rig.store },
      });
    }
    const ctr = async (...args: string[]) => (await exec('ctr', ['-a', server.socket, 'images', ...args])).stdout;
    assert.deepEqual((await ctr('ls', '-q')).trim().split('\n').sort(), Object.keys(platforms));
    const lines = (await ctr('check')).trim().split('\n').slice(1);
    for (const line of lines) assert.match(line, / complete \(2\/2\) .* true$/);
    const { stdout } = await rig.cip(
      'build-image',
      '.',
      '-t',
      'example.com/two:1',
      '--platform',
      platforms['example.com/two:1'],
      '--metadata-file',
      'meta',
      '-o',
      'type=docker,dest=x.tar',
    );
    assert.match(stdout, /^example\.com\/two:1@/);
    const { 'containerimage.digest': digest } = JSON.parse(await rig.read('meta'));
    assert.match(await ctr('ls'), new RegExp(`two:1 .*${digest}`));
  },
);
