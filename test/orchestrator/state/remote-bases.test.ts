/** Sources of ADD that move, by a real server: what is asked, decided, built with, and written down (ADR 0019). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotations } from '../../../src/oci/annotations.ts';
import { readIndex } from '../../../src/oci/read-document.ts';
import type { PreparedPlan } from '../../../src/orchestrator/plan/prepare-plan.ts';
import { isComplete } from '../../../src/orchestrator/run/run-report.ts';
import { startWebServer, type WebFile, type WebServer } from '../../support/web-server.ts';
import { type ImageSources, never, onBoth, Workshop } from '../workshop.ts';

const one: WebFile = { body: 'one', headers: { etag: '"1"' }, knowsConditions: true };
const two: WebFile = { body: 'two', headers: { etag: '"2"' }, knowsConditions: true };

async function setUp(dockerfile: (host: string) => string, more: Readonly<Record<string, ImageSources>> = {}) {
  const workshop = await Workshop.open({});
  const web = await startWebServer([['/f', one]]);
  const write = (version = '1.0.0') => workshop.write({ app: { version, dockerfile: dockerfile(web.host) }, ...more });
  await write();
  return {
    workshop,
    web,
    write,
    async [Symbol.asyncDispose]() {
      await web[Symbol.asyncDispose]();
      await workshop[Symbol.asyncDispose]();
    },
  };
}

const adding = (host: string) => `FROM scratch\nADD http://${host}/f /\n`;

function actions({ plan }: PreparedPlan): readonly string[] {
  return plan.images.map(
    ({ name, action, reasons }) => `${name} ${action}: ${reasons.map(({ code }) => code).join(' ')}`,
  );
}

async function build(workshop: Workshop, options = {}) {
  const prepared = await workshop.plan(options);
  const builder = workshop.builder();
  assert.ok(isComplete(await workshop.run(prepared, builder)));
  return { actions: actions(prepared), remotes: builder.requests.map(({ remotes }) => remotes), prepared };
}

const idOf = (web: WebServer) => JSON.stringify({ type: 'http', url: `http://${web.host}/f`, name: 'f' });

test('a file that moved is built anew, and one that did not is asked for once', async () => {
  await using world = await setUp(adding);
  const { workshop, web } = world;
  await workshop.write({
    app: { dockerfile: adding(web.host) },
    also: { dockerfile: `${adding(web.host)}LABEL a=b\n` },
  });
  const first = await build(workshop, { platforms: onBoth });
  assert.deepEqual(first.actions, ['also build: missing', 'app build: missing']);
  assert.deepEqual(web.log, ['GET /f 200']);
  assert.deepEqual(Object.keys(first.remotes[0] ?? {}), [idOf(web)]);

  web.log.length = 0;
  assert.deepEqual((await build(workshop, { platforms: onBoth })).actions, [
    'also up-to-date: same-key',
    'app up-to-date: same-key',
  ]);
  assert.deepEqual(web.log, ['GET /f 304']);

  web.files.set('/f', two);
  const moved = await workshop.plan({ select: ['app'] });
  assert.deepEqual(actions(moved), ['app build: base-moved']);
  const [reason] = moved.plan.images[0]?.reasons ?? [];
  assert.equal(reason?.code === 'base-moved' && reason.reference, `http://${web.host}/f`);
});

test('publish leaves a published version when a file moves; the next version has the new one', async () => {
  await using world = await setUp(adding);
  const { workshop, web, write } = world;
  const target = await workshop.registry();
  const publish = async () => {
    const prepared = await workshop.plan({ client: target.client, registry: target.name });
    const report = await workshop.publish(prepared, target.place, workshop.builder());
    assert.deepEqual(report.failures, []);
    return actions(prepared);
  };
  assert.deepEqual(await publish(), ['app build: missing']);
  assert.deepEqual(await publish(), ['app up-to-date: same-key']);
  web.files.set('/f', two);
  assert.deepEqual(await publish(), ['app base-moved: base-moved']);
  await write('1.1.0');
  assert.deepEqual(await publish(), ['app build: base-moved missing']);
});

test('what was added is written on the image, without its password', async () => {
  await using world = await setUp((host) => `FROM scratch\nADD http://me:secret@${host}/f /\n`);
  const { workshop, web } = world;
  const { prepared } = await build(workshop);
  const descriptor = (await workshop.store.refs.get('localhost:5000/app:1.0.0'))!;
  const { value } = await readIndex(workshop.store.blobs, descriptor, never);
  const list = value.manifests[0]?.annotations?.[annotations.buildBaseImages] ?? '';
  assert.match(list, new RegExp(`^http://me:\\*\\*\\*@${web.host}/f=sha256:[0-9a-f]{64}$`));
  assert.deepEqual(prepared.plan.failures, []);
});

test('a file with a checksum moves by its text alone, and nobody is asked for it', async () => {
  const checksum = `sha256:${'0'.repeat(64)}`;
  await using world = await setUp((host) => `FROM scratch\nADD --checksum=${checksum} http://${host}/f /\n`);
  const { workshop, web } = world;
  await build(workshop);
  web.files.set('/f', two);
  assert.deepEqual((await build(workshop)).actions, ['app up-to-date: same-key']);
  assert.deepEqual(web.log, []);
});

test('only what the target needs is asked for', async () => {
  await using world = await setUp(
    (host) => `FROM scratch AS spare\nADD http://${host}/never /\nFROM scratch\nADD http://${host}/f /\n`,
  );
  await build(world.workshop);
  assert.deepEqual(world.web.log, ['GET /f 200']);
});

test('an address by a variable is the one that it is then', async () => {
  await using world = await setUp((host) => `FROM scratch\nARG NAME=f\nADD http://${host}/$NAME /\n`);
  const { workshop, web } = world;
  web.files.set('/g', two);
  await build(workshop);
  await build(workshop, { buildArgs: { NAME: 'g' } });
  assert.deepEqual(web.log, ['GET /f 200', 'GET /g 200']);
});

/** What the server does by the second time; command and options → reasons of failures, and whether it was assumed. */
const troubles: readonly {
  readonly what: string;
  readonly file: WebFile | undefined;
  readonly isPublish?: boolean;
  readonly isFirst?: boolean;
  readonly offlineBases?: boolean;
  readonly failures: readonly string[];
  readonly isAssumed: boolean;
}[] = [
  { what: 'is broken', file: { status: 500 }, failures: [], isAssumed: true },
  { what: 'is broken', file: { status: 500 }, isPublish: true, failures: ['source-unknown-now'], isAssumed: false },
  { what: 'is broken', file: { status: 500 }, isFirst: true, failures: ['source-unknown-now'], isAssumed: false },
  { what: 'has it no more', file: undefined, failures: ['source-not-found'], isAssumed: false },
  { what: 'is not to be asked', file: two, offlineBases: true, failures: [], isAssumed: true },
  {
    what: 'is not to be asked',
    file: two,
    isFirst: true,
    offlineBases: true,
    failures: ['source-never-seen'],
    isAssumed: false,
  },
];

for (const { what, file, isPublish = false, isFirst = false, offlineBases = false, failures, isAssumed } of troubles) {
  const when = `${isPublish ? 'publish' : 'build'}, ${isFirst ? 'the first time' : 'it was seen before'}`;
  test(`a server that ${what} (${when}): ${failures.join() || 'goes on with what it has'}`, async () => {
    await using world = await setUp(adding);
    const { workshop, web, write } = world;
    const target = isPublish ? await workshop.registry() : undefined;
    const options = target === undefined ? {} : { client: target.client, registry: target.name };
    if (!isFirst) await build(workshop);
    if (file === undefined) web.files.delete('/f');
    else web.files.set('/f', file);
    web.log.length = 0;
    await write('1.1.0');
    const prepared = await workshop.plan({ ...options, offlineBases });
    assert.deepEqual(
      prepared.plan.failures.map(({ reason }) => reason),
      failures,
    );
    assert.equal(prepared.baseImages.assumptions().length > 0, isAssumed);
    if (offlineBases) assert.deepEqual(web.log, []);
  });
}
