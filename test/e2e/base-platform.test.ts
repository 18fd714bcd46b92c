/** A base image that says it is for another platform: a warning of the build, or a mistake where `# check=error=true` says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaintsIn } from '../support/complaints.ts';
import { Rig } from '../support/rig.ts';

const rule = 'InvalidBaseImagePlatform';

/** The Dockerfile, more words, the status, and how often a build that succeeds tells the rule. */
const rows: Readonly<Record<string, readonly [text: string, args: readonly string[], status: number, told: number]>> = {
  'a base for the platform': ['FROM it:1\n', ['--platform=linux/arm64'], 0, 0],
  'a base for another one': ['FROM it:1\n', [], 0, 1],
  'a base that COPY --from names': ['FROM scratch\nCOPY --from=it:1 /a /b\n', [], 0, 0],
  'two stages on it': ['FROM it:1 AS a\nFROM it:1\nCOPY --from=a /a /b\n', [], 0, 2],
  'a stage on a stage on it': ['FROM it:1 AS a\nFROM a\n', [], 0, 1],
  'a stage on it that nothing needs': ['FROM it:1 AS a\nFROM scratch\nCOPY a /\n', [], 0, 0],
  'a base asked for as it is': ['FROM --platform=linux/arm64 it:1\n', [], 0, 0],
  'a base asked for as another one': ['FROM --platform=linux/riscv64 it:1\n', ['--platform=linux/arm64'], 0, 1],
  'an image without layers': ['FROM empty:1\nCOPY a /\n', [], 0, 0],
  'the rule left out': [`# check=skip=${rule}\nFROM it:1\n`, [], 0, 0],
  'all rules left out': ['# check=skip=all\nFROM it:1\n', [], 0, 0],
  'a finding that is an error': ['# check=error=true\nFROM it:1\n', [], 4, 0],
  'an error by the argument': ['FROM it:1\n', ['--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=error=true'], 4, 0],
  'the rule left out among errors': [`# check=error=true;skip=${rule}\nFROM it:1\n`, [], 0, 0],
  'a comment above the FROM': [`# check=error=true\n\n# check=skip=${rule}\nFROM it:1\n`, [], 4, 0],
};

test('a build tells of a base for another platform', async (t) => {
  await using rig = await Rig.setup({ files: { a: 'a' } });
  const build = (input: string, ...args: readonly string[]) =>
    rig.cip('build-image', '.', '-f', '-', ...args, { input });
  assert.equal((await build('FROM scratch\nCOPY a /a\n', '--platform=linux/arm64', '-t', 'it:1')).status, 0);
  assert.equal((await build('FROM scratch\nENV A=b\n', '--platform=linux/arm64', '-t', 'empty:1')).status, 0);
  for (const [title, [text, args, status, told]] of Object.entries(rows)) {
    await t.test(title, async () => {
      const outcome = await build(text, '--platform=linux/s390x', ...args);
      assert.equal(outcome.status, status, outcome.stderr);
      const line = text.split('\n').indexOf('FROM it:1') + 1;
      if (status === 4) return assert.deepEqual(complaintsIn(outcome.stderr), [`lint-violation <stdin>:${line}:1`]);
      const said = outcome.stderr.match(new RegExp(`${rule}: the image \\w+:1 is for linux/arm64`, 'g')) ?? [];
      assert.equal(said.length, told);
    });
  }
});
