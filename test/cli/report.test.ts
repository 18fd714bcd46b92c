import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chalk } from 'chalk';
import { conclude, type FinishedRun, madeIn, reportDocument } from '../../src/cli/report.ts';
import type { World } from '../../src/cli/world.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import type { PlannedImage } from '../../src/orchestrator/plan.ts';
import type { ImageOutcome, ImageResult } from '../../src/orchestrator/run-report.ts';
import { ImageName } from '../../src/project/image-name.ts';

const content = { mediaType: mediaTypes.imageIndex, digest: digestOf('base'), size: 4 };
const failure = { reason: 'run-failed', message: 'RUN exited with 3' };

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
async function concluded(finished: FinishedRun, json = false) {
  const written = { stdout: '', stderr: '' };
  const toStderr = (text: string) => {
    written.stderr += text;
  };
  const world = {
    renderer: { begin() {}, emit() {}, async close() {} },
    logs: { pathFor: (image: string) => (image === 'web' ? '/logs/web.log' : undefined) },
    reportOptions: { colors: new Chalk({ level: 0 }), readSource: () => undefined, cwd: '/' },
    print: (text: string) => {
      written.stdout += text;
    },
    tell: toStderr,
    complain: toStderr,
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
    'not built: app (needs web), docs (not started)',
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
  assert.match(stderr, /not built: web \(cancelled\)/);
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
    made: [`r/base:1.0.0@${content.digest}`],
    tags: [],
    failures: [],
    durationMs: 1234,
  });
});
