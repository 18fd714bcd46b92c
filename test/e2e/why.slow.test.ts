/**
 * `cip why`: one thing changes, and that is what is named. Causes as a table, and the words of each row in doc/why.md, which
 * `CIP_TEST_UPDATE=is` writes anew.
 */
import assert from 'node:assert/strict';
import { chmod, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { WhyCause } from '../../src/orchestrator/plan/why-cause.ts';
import { needs } from '../support/needs.ts';
import { root } from '../support/paths.ts';
import { type Files, Rig } from '../support/rig.ts';

const canBuild = needs('linux', 'user namespaces', 'busybox');
const page = join(root, 'doc', 'why.md');
const isUpdate = process.env['CIP_TEST_UPDATE'] === 'is';

/** The Dockerfile of `app`, with lines of it replaced. */
function app(changes: Readonly<Record<number, string>> = {}): Files {
  const lines = [
    'ARG REGISTRY',
    'FROM ${REGISTRY}/lib:1.0.0 AS build',
    'COPY a.sh /usr/bin/',
    'ARG BUILD_DATE=none',
    'ARG API_TOKEN',
    'RUN echo built > /built',
    'COPY etc /etc/app',
    'ENV MODE=fast DB_PASSWORD=one',
    'FROM build AS final',
    'LABEL made=$MODE',
  ];
  for (const [line, text] of Object.entries(changes)) lines[Number(line) - 1] = text;
  return { 'contexts/02-app/Dockerfile': `${lines.join('\n')}\n` };
}

const version = '{:version "1.0.0"}\n';
const files: Files = {
  ...app(),
  'contexts/02-app/info.edn': version,
  'contexts/02-app/a.sh': 'echo one\n',
  'contexts/02-app/etc/one': '1\n',
  'contexts/01-lib/info.edn': version,
  'contexts/01-lib/lib.txt': 'one\n',
};

interface Row {
  readonly title: string;
  /** What somebody did, for the page; a row without it is not on it. */
  readonly note?: string;
  readonly change?: (rig: Rig) => Promise<unknown>;
  readonly undo?: (rig: Rig) => Promise<unknown>;
  readonly words?: readonly string[];
  /** Each cause, the first first: `reason what line`, with what it was and is. */
  readonly causes: readonly string[];
}

const place = (rig: Rig, path: string) => join(rig.project, 'contexts', path);
const restored = (rig: Rig) => rig.write(files);

const rows: readonly Row[] = [
  { title: 'Nothing changed', note: 'app is built, and nothing has changed', causes: [] },
  {
    title: 'The mode of a file',
    note: 'chmod 755 contexts/02-app/a.sh',
    change: (rig) => chmod(place(rig, '02-app/a.sh'), 0o755),
    undo: (rig) => chmod(place(rig, '02-app/a.sh'), 0o644),
    causes: ['file-mode 0644 0755 contexts/02-app/a.sh 3'],
  },
  {
    title: 'The content of a file',
    note: 'contexts/02-app/etc/one is edited',
    change: (rig) => rig.write({ 'contexts/02-app/etc/one': '2\n' }),
    causes: ['file-content contexts/02-app/etc/one 7'],
  },
  {
    title: 'A file that is new',
    note: 'contexts/02-app/etc/two is added',
    change: (rig) => rig.write({ 'contexts/02-app/etc/two': '2\n' }),
    undo: (rig) => rm(place(rig, '02-app/etc/two')),
    causes: ['file-added contexts/02-app/etc/two 7'],
  },
  {
    title: 'A file that is gone',
    change: (rig) => rm(place(rig, '02-app/etc/one')),
    causes: ['file-removed contexts/02-app/etc/one 7'],
  },
  {
    title: 'A file that is a link now',
    change: async (rig) => {
      await rm(place(rig, '02-app/etc/one'));
      await symlink('elsewhere', place(rig, '02-app/etc/one'));
    },
    undo: (rig) => rm(place(rig, '02-app/etc/one')),
    causes: ['file-type file symlink contexts/02-app/etc/one 7'],
  },
  {
    title: 'A build argument',
    note: 'BUILD_DATE is given',
    words: ['--', '--build-arg', 'BUILD_DATE=today'],
    causes: ['argument-changed BUILD_DATE came 6'],
  },
  {
    title: 'A build argument that is a secret',
    words: ['--', '--build-arg', 'API_TOKEN=hunter2'],
    causes: ['argument-changed API_TOKEN came 6'],
  },
  {
    title: 'An instruction that changed',
    note: 'RUN says another word',
    change: (rig) => rig.write(app({ 6: 'RUN echo made > /built' })),
    causes: ['instruction-changed 6 RUN echo built > /built'],
  },
  {
    title: 'A value that nobody is to see',
    change: (rig) => rig.write(app({ 8: 'ENV MODE=fast DB_PASSWORD=two' })),
    causes: ['instruction-changed 8 ENV MODE=fast DB_PASSWORD=…'],
  },
  {
    title: 'An instruction that is new',
    change: (rig) => rig.write(app({ 8: 'ENV MODE=fast DB_PASSWORD=one\nUSER 1000' })),
    causes: ['instruction-added 9'],
  },
  {
    title: 'An instruction that is gone',
    note: 'the line with ENV is removed',
    change: (rig) => rig.write(app({ 8: '' })),
    causes: ['instruction-removed 8 ENV MODE=fast DB_PASSWORD=…'],
  },
  {
    title: 'Several things at once: the first of the Dockerfile is the cause',
    note: 'a.sh, etc/one and RUN are edited',
    change: (rig) =>
      rig.write({
        ...app({ 6: 'RUN echo made > /built' }),
        'contexts/02-app/a.sh': 'echo two\n',
        'contexts/02-app/etc/one': '2\n',
      }),
    causes: [
      'file-content contexts/02-app/a.sh 3',
      'instruction-changed 6 RUN echo built > /built',
      'file-content contexts/02-app/etc/one 7',
    ],
  },
  { title: 'Another target', words: ['--', '--target', 'build'], causes: ['target-changed - build'] },
  { title: 'Without the cache', words: ['--no-cache'], causes: ['planned asked-for'] },
  {
    title: 'The image it is built from',
    note: 'contexts/01-lib/lib.txt is edited',
    change: (rig) => rig.write({ 'contexts/01-lib/lib.txt': 'two\n' }),
    causes: ['parent-changed lib (file-content contexts/01-lib/lib.txt 2) 2'],
  },
  {
    title: 'The image it is built from, which is built already',
    change: async (rig) => {
      await rig.write({ 'contexts/01-lib/lib.txt': 'two\n' });
      await built(rig, 'lib');
    },
    undo: async (rig) => {
      await restored(rig);
      await built(rig);
    },
    causes: ['parent-changed lib (file-content contexts/01-lib/lib.txt 2) 2'],
  },
  {
    title: 'A new version of it',
    change: (rig) => rig.write({ 'contexts/02-app/info.edn': '{:version "1.1.0"}\n', 'contexts/02-app/a.sh': 'two\n' }),
    causes: ['file-content contexts/02-app/a.sh 3', 'planned missing'],
  },
  {
    title: 'A base that moved',
    note: 'another image is published as base:latest',
    change: (rig) => moved(rig, 'another\n'),
    causes: ['parent-changed lib (base-moved /base 1) 2'],
  },
  {
    title: 'A record that is gone: what travels with an image says less',
    change: async (rig) => {
      await built(rig);
      await rm(join(rig.store, 'records', 'build-keys.log'));
      await rm(join(rig.store, 'records', 'build-contexts.log'));
      await rig.write({ 'contexts/02-app/a.sh': 'echo two\n' });
    },
    causes: ['file-changed contexts/02-app/a.sh 3'],
  },
  {
    title: 'Never built here',
    note: 'the store is empty',
    change: (rig) => rm(rig.store, { recursive: true, force: true }),
    causes: ['never-built'],
  },
];

let rig: Rig;

async function moved(world: Rig, content: string): Promise<void> {
  await world.write({
    'outside/contexts/base/info.edn': `{:version "1.0.${content.length}"}\n`,
    'outside/contexts/base/file': content,
    'outside/contexts/base/busybox': await readFile('/bin/busybox'),
    'outside/contexts/base/Dockerfile': 'FROM scratch\nCOPY --chmod=755 busybox /bin/sh\nCOPY file /file\n',
  });
  const remote = `--remote-registry=${world.registry}/outside`;
  const { status, stderr } = await world.cip('publish', '-C', 'outside', '--only-local-platform', remote);
  assert.equal(status, 0, stderr);
}

async function built(world: Rig, ...words: readonly string[]): Promise<void> {
  const { status, stderr } = await world.cip('build', ...words);
  assert.equal(status, 0, stderr);
}

function inShort(cause: WhyCause): string {
  const parts = Object.entries(cause).flatMap(([name, value]): readonly string[] => {
    if (name === 'at') return [String((value as { line: number }).line)];
    if (name === 'because') return [`(${inShort(value as WhyCause)})`];
    if (name === 'plan') return [(value as { code: string }).code];
    if (name === 'file' || (cause.reason === 'never-built' && name === 'reference')) return [];
    if (/^sha256:/.test(String(value))) return [];
    return [String(value).replace(/^127.*(?=\/)/, '')];
  });
  const stages = cause.reason === 'target-changed' ? [cause.before ?? '-', cause.after ?? '-'] : undefined;
  return stages ? ['target-changed', ...stages].join(' ') : [...new Set(parts)].join(' ');
}

const [head = '', ...sections] = (await readFile(page, 'utf8').catch(() => '')).split(/^## /m);
const written = new Map(sections.map((text) => [text.split('\n', 1)[0]!, /```\n(.*?)```/s.exec(text)?.[1]]));
const told = new Map<string, string>();

before(async () => {
  if (canBuild.skip) return;
  rig = await Rig.setup({ files, registry: true });
  await moved(rig, 'one\n');
  await rig.write({
    'contexts/01-lib/Dockerfile': `FROM ${rig.registry}/outside/base:latest\nCOPY lib.txt /\n`,
  });
  await built(rig);
});

for (const { title, note, change, undo, words = [], causes } of rows) {
  test(title, canBuild, async () => {
    await change?.(rig);
    const json = await rig.cip('why', 'app', '--json', ...words);
    const shown = await rig.cip('why', 'app', ...words);
    await undo?.(rig);
    await rig.write(files);
    assert.equal(json.status, 0, json.stderr);
    const { schema, images } = JSON.parse(json.stdout);
    const [{ name, upToDate, cause, also, equal }] = images;
    assert.deepEqual(
      { schema, name, upToDate, causes: [...(cause === null ? [] : [cause]), ...also].map(inShort) },
      { schema: 'cip.why/v1', name: 'app', upToDate: causes.length === 0, causes },
      shown.stdout,
    );
    assert.equal(equal === undefined, causes.length > 0);
    assert.doesNotMatch(`${json.stdout}${json.stderr}${shown.stdout}${shown.stderr}`, /hunter2|PASSWORD=(?:one|two)/);
    if (note === undefined) return;
    const text = shown.stdout.replaceAll(rig.registry, 'localhost:5000').replace(/\b[0-9a-f]{12}\b/g, '…');
    told.set(title, `# ${note}\n$ cip why app${words.map((word) => ` ${word}`).join('')}\n${text}`);
    if (!isUpdate) assert.equal(told.get(title), written.get(title), 'CIP_TEST_UPDATE=is writes doc/why.md anew');
  });
}

test('every section of doc/why.md is a row', () => {
  const titles = rows.filter(({ note }) => note !== undefined).map(({ title }) => title);
  if (!isUpdate) assert.deepEqual([...written.keys()], titles);
});

after(async () => {
  if (canBuild.skip) return;
  await rig[Symbol.asyncDispose]();
  if (!isUpdate) return;
  const texts = [...told].map(([title, text]) => `## ${title}\n\n\`\`\`\n${text}\`\`\`\n`);
  await writeFile(page, `${head}${texts.join('\n')}`);
});
