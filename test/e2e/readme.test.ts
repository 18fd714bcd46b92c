/** The commands of the README, run as they stand there; only `npm ci` is left out, which has been run to be here. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { needs } from '../support/needs.ts';
import { root } from '../support/paths.ts';
import { Rig } from '../support/rig.ts';

const exec = promisify(execFile);
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** Code blocks of a language, in order. */
function blocks(language: string): string[] {
  return [...readme.matchAll(/```(\w*)\n(.*?)```/gs)].flatMap(([, name, text]) => (name === language ? [text!] : []));
}

const [first = '', second = ''] = blocks('sh')[0]!
  .trim()
  .split('\n')
  .map((line) => line.replace(/\s*#.*/, ''));

test(
  'the first command builds all images of the example, and the second time none',
  needs('linux', 'user namespaces'),
  async () => {
    await using rig = await Rig.setup();
    assert.match(first, /^npm ci && bin\/cip\.js build /);
    const run = () =>
      exec('sh', ['-c', first.replace('npm ci && ', '')], { cwd: root, env: { ...process.env, CIP_STORE: rig.store } });
    const images = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => line.replace(/^.*\/|@sha256:[0-9a-f]{64}$/g, ''));
    assert.deepEqual(images((await run()).stdout).sort(), [
      'base:1.0.0',
      'counter:1.0.0',
      'greeter:1.0.0',
      'newsletter:1.0.0',
      'settings:1.0.0',
      'site:1.0.0',
    ]);
    const again = await run();
    assert.deepEqual([again.stdout, /6 up to date/.test(again.stderr)], ['', true]);
  },
);

test('the second command is what CI runs, and a script of the package', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  assert.match(second, /^npm ci && npm run check$/);
  assert.match(scripts['check'] ?? '', /npm test$/);
  assert.ok(readFileSync(join(root, '.ci', 'run'), 'utf8').includes(`/^${second}$/p`));
});

const commands = new Set(
  [
    ...readme.matchAll(
      /(?:`|npx container-image-pipelines |run: npx container-image-pipelines )(?:cip )?([a-z][a-z-]+)/g,
    ),
  ].flatMap(([text, name]) => (/cip |pipelines /.test(text) ? [name!] : [])),
);

test('the README speaks of commands', () => {
  for (const name of ['build', 'publish', 'check', 'cascade', 'doctor']) assert.ok(commands.has(name), name);
});

for (const name of commands) {
  test(`a command of the README is one of the program: ${name}`, async () => {
    await using rig = await Rig.setup();
    const { status, stdout } = await rig.cip(name, '--help');
    assert.deepEqual([status, stdout.includes(name)], [0, true]);
  });
}
