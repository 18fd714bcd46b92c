import assert from 'node:assert/strict';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadProject } from '../../src/project/load.ts';
import { tempDir } from '../support/temp-dir.ts';
import { image, type ProjectFiles, placed, problemsIn, succeeded, writeProject } from './support/project-files.ts';
import { thirtyTwoImages } from './support/thirty-two-images.ts';

const scratch = image('1.0.0', 'FROM scratch');
const latin1 = Buffer.from('FROM scratch\n# caf\xe9\n', 'latin1');

const names: [title: string, files: ProjectFiles, want: string[]][] = [
  ['by number, not as text (Q19)', { '10-x': scratch, '2-y': scratch, '100-z': scratch }, ['y', 'x', 'z']],
  ['those without a prefix last (Q20)', { aa: scratch, '01-b': scratch, '7_under': scratch }, ['b', '7_under', 'aa']],
  ['equal prefixes by name', { '1-b': scratch, '01-a': scratch }, ['a', 'b']],
  ['without hidden directories (Q18)', { '00-a': scratch, '.cache': { x: '' }, _draft: { x: '' } }, ['a']],
];
for (const [title, files, want] of names) {
  test(`loadProject() sorts ${title}`, async () => {
    await using directory = await tempDir();
    await writeProject(directory.path, files);
    assert.deepEqual([...succeeded(await loadProject(directory.path)).contexts.keys()], want);
  });
}

test('loadProject() gives a context with everything in it', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, {
    '02-java-dev': { Dockerfile: 'FROM debian\n', 'info.edn': '{:version "1.2.3" :platforms ["linux/arm/v7"] :x 1}' },
  });
  const context = [...succeeded(await loadProject(directory.path, { shownAs: '../here' })).contexts.values()][0]!;
  const { dockerfile, semver, ...rest } = context;
  assert.deepEqual(rest, {
    directory: join(directory.path, 'contexts', '02-java-dev'),
    path: '../here/contexts/02-java-dev',
    order: 2,
    name: 'java-dev',
    version: '1.2.3',
    platforms: [{ os: 'linux', architecture: 'arm', variant: 'v7' }],
    variants: [],
    dockerfileText: 'FROM debian\n',
    metadata: {
      kind: 'info-edn',
      file: '../here/contexts/02-java-dev/info.edn',
      text: '{:version "1.2.3" :platforms ["linux/arm/v7"] :x 1}',
      versionAt: { file: '../here/contexts/02-java-dev/info.edn', line: 1, column: 12, offset: 11, length: 5 },
      other: new Map([['x', { kind: 'number', value: '1', offset: 49, end: 50 }]]),
    },
  });
  assert.equal(dockerfile.stages[0]?.from.image, 'debian');
  assert.equal(semver?.major, 1);
});

test('loadProject() reads VERSION and PLATFORMS_OVERRIDE where there is no info.edn', async () => {
  await using directory = await tempDir();
  const old = { Dockerfile: 'FROM scratch', VERSION: '0.0.2\n', PLATFORMS_OVERRIDE: 'linux/amd64\n' };
  await writeProject(directory.path, { a: old, b: { ...old, 'info.edn': '{:version "2.0.0"}' } });
  const { contexts } = succeeded(await loadProject(directory.path));
  assert.deepEqual(
    [...contexts.values()].map(({ version, platforms, metadata }) => [version, platforms.length, metadata.kind]),
    [
      ['0.0.2', 1, 'version-file'],
      ['2.0.0', 0, 'info-edn'],
    ],
  );
});

test('loadProject() follows links to directories, and files are no contexts', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, { '00-a': scratch, '00-b': scratch });
  await rename(join(directory.path, 'contexts', '00-b'), join(directory.path, 'elsewhere'));
  await symlink('../elsewhere', join(directory.path, 'contexts', '01-linked'));
  await symlink('../nowhere', join(directory.path, 'contexts', '02-dangling'));
  await writeFile(join(directory.path, 'contexts', 'README.md'), '');
  await symlink('README.md', join(directory.path, 'contexts', '03-readme'));
  const project = succeeded(await loadProject(directory.path));
  assert.deepEqual([...project.contexts.keys()], ['a', 'linked']);
  assert.deepEqual(
    project.notices.map(({ reason, message }) => [reason, message.split(' ')[0]]),
    [['dangling-link', 'contexts/02-dangling']],
  );
});

const notices: [title: string, files: ProjectFiles, want: string[]][] = [
  ['no contexts (Q25)', {}, ['no-contexts']],
  ['ignored directories (Q18)', { '.cache': { x: '' } }, ['no-contexts', 'ignored-directory']],
  ['prefixes of mixed width (Q19)', { '10-x': scratch, '2-y': scratch }, ['mixed-prefix-widths']],
  [
    'a RUN that swallows the next instruction',
    { '00-a': image('1.0.0', 'FROM scratch', 'RUN a \\', '', 'COPY b /b') },
    ['swallowed-instruction contexts/00-a/Dockerfile:5:1'],
  ],
  ['no mixed widths where both orders agree', { '1-x': scratch, '20-y': scratch }, []],
  [
    'what a branch left behind, whatever it is called, and takes no name from an image (Q18)',
    {
      '03-old': { 'node_modules/x': '' },
      '04-old': scratch,
      'Not An Image': { 'README.md': '' },
    },
    ['not-an-image', 'not-an-image'],
  ],
  [
    'what info.edn says',
    { a: { Dockerfile: 'FROM scratch', 'info.edn': '{:version "1.2"} 1' } },
    ['version-not-semver contexts/a/info.edn:1:12', 'edn-extra-forms contexts/a/info.edn:1:18'],
  ],
];
for (const [title, files, want] of notices) {
  test(`loadProject() notices ${title}`, async () => {
    await using directory = await tempDir();
    await writeProject(directory.path, files);
    const project = await loadProject(directory.path);
    assert.deepEqual([problemsIn(project), succeeded(project).notices.map(placed)], [[], want]);
  });
}

const noProjects: Readonly<Record<string, readonly [files: Readonly<Record<string, string>>, hint: RegExp]>> = {
  'nothing in it': [{}, /^pass -C .* or create contexts\/00-base/],
  'a Dockerfile': [
    { Dockerfile: 'FROM scratch' },
    /^run cip build-image here to build its Dockerfile alone; .* pass -C/,
  ],
};
for (const [title, [files, hint]] of Object.entries(noProjects)) {
  test(`loadProject() says what to do in a directory with ${title}`, async () => {
    await using directory = await tempDir();
    for (const [name, content] of Object.entries(files)) await writeFile(join(directory.path, name), content);
    const project = await loadProject(directory.path, { shownAs: 'here' });
    assert.match((!project.ok && project.failure[0]?.hint) || '', hint);
    const nowhere = await loadProject(join(directory.path, 'gone'), { shownAs: 'gone' });
    assert.deepEqual(nowhere.ok || nowhere.failure.map(({ message }) => message), ['gone is not a directory']);
  });
}

test('loadProject() fails without contexts/ (Q23)', async () => {
  await using directory = await tempDir();
  assert.deepEqual(problemsIn(await loadProject(directory.path)), ['missing-contexts']);
  await writeFile(join(directory.path, 'contexts'), '');
  assert.deepEqual(problemsIn(await loadProject(directory.path)), ['missing-contexts']);
});

test('loadProject() reports every problem of every context at once (Q24, Q26)', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, {
    '00-empty': { 'README.md': '' },
    '01-bad': { Dockerfile: 'FORM scratch\n', 'info.edn': '{:version "1.0.0"' },
    '02-Upper': { Dockerfile: 'FROM scratch', 'info.edn': '[]' },
    '03-': scratch,
    '04-same': scratch,
    '05-same': scratch,
    '06-tag': { Dockerfile: 'FROM scratch', VERSION: 'a b' },
    '07-latin1': { 'info.edn': '{:version "1.0.0"}' },
    '08-dirs': { 'Dockerfile/x': '', 'info.edn/x': '' },
    '09-fine': scratch,
  });
  await writeFile(join(directory.path, 'contexts/07-latin1/Dockerfile'), latin1);
  await mkdir(join(directory.path, 'contexts/10-latin2'));
  await writeFile(join(directory.path, 'contexts/10-latin2/Dockerfile'), 'FROM scratch');
  await writeFile(join(directory.path, 'contexts/10-latin2/info.edn'), latin1);
  assert.deepEqual(problemsIn(await loadProject(directory.path)), [
    'duplicate-image-name',
    'unknown-instruction contexts/01-bad/Dockerfile:1:1',
    'edn-syntax contexts/01-bad/info.edn:1:1',
    'invalid-image-name',
    'info-not-a-map contexts/02-Upper/info.edn:1:1',
    'invalid-image-name',
    'illegal-version contexts/06-tag/VERSION:1:1',
    'invalid-utf8 contexts/07-latin1/Dockerfile:2:6',
    'not-a-file',
    'not-a-file',
    'invalid-utf8 contexts/10-latin2/info.edn:2:6',
  ]);
});

test('loadProject() says what is wrong with ${ REGISTRY }, in place of what the parser makes of it (Q67)', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, {
    a: image('1.0.0', 'FROM ${ REGISTRY }/b:1.0.0', 'from ${REGISTRY }/b:1.0.0 AS x', 'FORM scratch'),
  });
  assert.deepEqual(problemsIn(await loadProject(directory.path)), [
    'blanks-in-variable contexts/a/Dockerfile:2:6',
    'blanks-in-variable contexts/a/Dockerfile:3:6',
    'unknown-instruction contexts/a/Dockerfile:4:1',
  ]);
});

test('loadProject() names both directories of one image (Q22)', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, { '04-same': scratch, '05-same': scratch });
  const { problems } = succeeded(await loadProject(directory.path));
  assert.match(problems[0]!.failure.message, /contexts\/04-same and contexts\/05-same/);
});

test('loadProject() loads 32 images', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, thirtyTwoImages());
  assert.equal(succeeded(await loadProject(directory.path)).contexts.size, 32);
});
