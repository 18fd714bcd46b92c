import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyContext } from '../../src/context/recorded-context.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { hostPlatform } from '../../src/oci/platform.ts';
import { Store } from '../../src/store/store.ts';
import { tempDir } from '../support/temp-dir.ts';
import { noEngine, plainRequest } from '../worker/person-builder.ts';

const live = new AbortController().signal;
const platform = hostPlatform(process.arch);
const counted = { stages: [0], whole: true, selections: [] };
const request = (own: string, noCache: boolean) => ({
  ...plainRequest({}),
  dockerfile: { file: '/Dockerfile', text: `FROM scratch\nCOPY <<both /both\n1\nboth\nCOPY <<own /own\n${own}\nown\n` },
  context: { ...emptyContext, counted: { [`linux/${platform.architecture}`]: counted } },
  platforms: [platform],
  noCache,
});

/** One run: its builds, one after the other. Which of their steps ran, and which were in the cache. */
async function run(dir: string, ...builds: ReturnType<typeof request>[]): Promise<readonly string[]> {
  await using store = await Store.open(join(dir, 'store'));
  const sessionDir = store.session.path;
  const registry = { insecureRegistries: [], retries: 0, timeoutMs: 1000, userAgent: 'test', env: {} };
  const options = {
    ...noEngine,
    storeDir: store.paths.root,
    sessionDir,
    tier: 'none',
    isolation: 'none',
    registry,
  } as const;
  const engine = await createEngine(options, { now: () => 0, outputTaken: () => undefined });
  const told: string[] = [];
  try {
    for (const [at, build] of builds.entries())
      await engine.build(
        build,
        {
          emit: (event) => {
            if (event.type !== 'step-started' && event.type !== 'step-cached') return;
            told.push(
              `${at} ${event.type === 'step-started' ? 'ran' : 'cached'} ${event.name.replace(/^\S+ \S+ /, '')}`,
            );
          },
        },
        live,
      );
  } finally {
    await engine.close();
  }
  return told.filter((line) => line.includes('COPY'));
}

const cases: readonly [title: string, before: boolean, builds: [own: string, noCache: boolean][], told: RegExp[]][] = [
  [
    'builds of one run share what they have in common',
    false,
    [
      ['a', false],
      ['b', false],
    ],
    [/0 ran .*both/, /0 ran .*own/, /1 cached .*both/, /1 ran .*own/],
  ],
  ['what an earlier run made is found again', true, [['a', false]], [/0 cached .*own/]],
  ['without the cache nothing of an earlier run is used', true, [['a', true]], [/0 ran .*both/, /0 ran .*own/]],
  [
    'without the cache builds of one run still share what it made',
    true,
    [
      ['a', true],
      ['b', true],
    ],
    [/0 ran .*both/, /0 ran .*own/, /1 cached .*both/, /1 ran .*own/],
  ],
];
for (const [title, before, builds, expected] of cases)
  test(title, async () => {
    await using dir = await tempDir();
    if (before) await run(dir.path, request('a', false));
    const told = await run(dir.path, ...builds.map((build) => request(...build)));
    assert.equal(told.length, expected.length, told.join('\n'));
    for (const [at, line] of told.entries()) assert.match(line, expected[at]!);
  });

test('what was made without the cache is found by later runs', async () => {
  await using dir = await tempDir();
  await run(dir.path, request('a', true));
  assert.match((await run(dir.path, request('a', false))).join('\n'), /^0 cached .*own$/);
});
