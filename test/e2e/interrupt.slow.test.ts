/** SIGINT and SIGTERM in the middle of a step: cip ends at once with the status of the signal, and nothing is left. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { complaintsIn } from '../support/complaints.ts';
import { leftovers, strayFiles } from '../support/leftovers.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const options = needs('root', 'busybox', 'user namespaces');

/** Sleeps while its build context says so, with a child in a session of its own. */
function filesOf(seconds: number) {
  return {
    'contexts/00-base/Dockerfile':
      'FROM scratch\nCOPY --chmod=755 busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n' +
      'COPY seconds /\nRUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/m \\\n' +
      '  echo begun; setsid sleep $(cat /seconds) & trap "" INT TERM HUP; sleep $(cat /seconds); wait\n',
    'contexts/00-base/info.edn': '{:version "1.0.0"}\n',
    'contexts/00-base/seconds': `${seconds}\n`,
    'contexts/01-web/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\n',
    'contexts/01-web/info.edn': '{:version "1.0.0"}\n',
  };
}

/** A line of its own in any case. */
function farewell(signal: NodeJS.Signals, progress: 'plain' | 'json'): RegExp {
  const words = `cip: stopped by ${signal}`;
  return new RegExp(progress === 'json' ? `^\\{.*"message":"${words}"\\}$` : `^${words}$`, 'm');
}

for (const [signal, wanted] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  for (const progress of ['plain', 'json'] as const) {
    test(`${signal} with --progress=${progress}: exit ${wanted}`, options, async () => {
      await using rig = await Rig.setup({ files: filesOf(3617) });
      await rig.write({ 'contexts/00-base/busybox': await readFile('/bin/busybox') });
      const marker = basename(join(rig.project, '..'));
      let sent = 0;
      const args = ['build', '-vv', '-k', `--progress=${progress}`];
      const { status, stdout, stderr } = await rig.cip(...args, {
        onStart: (child) => {
          let said = '';
          child.stderr?.on('data', (text: string) => {
            said += text;
            if (sent > 0 || !/\bbegun(\\n|")?/.test(said.replaceAll(/echo begun/g, ''))) return;
            sent = performance.now();
            child.kill(signal);
          });
        },
      });
      const took = performance.now() - sent;
      assert.deepEqual(
        { status, stdout, told: complaintsIn(stderr) },
        { status: wanted, stdout: '', told: [] },
        stderr,
      );
      assert.ok(sent > 0 && took < 3000, `took ${Math.round(took)} ms`);
      assert.match(stderr, farewell(signal, progress));
      assert.deepEqual(await leftovers(marker, new Set(), 0), []);
      assert.deepEqual(await leftovers('sleep\u00003617', new Set(), 0), []);
      assert.deepEqual(await strayFiles(rig.store), []);

      await rig.write({ 'contexts/00-base/seconds': '0\n' });
      const next = await rig.cip('build');
      assert.equal(next.status, 0, next.stderr);
      assert.deepEqual(await leftovers(marker, new Set(), 0), []);
      assert.deepEqual(await strayFiles(rig.store), []);
    });
  }
}

for (const progress of ['plain', 'json'] as const) {
  test(
    `SIGTERM while a step prints a line without an end, with --progress=${progress}: exit 143`,
    options,
    async () => {
      const endless = 'RUN echo begun; yes | tr -d "\\n"';
      const dockerfile = filesOf(0)['contexts/00-base/Dockerfile'].replace(/COPY seconds.*/s, `${endless}\n`);
      await using rig = await Rig.setup({ files: { ...filesOf(0), 'contexts/00-base/Dockerfile': dockerfile } });
      await rig.write({ 'contexts/00-base/busybox': await readFile('/bin/busybox') });
      const marker = basename(join(rig.project, '..'));
      let heard = 0;
      const { status, stderr } = await rig.cip('build', '-vv', `--progress=${progress}`, {
        onStart: (child) => {
          child.stderr?.on('data', (text: string) => {
            // Once, in the middle of it.
            if (heard < 20e6 && heard + text.length >= 20e6) child.kill('SIGTERM');
            heard += text.length;
          });
        },
      });
      assert.equal(status, 143, stderr.slice(-2000));
      assert.match(stderr.slice(-2000), farewell('SIGTERM', progress));
      // What had been said by then, and what was on its way: no program that is asked to end says much more.
      assert.ok(heard < 500e6, `${heard} characters`);
      assert.deepEqual(await leftovers(marker, new Set(), 0), []);
      assert.deepEqual(await strayFiles(rig.store), []);
    },
  );
}
