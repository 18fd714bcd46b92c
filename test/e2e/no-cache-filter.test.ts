/** `--no-cache-filter STAGE`: steps of that stage run anew, the others only where what they stand on came out otherwise. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const copies = [
  'FROM scratch AS below',
  'COPY <<below /below',
  'a text',
  'below',
  'FROM below AS Middle',
  'COPY <<middle /middle',
  'a text',
  'middle',
  'FROM middle',
  'COPY <<above /above',
  'a text',
  'above',
  'COPY --from=below /below /copy',
  '',
].join('\n');

const all = ['below', 'middle', 'above', 'copy'];

/** The stages given, and the steps that run once all have run before. Add a row for each way to name a stage. */
const rows: readonly [given: readonly string[], ran: readonly string[]][] = [
  [[], []],
  [['below'], ['below']],
  [['middle'], ['middle']],
  [['MIDDLE'], ['middle']],
  [['1'], ['middle']],
  [['2'], ['above', 'copy']],
  [['below,middle'], ['below', 'middle']],
  [
    ['below', '2'],
    ['below', 'above', 'copy'],
  ],
];

/** What the steps that were run make, in their order. */
async function ran(rig: Rig, ...args: readonly string[]): Promise<readonly string[]> {
  const { status, stderr } = await rig.cip('build-image', 'c', '--progress=json', ...args);
  assert.equal(status, 0, stderr);
  const events = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly type: string; readonly name?: string });
  return events.flatMap(({ type, name }) =>
    type === 'step-started' && name?.includes('COPY') ? (/[a-z]+$/.exec(name)?.[0] ?? '') : [],
  );
}

test('steps of stages, by their names and numbers', async () => {
  await using rig = await Rig.setup({ files: { 'c/Dockerfile': copies } });
  assert.deepEqual([...(await ran(rig))].sort(), [...all].sort());
  for (const [given, want] of rows) {
    const flags = given.flatMap((stage) => ['--no-cache-filter', stage]);
    assert.deepEqual([...(await ran(rig, ...flags))].sort(), [...want].sort(), given.join(' '));
  }
});

const runs = [
  'FROM scratch AS base',
  'COPY --chmod=755 busybox /bin/busybox',
  'FROM base AS dice',
  'RUN ["/bin/busybox", "sh", "-c", "echo $RANDOM$RANDOM$RANDOM > /thrown"]',
  'FROM dice AS above',
  'RUN ["/bin/busybox", "cp", "/thrown", "/copied"]',
  'FROM scratch',
  'COPY --from=dice /thrown /a',
  'COPY --from=above /copied /b',
  '',
].join('\n');

test(
  'what stands on a step that gave something else is made of that',
  needs('busybox', 'user namespaces'),
  async () => {
    await using rig = await Rig.setup({ files: { 'c/Dockerfile': runs, 'c/busybox': await readFile('/bin/busybox') } });
    const digest = async (...args: readonly string[]) => {
      const { status, stdout, stderr } = await rig.cip('build-image', 'c', '-q', ...args);
      assert.equal(status, 0, stderr);
      return stdout.trim();
    };
    const first = await digest();
    assert.equal(await digest(), first);
    assert.equal(await digest('--no-cache-filter', 'above'), first);
    const second = await digest('--no-cache-filter', 'dice');
    assert.notEqual(second, first);
    assert.equal(await digest(), second);
    await rig.cip('build-image', 'c', '-q', '--target', 'above', '-t', 'above:1');
    const { stdout } = await rig.cip('build-image', 'c', '-o', 'type=tar,dest=-', '-q');
    assert.equal(fileIn(stdout, 'a'), fileIn(stdout, 'b'));
  },
);

/** The first block of a file in a tar of short texts. */
function fileIn(tar: string, name: string): string {
  const at = tar.indexOf(`${name}${'\0'.repeat(50)}`);
  return tar.slice(at + 512, at + 1024).replaceAll('\0', '');
}

test('a stage that is not there', async () => {
  await using rig = await Rig.setup({
    files: {
      'c/Dockerfile': copies,
      'contexts/00-a/Dockerfile': copies,
      'contexts/00-a/info.edn': '{:version "1.0.0"}\n',
    },
  });
  for (const words of ['build-image c', 'build']) {
    const { status, stderr } = await rig.cip(...words.split(' '), '--no-cache-filter', 'midle');
    assert.deepEqual([status, complaintsIn(stderr)], [2, ['unknown-stage']], words);
    assert.match(stderr, /did you mean "?Middle/i);
  }
});

test('a project: every image is looked at again, and steps of that stage run', async () => {
  await using rig = await Rig.setup({
    files: { 'contexts/00-a/Dockerfile': copies, 'contexts/00-a/info.edn': '{:version "1.0.0"}\n' },
  });
  const first = await rig.cip('build');
  assert.equal(first.status, 0, first.stderr);
  const second = await rig.cip('build', '--no-cache-filter', 'middle', '--progress=json');
  assert.equal(second.status, 0, second.stderr);
  assert.equal(second.stderr.split('"step-started"').length - 1, 1);
});
