import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Chalk } from 'chalk';
import { type Folding, foldingOf, PlainRenderer } from '../../../src/cli/render/plain.ts';
import type { ProgressEvent } from '../../../src/progress.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** What is written for these events; a number lets so many milliseconds pass. */
async function written(
  steps: readonly (ProgressEvent | number)[],
  { verbose = 0, folding }: { verbose?: number; folding?: Folding } = {},
): Promise<string[]> {
  mock.timers.enable({ apis: ['setInterval'] });
  let text = '';
  let time = 0;
  const renderer = new PlainRenderer({
    write: (part) => {
      text += part;
    },
    now: () => time,
    colors: new Chalk({ level: 0 }),
    verbose,
    folding,
    heartbeat: 30_000,
  });
  try {
    for (const step of steps) {
      if (typeof step === 'number') {
        time += step;
        mock.timers.tick(step);
      } else renderer.emit(step);
    }
    await renderer.close();
    mock.timers.tick(120_000);
  } finally {
    mock.timers.reset();
  }
  return text.split('\n').slice(0, -1);
}

const started: ProgressEvent = {
  type: 'image-started',
  image: 'web',
  platforms: ['linux/amd64', 'linux/arm64'],
  why: 'new',
};
const step = { image: 'web', step: 's1' } as const;
const stepStarted: ProgressEvent = { type: 'step-started', ...step, platform: 'linux/amd64', name: '[2/3] RUN make' };
const output = (text: string): ProgressEvent => ({ type: 'step-output', ...step, stream: 'stdout', text });
const failed: ProgressEvent = { type: 'image-failed', image: 'web', message: 'RUN exited with 2' };

const cases: [
  title: string,
  steps: (ProgressEvent | number)[],
  options: Parameters<typeof written>[1],
  want: string[],
][] = [
  [
    'one header and one closing line per image',
    [
      started,
      stepStarted,
      output('compiling\n'),
      { type: 'step-finished', ...step, duration: 1 },
      { type: 'image-finished', image: 'web', digest, duration: 3140 },
    ],
    {},
    ['[web] start linux/amd64 linux/arm64: new', '[web] ok 3.1s sha256:0123456789ab'],
  ],
  [
    'what is skipped says why',
    [{ type: 'image-skipped', image: 'jq', why: 'same content' }],
    {},
    ['[jq] skip: same content'],
  ],
  [
    'pushed references',
    [{ type: 'image-pushed', image: 'web', reference: 'r/web:1.0.0', digest }],
    {},
    ['[web] copied to r/web:1.0.0 sha256:0123456789ab'],
  ],
  [
    'notices and warnings, of an image or of none',
    [
      { type: 'notice', message: 'n' },
      { type: 'warning', image: 'web', message: 'w' },
    ],
    {},
    ['n', '[web] warning: w'],
  ],
  [
    'a failure has the time it took',
    [started, 1500, failed],
    {},
    ['[web] start linux/amd64 linux/arm64: new', '[web] FAILED 1.5s: RUN exited with 2'],
  ],
  [
    'a sign of life every 30 seconds, with the step that runs, and none after the end',
    [
      started,
      10_000,
      stepStarted,
      20_000,
      30_000,
      { type: 'image-finished', image: 'web', digest, duration: 60_000 },
      60_000,
    ],
    {},
    [
      '[web] start linux/amd64 linux/arm64: new',
      '… 1 running: web 30s, [2/3] RUN make',
      '… 1 running: web 1m00s, [2/3] RUN make',
      '[web] ok 1m00s sha256:0123456789ab',
    ],
  ],
  [
    'verbose: steps and whole lines of their output',
    [
      started,
      { type: 'step-cached', ...step, step: 's0', platform: 'linux/amd64', name: '[1/3] FROM base' },
      stepStarted,
      output('one\ntw'),
      output('o\r\n10%\r100%\nthree'),
      { type: 'step-finished', ...step, duration: 2000 },
    ],
    { verbose: 1 },
    [
      '[web] start linux/amd64 linux/arm64: new',
      '[web linux/amd64] [1/3] FROM base cached',
      '[web linux/amd64] [2/3] RUN make',
      '[web linux/amd64] | one',
      '[web linux/amd64] | two',
      '[web linux/amd64] | 100%',
      '[web linux/amd64] | three',
      '[web linux/amd64] [2/3] RUN make done 2.0s',
    ],
  ],
  [
    'GitHub: what the failed step said, folded',
    [started, stepStarted, output('one\ntwo'), failed],
    { folding: 'github' },
    [
      '[web] start linux/amd64 linux/arm64: new',
      '[web] FAILED 0.0s: RUN exited with 2',
      '::group::[web linux/amd64] [2/3] RUN make',
      '| one',
      '| two',
      '::endgroup::',
    ],
  ],
  [
    'GitHub: what would be commands to its runner',
    [started, stepStarted, output('::add-mask::a\n  ::error::b\n##[group]c\n'), failed],
    { folding: 'github' },
    [
      '[web] start linux/amd64 linux/arm64: new',
      '[web] FAILED 0.0s: RUN exited with 2',
      '::group::[web linux/amd64] [2/3] RUN make',
      '| ::add-mask::a',
      '|   ::error::b',
      '| ## [group]c',
      '::endgroup::',
    ],
  ],
  [
    'output that would steer a terminal',
    [
      started,
      stepStarted,
      output('\u001b[31mred\u001b[0m \u001b]0;title\u0007\u009b2Jx\u0008\u202ey\u001b(B\n'),
      failed,
    ],
    { verbose: 1 },
    [
      '[web] start linux/amd64 linux/arm64: new',
      '[web linux/amd64] [2/3] RUN make',
      String.raw`[web linux/amd64] | red x\u0008\u202ey`,
      '[web] FAILED 0.0s: RUN exited with 2',
    ],
  ],
  [
    'GitLab: what the failed step said, folded',
    [started, stepStarted, 5000, output('one\n'), failed],
    { folding: 'gitlab' },
    [
      '[web] start linux/amd64 linux/arm64: new',
      '[web] FAILED 5.0s: RUN exited with 2',
      '\u001b[0Ksection_start:5:cip_web_linux_amd64_2_3_run_make[collapsed=true]\r\u001b[0K[web linux/amd64] [2/3] RUN make',
      'one',
      '\u001b[0Ksection_end:5:cip_web_linux_amd64_2_3_run_make\r\u001b[0K',
    ],
  ],
];
for (const [title, steps, options, want] of cases) {
  test(`plain progress: ${title}`, async () => assert.deepEqual(await written(steps, options), want));
}

test('plain progress: of a long step the end is kept', async () => {
  const lines = Array.from({ length: 500 }, (_, index) => `line ${index}\n`);
  const text = await written([started, stepStarted, ...lines.map(output), failed], { folding: 'github' });
  assert.equal(text.length, 2 + 200 + 2);
  assert.equal(text.at(-2), '| line 499');
  assert.equal(text[3], '| line 300');
});

const ci: [env: Record<string, string>, want: Folding | undefined][] = [
  [{ GITHUB_ACTIONS: 'true' }, 'github'],
  [{ GITLAB_CI: 'true' }, 'gitlab'],
  [{ CI: 'true' }, undefined],
];
for (const [env, want] of ci) {
  test(`foldingOf() ${JSON.stringify(env)}`, () => assert.equal(foldingOf(env), want));
}
