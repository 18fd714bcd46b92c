import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chalk } from 'chalk';
import { textMessages } from '../../src/cli/messages.ts';
import { conclude, type FinishedRun, madeIn, reportDocument } from '../../src/cli/report.ts';
import type { World } from '../../src/cli/world.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import type { PlannedImage } from '../../src/orchestrator/plan/plan.ts';
import type { ImageOutcome, ImageResult } from '../../src/orchestrator/run/run-report.ts';
import { ImageName } from '../../src/project/image-name.ts';
import { FailureError } from '../../src/result.ts';

const content = { mediaType: mediaTypes.imageIndex, digest: digestOf('base'), size: 4 };
const failure = { reason: 'run-failed', message: 'RUN exited with 3' } as const;

function result(name: string, outcome: ImageOutcome, action: PlannedImage['action'] = 'build'): ImageResult {
  const image: PlannedImage = {
    name: ImageName.parse(name),
    version: '1.0.0',
    reference: `r/${name}:1.0.0`,
    path: `contexts/${name}`,
    level: 0,
    implied: false,
    action,
    platforms: [],
    dependsOn: [],
    dependents: [],
    tags: [],
    reasons: [{ code: 'no-key' }],
  };
  return { image, ...outcome };
}

function run(results: readonly ImageResult[], more: Partial<FinishedRun> = {}): FinishedRun {
  const criticalPath = { images: [], duration: 0, isRecorded: false };
  const plan = { command: 'build', registry: 'r', images: [], failures: [], criticalPath } as const;
  return { command: 'build', plan, results, failures: [], made: madeIn(results), tags: [], duration: 1234, ...more };
}

/** What `conclude()` writes, and its status. */
async function concluded(finished: FinishedRun, json = false, signal = new AbortController().signal) {
  const written = { stdout: '', stderr: '' };
  const toStderr = (text: string) => {
    written.stderr += text;
  };
  const messages = textMessages(toStderr, { colors: new Chalk({ level: 0 }), readSource: () => undefined, cwd: '/' });
  const world = {
    renderer: { begin() {}, emit() {}, async close() {} },
    logs: { pathFor: (image: string) => (image === 'web' ? '/logs/web.log' : undefined) },
    print: (text: string) => {
      written.stdout += text;
    },
    signal,
    surroundings: { cwd: '/' },
    tell: toStderr,
    complain: toStderr,
    report: messages.failures,
    reportGroups: messages.groups,
  } as unknown as World;
  const status = await conclude(finished, json, world);
  return { ...written, status };
}

const built = result('base', { status: 'built', content, duration: 1000.4 });

test('a run that went well: references with digests on stdout, one line on stderr', async () => {
  const finished = run([built, result('jq', { status: 'untouched' }, 'up-to-date')]);
  assert.deepEqual(await concluded(finished), {
    stdout: `r/base:1.0.0@${content.digest}\n`,
    stderr: '1 built, 1 up to date in 1.2s\n',
    status: 0,
  });
});

test('a run with failures: each image under its title, with its log; what was not built, and why', async () => {
  const finished = run([
    built,
    result('web', { status: 'failed', failures: [failure] }),
    result('app', { status: 'blocked', by: ImageName.parse('web') }),
    result('docs', { status: 'not-started' }),
  ]);
  const { stdout, stderr, status } = await concluded(finished);
  assert.equal(stdout, `r/base:1.0.0@${content.digest}\n`);
  assert.deepEqual(stderr.split('\n').slice(1), [
    'error[run-failed]: RUN exited with 3',
    '   = full log: /logs/web.log',
    '',
    'app was skipped because web failed',
    'not finished: docs',
    '1 built, 1 failed, 2 not built in 1.2s',
    '',
  ]);
  assert.match(stderr, /^── web 1\.0\.0 ─+\n/);
  assert.equal(status, 1);
});

test('failures of tags count as well', async () => {
  const { stderr, status } = await concluded(run([built], { failures: [{ reason: 'lost-race', message: 'moved' }] }));
  assert.match(stderr, /^error\[lost-race\]: moved\n1 built in 1\.2s\n$/);
  assert.equal(status, 6);
});

test('a run that was cancelled is no success', async () => {
  const { stderr, status } = await concluded(run([result('web', { status: 'cancelled' })]));
  assert.match(stderr, /not finished: web/);
  assert.equal(status, 1);
});

test('cip.report/v1', async () => {
  const finished = run([built, result('web', { status: 'failed', failures: [failure] })]);
  const { stdout } = await concluded(finished, true);
  assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(reportDocument(finished))));
  assert.deepEqual(JSON.parse(stdout), {
    schema: 'cip.report/v1',
    command: 'build',
    registry: 'r',
    images: [
      {
        name: 'base',
        version: '1.0.0',
        reference: 'r/base:1.0.0',
        action: 'build',
        status: 'built',
        digest: content.digest,
        durationMs: 1000,
      },
      {
        name: 'web',
        version: '1.0.0',
        reference: 'r/web:1.0.0',
        action: 'build',
        status: 'failed',
        failures: [failure],
      },
    ],
    complete: false,
    made: [`r/base:1.0.0@${content.digest}`],
    tagsMoved: 0,
    tags: [],
    failures: [{ ...failure, image: 'web' }],
    durationMs: 1234,
  });
});

/** A publish of these images; `digests` are those in the registry. */
function published(results: readonly ImageResult[], more: Partial<FinishedRun> = {}): FinishedRun {
  const digests = new Map(results.map(({ image }) => [image.name, digestOf(`${image.name} in the registry`)]));
  const { plan, ...rest } = run(results, { command: 'publish', digests, ...more });
  return { ...rest, plan: { ...plan, command: 'publish' } };
}

const tag = { reference: 'r/base:1.0.0', before: null, after: content.digest };
const partial = { reason: 'publish-partial', message: 'publishing stopped partway' } as const;
const sent = (name: string, from: 'store' | 'registry'): ImageResult => {
  const source = { from, reference: 'r/x:0.9.0', index: content, manifest: content } as const;
  const platforms = [{ platform: { os: 'linux', architecture: 'amd64' }, key: digestOf(name), source }];
  const one = result(name, { status: 'retagged', duration: 1 }, 'retag');
  return { ...one, image: { ...one.image, platforms } };
};
const lines: [title: string, finished: FinishedRun, want: string][] = [
  ['tags that were set', published([built], { tags: [tag] }), '1 built, 1 tag set in 1.2s'],
  [
    'what was uploaded for the first time, and what got another tag',
    published([built, sent('jq', 'store'), sent('web', 'store'), sent('app', 'registry')], { tags: [tag] }),
    '1 built, 2 uploaded, 1 re-tagged, 1 tag set in 1.2s',
  ],
  [
    'that no tag had to move',
    published([result('base', { status: 'untouched' }, 'up-to-date')]),
    '1 up to date, no tags set in 1.2s',
  ],
  [
    'what a run before had left undone',
    published([result('base', { status: 'untouched' }, 'tag')], { tags: [tag] }),
    '1 tagged, 1 tag set in 1.2s',
  ],
  [
    'that nothing is visible when an image failed',
    published([
      built,
      result('jq', { status: 'retagged', duration: 1 }),
      result('web', { status: 'failed', failures: [failure] }),
      result('app', { status: 'blocked', by: ImageName.parse('web') }),
    ]),
    'Nothing was published: no tags were set. 2 images are uploaded and ready. Failed: web. Skipped: app.',
  ],
  [
    'how far it came when the registry was lost',
    published([built, result('web', { status: 'unsent' }), result('app', { status: 'not-started' })], {
      failures: [{ reason: 'registry-unreachable', message: 'gone' }],
    }),
    'Nothing was published: no tags were set. 1 of 3 images is uploaded. Run the same command again to continue.',
  ],
  [
    'that somebody else was first',
    published([built], { failures: [{ reason: 'lost-race', message: 'moved' }] }),
    'Nothing was published: no tags were set. 1 image is uploaded and ready.',
  ],
  [
    'tags that are set when others are not',
    published([built], { tags: [tag], failures: [partial] }),
    '1 built, 1 tag set in 1.2s',
  ],
];
for (const [title, finished, want] of lines) {
  test(`the last line of a publish says ${title}`, async () => {
    const { stderr } = await concluded(finished);
    assert.equal(stderr.trimEnd().split('\n').at(-1), want);
    assert.equal(stderr.split('not finished:').length, 1, stderr);
  });
}

test('a build uploads nothing: content of the store gets another tag', async () => {
  const { stderr } = await concluded(run([sent('jq', 'store')]));
  assert.equal(stderr, '1 re-tagged in 1.2s\n');
});

test('cip.report/v1 of a publish has the digests that are in the registry, of skipped images too', () => {
  const finished = published([built, result('jq', { status: 'untouched' }, 'up-to-date')], { tags: [tag] });
  const { images, tagsMoved, complete } = reportDocument(finished);
  assert.deepEqual(
    images.map((image) => ('digest' in image ? image.digest : undefined)),
    [digestOf('base in the registry'), digestOf('jq in the registry')],
  );
  assert.deepEqual({ tagsMoved, complete }, { tagsMoved: 1, complete: true });
});

const stop = { reason: 'interrupted', message: 'stopped by SIGTERM' } as const;
const publishing: FinishedRun['plan'] = { ...run([]).plan, command: 'publish' };
for (const [title, isStopped, told] of [
  ['came before the first tag', true, { status: 1, complete: false, failures: ['interrupted'] }],
  ['came too late to change anything', false, { status: 0, complete: true, failures: [] }],
] as const) {
  test(`conclude() of a publish, when a signal ${title}`, async () => {
    const signal = AbortSignal.abort(new FailureError(stop));
    const finished = run([result('base', { status: 'built', content, duration: 1 })], {
      plan: publishing,
      isStopped,
    });
    const { status, stdout, stderr } = await concluded(finished, true, signal);
    const { complete, failures } = JSON.parse(stdout) as { complete: boolean; failures: { reason: string }[] };
    assert.deepEqual({ status, complete, failures: failures.map(({ reason }) => reason) }, told);
    assert.equal(/^Nothing was published/m.test(stderr), isStopped);
  });
}
