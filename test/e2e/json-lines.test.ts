/** `--progress=json`: whatever is said on stderr, and however the command ends, each line is a JSON object. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needs } from '../support/needs.ts';
import { type Files, Rig, type RunOptions } from '../support/rig.ts';

const options = needs('linux', 'user namespaces');

const files: Files = {
  'contexts/00-base/Dockerfile': 'FROM scratch\nCOPY a /a\n',
  'contexts/00-base/info.edn': '{:version "1.0.0" :platforms ["linux/amd64"]}\n',
  'contexts/00-base/a': 'A\n',
  'contexts/01-web/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/base:0.9.0\n',
  'contexts/01-web/info.edn': '{:version "1.0.0" :platforms ["linux/amd64"]}\n',
  'contexts/02-bad/Dockerfile': 'FROM scratch\nCOPY gone /gone\n',
  'contexts/02-bad/info.edn': '{:version "1.0.0" :platforms ["linux/amd64"]}\n',
  'one/Dockerfile': 'FROM scratch\nCOPY a /a\nCMD a \\\n\nLABEL b=2\n',
  'one/a': 'A\n',
  'slow/Dockerfile': 'FROM 127.0.0.1:1/base\n',
};

interface Row {
  readonly args: readonly string[];
  readonly more?: RunOptions;
  readonly status: number;
  /** Types of lines that are to be there; with a dot, the reason of a failure. */
  readonly has: readonly string[];
}

const json = '--progress=json';
const rows: Readonly<Record<string, Row>> = {
  'a build, with a warning': {
    args: ['build', 'base', json, '--', '--build-arg', 'WHO=me'],
    status: 0,
    has: ['warning.unused-build-argument', 'run-started', 'image-finished', 'message'],
  },
  'a build that fails': { args: ['build', 'bad', json], status: 4, has: ['error.copy-source-missing'] },
  'a build of what is behind': { args: ['build', 'web', json], status: 3, has: ['error.stale-reference'] },
  'a selector that is none': { args: ['build', 'nobody', json], status: 2, has: ['error.unknown-selector'] },
  'a dry run': { args: ['build', 'base', '-n', json], status: 0, has: [] },
  'only errors': { args: ['build', 'nobody', '-q', json], status: 2, has: ['error.unknown-selector'] },
  'a plan': { args: ['plan', 'base', json], status: 0, has: [] },
  'a plan that fails': { args: ['plan', 'bad', json], status: 4, has: ['error.copy-source-missing'] },
  'a plan of a publish': {
    args: ['plan', 'publish', 'base', json],
    more: { env: { CIP_REMOTE_REGISTRY: '127.0.0.1:1' } },
    status: 5,
    has: ['error.registry-unreachable'],
  },
  'a publish': {
    args: ['publish', 'base', json, '--remote-registry', '127.0.0.1:1'],
    status: 5,
    has: ['error.registry-unreachable'],
  },
  'a publish without a registry': { args: ['publish', json], status: 2, has: ['error.missing-option'] },
  'a publish to this machine': {
    args: ['publish-locally', 'base', json, '--local-registry', 'HERE'],
    status: 0,
    has: ['image-pushed', 'message'],
  },
  'a copy': { args: ['pull', 'base', json, '--local-registry', 'HERE'], status: 0, has: ['message'] },
  'a check': { args: ['check', json], status: 4, has: ['error.copy-source-missing'] },
  'a cascade': { args: ['cascade', '--check', json], status: 3, has: ['message'] },
  'a graph': { args: ['graph', json], status: 0, has: [] },
  'a doctor': { args: ['doctor', json], status: 0, has: [] },
  'one image': {
    args: ['build-image', 'one', json],
    status: 0,
    has: ['warning.swallowed-instruction', 'image-finished'],
  },
  'one image, of which the tar has standard output': {
    args: ['build-image', 'one', json, '-o', 'type=oci,dest=-'],
    status: 0,
    has: ['message'],
  },
  'one image that fails': {
    args: ['build-image', 'slow', json],
    status: 5,
    has: ['image-failed', 'error.registry-unreachable'],
  },
  'an option that is none': {
    args: ['build', json, '--bogus'],
    status: 2,
    has: ['error.unknown-option'],
  },
  'two mistakes, and JSON in two words': {
    args: ['build', '--progress', 'json', '--bogus', '--jobs=many'],
    status: 2,
    has: ['error.unknown-option', 'error.invalid-option-value'],
  },
  'no command': { args: [json], status: 2, has: ['error.missing-command'] },
  'no command, and JSON by the environment': {
    args: [],
    more: { env: { CIP_PROGRESS: 'json' } },
    status: 2,
    has: ['error.missing-command'],
  },
  'a command that is none, and JSON by the environment': {
    args: ['biuld'],
    more: { env: { CIP_PROGRESS: 'json' } },
    status: 2,
    has: ['error.unknown-command'],
  },
  'a stop': {
    args: ['build-image', '-', json],
    more: {
      through: ['sh', '-c', 'exec "$@" < /dev/zero', 'sh'],
      onStart: (child) => void delay(1000).then(() => child.kill('SIGTERM')),
    },
    status: 143,
    has: ['message'],
  },
};

test('every line of --progress=json is a JSON object', options, async (t) => {
  await using rig = await Rig.setup({ files, registry: true });
  for (const [title, { args, more = {}, status, has }] of Object.entries(rows)) {
    await t.test(title, async () => {
      const words = args.map((word) => (word === 'HERE' ? rig.registry : word));
      const ran = await rig.cip(...words, more);
      const lines = ran.stderr.split('\n').filter((line) => line !== '');
      const found = lines.map((line) => {
        const parsed = JSON.parse(line) as Record<string, string>;
        assert.ok(!Number.isNaN(Date.parse(parsed['time']!)), line);
        assert.equal(typeof parsed['type'], 'string', line);
        return parsed['reason'] === undefined ? parsed['type'] : `${parsed['type']}.${parsed['reason']}`;
      });
      assert.equal(ran.status, status, ran.stderr);
      assert.deepEqual(
        has.filter((one) => !found.includes(one)),
        [],
        ran.stderr,
      );
    });
  }
});

test('a last --progress counts, and none behind the dashes', options, async () => {
  await using rig = await Rig.setup();
  for (const args of [
    ['build', '--bogus', json, '--progress=plain'],
    ['build', '--bogus', '--', json],
  ]) {
    const { stderr } = await rig.cip(...args);
    assert.match(stderr, /^error\[/);
  }
});
