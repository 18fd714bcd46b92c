import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { exitStatus, statusOf, statusOfRun, statusOfSignal } from '../../src/cli/exit-codes.ts';
import { systemFailure } from '../../src/cli/failure.ts';
import { type StatusName, statusByReason } from '../../src/cli/status-by-reason.ts';
import type { Failure, Reason, Reasons } from '../../src/result.ts';
import { root } from '../support/paths.ts';

const cases: [title: string, reasons: Reason[], want: number][] = [
  ['nothing', [], 0],
  ['a step that failed', ['run-failed'], 1],
  ['a wrong command line', ['unknown-option'], 2],
  ['what is behind', ['stale-reference'], 3],
  ['drift', ['changed-without-bump'], 3],
  ['an invalid project', ['dependency-cycle'], 4],
  ['a full disk', ['disk-full'], 5],
  ['a registry that is not there', ['registry-unreachable'], 5],
  ['a tag that moved', ['lost-race'], 6],
  ['project before usage', ['unknown-option', 'dependency-cycle', 'disk-full'], 4],
  ['usage before environment', ['disk-full', 'unknown-selector'], 2],
  ['environment before a lost race', ['lost-race', 'disk-full', 'run-failed'], 5],
  ['a lost race before a failure', ['run-failed', 'lost-race'], 6],
  ['a failure before a difference', ['stale-reference', 'run-failed'], 1],
];
for (const [title, reasons, want] of cases) {
  test(`statusOf() ${title}: ${want}`, () => {
    assert.equal(statusOf(reasons.map((reason) => ({ reason, message: '' }))), want);
  });
}

for (const [title, reasons, want] of [
  ['an image whose files are wrong', ['copy-source-missing'], 1],
  ['a secret that was not given', ['secret-missing'], 2],
  ['a secret that was not given, beside a step that failed', ['run-failed', 'secret-missing'], 2],
  ['a machine that lacks something, beside a step that failed', ['run-failed', 'emulation-unavailable'], 5],
] as const) {
  test(`statusOfRun() ${title}: ${want}`, () => {
    assert.equal(statusOfRun(reasons.map((reason) => ({ reason, message: '' }))), want);
  });
}

test('statusOfSignal() is 128 and the number of the signal', () => {
  assert.deepEqual((['SIGHUP', 'SIGINT', 'SIGTERM'] as const).map(statusOfSignal), [129, 130, 143]);
});

test('every status has a number of its own', () => {
  const numbers = Object.values(exitStatus);
  assert.equal(new Set(numbers).size, numbers.length);
});

test('a reason that no room has, or that has no status, does not compile', () => {
  // @ts-expect-error: no constructor of a room makes it.
  const unknown: Failure = { reason: 'made-up', message: '' };
  // @ts-expect-error: a misspelt reason is compared with nothing.
  assert.equal(unknown.reason === 'disk-ful', false);
  const { bug: _, ...lacking } = statusByReason;
  // @ts-expect-error: a reason lacks its status.
  lacking satisfies Record<Reason, StatusName>;
  // @ts-expect-error: a status for a reason that nobody has.
  ({ ...statusByReason, 'made-up': 'failed' }) satisfies Record<Reason, StatusName> & { 'made-up'?: never };
});

/** One of each room: a room that is missing among them adds no reasons at all. */
const ofRooms = {
  cli: 'missing-command',
  context: 'context-changing',
  dockerfile: 'no-instructions',
  engine: 'base-not-found',
  'engine/cache': 'shared-directory-unusable',
  'engine/executor': 'sandbox-failed',
  'engine/exporter': 'output-exists',
  'engine/frontend': 'stage-not-yet-defined',
  'engine/op': 'run-failed',
  'engine/snapshot': 'mount-refused',
  layer: 'layer-too-big',
  lint: 'lint-violation',
  oci: 'reference-empty',
  'orchestrator/plan': 'unknown-selector',
  'orchestrator/publish': 'lost-race',
  'orchestrator/state': 'base-never-seen',
  project: 'missing-contexts',
  registry: 'not-a-registry',
  'registry-server': 'not-loopback',
  ssh: 'ssh-key-invalid',
  remote: 'source-unreachable',
  store: 'not-a-store',
  tar: 'tar-truncated',
  worker: 'worker-died',
} as const satisfies { readonly [Room in keyof Reasons]: Reasons[Room] };

test('every failure.ts adds its reasons', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true }).map(String);
  const homes = files.filter((file) => basename(file) === 'failure.ts').map(dirname);
  assert.deepEqual(homes.sort(), Object.keys(ofRooms).sort());
});

for (const code of ['EMFILE', 'ENFILE']) {
  test(`${code} is a failure of the machine with a remedy`, () => {
    const error = Object.assign(new Error(`${code}: open '/x'`), { code, syscall: 'open', path: '/x' });
    const failure = systemFailure(error)!;
    assert.equal(failure.reason, 'too-many-open-files');
    assert.match(failure.hint!, /ulimit -n/);
    assert.equal(statusOf([failure]), exitStatus.environment);
  });
}
