/** Why steps run, of the real program: `build-image --progress=json` after one thing has changed, and the words of `-v`. */
import assert from 'node:assert/strict';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StepWhy } from '../../src/progress.ts';
import { needs } from '../support/needs.ts';
import { type Files, Rig } from '../support/rig.ts';

const lines = [
  'FROM scratch AS one',
  'COPY a.sh /a.sh',
  'ARG PLACE=/d',
  'COPY d $PLACE',
  'FROM scratch',
  'COPY --from=one /d /q',
  'WORKDIR /x',
];

/** The Dockerfile with lines of it replaced. */
function dockerfile(changes: Readonly<Record<number, string>> = {}): Files {
  return { 'c/Dockerfile': `${lines.map((line, at) => changes[at + 1] ?? line).join('\n')}\n` };
}

const files: Files = { ...dockerfile(), 'c/a.sh': 'echo one\n', 'c/d/1': '1\n', 'c/d/2': '2\n' };

interface Row {
  readonly title: string;
  readonly change: (rig: Rig) => Promise<unknown>;
  readonly undo?: (rig: Rig) => Promise<unknown>;
  readonly args?: readonly string[];
  /** Each step that runs: its instruction's first words, the reason and what is named. */
  readonly told: readonly string[];
  readonly words: RegExp;
}

const rows: readonly Row[] = [
  { title: 'nothing', change: async () => {}, told: [], words: /WORKDIR \/x cached/ },
  {
    title: 'the mode of a file',
    change: (rig) => chmod(join(rig.project, 'c/a.sh'), 0o755),
    undo: (rig) => chmod(join(rig.project, 'c/a.sh'), 0o644),
    told: ['COPY a.sh /a.sh: part-changed file a.sh', 'COPY d $PLACE: input-changed input 0'],
    words: /COPY a\.sh \/a\.sh runs again: mode of a\.sh 0644 → 0755$/m,
  },
  {
    title: 'the content of a file, and what takes it from there',
    change: (rig) => rig.write({ 'c/d/1': 'one\n' }),
    told: [
      'COPY d $PLACE: part-changed file d/1',
      'COPY --from=one /d /q: input-changed file d/1,input 1',
      'WORKDIR /x: input-changed input 0',
    ],
    words:
      /COPY --from=one \/d \/q runs again: content of d\/1 [0-9a-f]{12} → [0-9a-f]{12}: \[one 4\/4\] COPY d \$PLACE$/m,
  },
  {
    title: 'a file that is new, one that is gone',
    change: async (rig) => {
      await rig.write({ 'c/d/3': '3\n' });
      await rm(join(rig.project, 'c/d/2'));
    },
    undo: (rig) => rm(join(rig.project, 'c/d/3')),
    told: [
      'COPY d $PLACE: part-changed file d/3,file d/2',
      'COPY --from=one /d /q: input-changed file d/3,input 1,file d/2',
      'WORKDIR /x: input-changed input 0',
    ],
    words:
      /COPY d \$PLACE runs again: d\/3 is new; d\/2 is gone$[\s\S]*WORKDIR \/x runs again: .*: \[one 4\/4\] COPY d/m,
  },
  {
    title: 'a word of an instruction',
    change: (rig) => rig.write(dockerfile({ 2: 'COPY a.sh /b.sh' })),
    told: ['COPY a.sh /b.sh: part-changed destination', 'COPY d $PLACE: input-changed input 0'],
    words: /COPY a\.sh \/b\.sh runs again: it said COPY a\.sh \/a\.sh$/m,
  },
  {
    title: 'an instruction that is new',
    change: (rig) => rig.write(dockerfile({ 7: 'WORKDIR /x\nWORKDIR /y' })),
    told: ['WORKDIR /y: new'],
    words: /WORKDIR \/y runs again: there was no such step$/m,
  },
  {
    title: 'what a build argument stands for',
    change: async () => {},
    args: ['--build-arg', 'PLACE=/d/e'],
    told: [
      'COPY d $PLACE: part-changed destination',
      'COPY --from=one /d /q: input-changed file d/e,file d/e/1,file d/e/2,input 1,file d/1,file d/2',
      'WORKDIR /x: input-changed input 0',
    ],
    words: /COPY d \$PLACE runs again: its destination \/d → \/d\/e$/m,
  },
  {
    title: 'an option',
    change: async () => {},
    args: ['--no-cache-filter', '1'],
    told: ['COPY --from=one /d /q: asked-for', 'WORKDIR /x: asked-for'],
    words: /WORKDIR \/x runs again: asked for by an option$/m,
  },
  {
    title: 'results that were pruned',
    change: async (rig) => void (await rig.cip('cache', 'prune', '--all', '--filter=type=record')),
    told: ['COPY a.sh /a.sh', 'COPY d $PLACE', 'COPY --from=one /d /q', 'WORKDIR /x'].map(
      (one) => `${one}: result-gone`,
    ),
    words: /WORKDIR \/x runs again: its result is not in the store any more$/m,
  },
];

async function build(rig: Rig, args: readonly string[]): Promise<string> {
  const { status, stderr } = await rig.cip('build-image', 'c', ...args);
  assert.equal(status, 0, stderr);
  return stderr;
}

test('build-image says of each step that runs what differs from the run before', needs('linux'), async (t) => {
  for (const { title, change, undo, args = [], told, words } of rows)
    await t.test(title, async () => {
      for (const [at, more] of [['--progress=json'], ['-v']].entries()) {
        await using rig = await Rig.setup({ files });
        await build(rig, []);
        await change(rig);
        const stderr = await build(rig, [...args, ...more]);
        await undo?.(rig);
        if (at === 1) {
          assert.match(stderr, words);
          continue;
        }
        const steps = stderr
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as { readonly type: string; readonly name: string; readonly why?: StepWhy });
        const found = steps.flatMap(({ type, name, why }) =>
          type === 'step-started' && why !== undefined
            ? [`${name.replace(/^\[.*?\] /, '')}: ${[why.reason, why.parts.join(',')].join(' ').trim()}`]
            : [],
        );
        assert.deepEqual(found, told);
      }
    });
});
