/** What of a context counts: an edit changes the key exactly where it can change what a build takes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type BuildOfContext, ContextBuilds } from './context-build.ts';
import { ContextFolder, type FolderFiles } from './context-folder.ts';

const arm64 = { os: 'linux', architecture: 'arm64' };
const builds = await ContextBuilds.open();
after(() => builds[Symbol.asyncDispose]());

const files: FolderFiles = {
  Dockerfile: 'FROM scratch\n',
  'README.md': 'read me',
  'info.edn': '{}',
  'a.txt': 'a',
  'b.txt': 'b',
  'x-amd64': 'amd',
  'x-arm64': 'arm',
  'dir/f': 'f',
  'dir/sub/g': 'g',
  'dir/skip.log': 'log',
  link: '-> a.txt',
  'dir-link': '-> dir',
  empty: null,
};

interface Row {
  /** Lines after FROM scratch. */
  readonly dockerfile: string;
  readonly edit: FolderFiles | ((folder: ContextFolder) => Promise<unknown>);
  readonly options?: Partial<BuildOfContext>;
}

const remove = (path: string) => (folder: ContextFolder) => rm(join(folder.path, path), { recursive: true });
const mode = (path: string, bits: number) => (folder: ContextFolder) => chmod(join(folder.path, path), bits);
const inPlaceOf = (path: string, file: FolderFiles[string]) => async (folder: ContextFolder) => {
  await remove(path)(folder);
  await folder.write(path, file);
};

const same: Record<string, Row> = {
  'a README that nothing copies': { dockerfile: 'COPY a.txt /', edit: { 'README.md': 'new' } },
  'a new file that nothing copies': { dockerfile: 'COPY *.txt /', edit: { 'c.md': 'new' } },
  'the Dockerfile itself': { dockerfile: 'COPY dir /', edit: { Dockerfile: '# why' } },
  'info.edn beside COPY x-$TARGETARCH': {
    dockerfile: 'ARG TARGETARCH\nCOPY x-$TARGETARCH /',
    edit: { 'info.edn': '{:a 1}' },
  },
  'the file of another platform': { dockerfile: 'ARG TARGETARCH\nCOPY x-$TARGETARCH /', edit: { 'x-arm64': 'new' } },
  'what --exclude leaves out': { dockerfile: 'COPY --exclude=**/*.log dir /', edit: { 'dir/skip.log': 'new' } },
  'a new file that --exclude leaves out': {
    dockerfile: 'COPY --exclude=*.log dir /',
    edit: { 'dir/new.log': 'new' },
  },
  'what .dockerignore leaves out': {
    dockerfile: 'COPY . /',
    edit: { 'dir/skip.log': 'new' },
    options: { ignore: '**/*.log' },
  },
  'what .dockerignore leaves out but for one': {
    dockerfile: 'COPY . /',
    edit: { 'dir/f': 'new' },
    options: { ignore: 'dir\n!dir/sub' },
  },
  'a file beside a bind mount': {
    dockerfile: 'RUN --mount=type=bind,source=dir,target=/m make',
    edit: { 'a.txt': 'new' },
  },
  'a file beside one that is mounted': {
    dockerfile: 'RUN --mount=type=bind,source=dir/f,target=/m make',
    edit: { 'dir/sub/g': 'new' },
  },
  'what a mount leaves out by .dockerignore': {
    dockerfile: 'RUN --mount=target=/m make',
    edit: { 'dir/skip.log': 'new' },
    options: { ignore: '**/*.log' },
  },
  'files where no instruction reads the context': {
    dockerfile: 'COPY --from=base /etc /etc',
    edit: { 'a.txt': 'new' },
  },
  'files of a stage that nothing needs': {
    dockerfile: 'COPY a.txt /\nFROM scratch\nCOPY b.txt /',
    edit: { 'a.txt': 'new' },
  },
  'a directory whose name begins alike': { dockerfile: 'COPY dir /', edit: { 'dir2/f': 'new' } },
  'the time of a directory': {
    dockerfile: 'COPY --parents dir/sub /',
    edit: (folder) => utimes(join(folder.path, 'dir'), 9, 9),
  },
  'the time of a file': { dockerfile: 'COPY . /', edit: (folder) => utimes(join(folder.path, 'a.txt'), 9, 9) },
  'the mode of a file under --chmod': { dockerfile: 'COPY --chmod=600 a.txt /', edit: mode('a.txt', 0o755) },
  '0664 of a file': { dockerfile: 'COPY . /', edit: mode('a.txt', 0o664) },
  '0775 of a directory': { dockerfile: 'COPY . /', edit: mode('dir/sub', 0o775) },
  '0664 of what is mounted': { dockerfile: 'RUN --mount=target=/m make', edit: mode('a.txt', 0o664) },
  '0664 under a symbolic --chmod': { dockerfile: 'COPY --chmod=g+w a.txt /', edit: mode('a.txt', 0o664) },
  'the mode of the context': { dockerfile: 'COPY . /', edit: (folder) => chmod(folder.path, 0o700) },
  'the mode of a directory whose content is copied': { dockerfile: 'COPY dir /d/', edit: mode('dir', 0o700) },
  'a link that leads to equal content': {
    dockerfile: 'COPY link /',
    edit: async (folder) => {
      await folder.write('same', 'a');
      await inPlaceOf('link', '-> same')(folder);
    },
  },
  'a file that an argument names in the stage above alone': {
    dockerfile: '',
    edit: { 'a.txt': 'new' },
    options: { dockerfile: 'FROM scratch AS one\nENV F=b.txt\nARG F=a.txt\nFROM one\nCOPY $F /' },
  },
  'what heredocs hold has no file': { dockerfile: 'COPY <<a.txt /\nx\na.txt', edit: { 'a.txt': 'new' } },
  'a file of the name of an ADD that is downloaded': {
    dockerfile: 'ADD https://example.com/a.txt /',
    edit: { 'a.txt': 'new' },
  },
  'a file that a variable without value does not name': {
    dockerfile: 'ARG NONE\nCOPY dir/f$NONE /',
    edit: { 'a.txt': 'new' },
  },
};

const different: Record<string, Row> = {
  'a file': { dockerfile: 'COPY a.txt /', edit: { 'a.txt': 'new' } },
  'a file below a directory': { dockerfile: 'COPY dir /', edit: { 'dir/sub/g': 'new' } },
  'a new file that a wildcard takes': { dockerfile: 'COPY *.txt /', edit: { 'c.txt': 'new' } },
  'a file that a wildcard takes is gone': { dockerfile: 'COPY *.txt /', edit: remove('b.txt') },
  'the file of this platform': { dockerfile: 'ARG TARGETARCH\nCOPY x-$TARGETARCH /', edit: { 'x-amd64': 'new' } },
  'the file of another platform, on that': {
    dockerfile: 'ARG TARGETARCH\nCOPY x-$TARGETARCH /',
    edit: { 'x-arm64': 'new' },
    options: { platform: arm64 },
  },
  'a file that a build argument names': {
    dockerfile: 'ARG F\nCOPY $F /',
    edit: { 'b.txt': 'new' },
    options: { buildArgs: { F: 'b.txt' } },
  },
  'a file that a variable names whose own name is made of another': {
    dockerfile: 'ARG N=F\nENV ${N}X=b.txt\nCOPY $FX /',
    edit: { 'b.txt': 'new' },
  },
  'a file that a variable names whose own name stands in quotes': {
    dockerfile: 'ENV "F"=b.txt\nCOPY $F /',
    edit: { 'b.txt': 'new' },
  },
  'a file that ENV names where an argument of the stage above did not': {
    dockerfile: '',
    edit: { 'b.txt': 'new' },
    options: { dockerfile: 'FROM scratch AS one\nENV F=b.txt\nARG F=a.txt\nFROM one\nCOPY $F /' },
  },
  'a file that a default names': { dockerfile: 'ARG F=b\nENV G=$F.txt\nCOPY $G /', edit: { 'b.txt': 'new' } },
  'what --exclude takes back': {
    dockerfile: 'COPY --exclude=** --exclude=!sub dir /',
    edit: { 'dir/sub/g': 'new' },
  },
  'what .dockerignore takes back': {
    dockerfile: 'COPY . /',
    edit: { 'dir/sub/g': 'new' },
    options: { ignore: 'dir\n!dir/sub' },
  },
  'a file that is mounted': {
    dockerfile: 'RUN --mount=type=bind,source=dir,target=/m make',
    edit: { 'dir/sub/g': 'new' },
  },
  'any file where all is mounted': { dockerfile: 'RUN --mount=target=/m make', edit: { 'README.md': 'new' } },
  'the mode of what is mounted': { dockerfile: 'RUN --mount=source=dir/f,target=/m make', edit: mode('dir/f', 0o600) },
  'the mode of a directory above what is mounted': {
    dockerfile: 'RUN --mount=source=dir/f,target=/m make',
    edit: mode('dir', 0o700),
  },
  'a file that a link leads to': { dockerfile: 'COPY link /', edit: { 'a.txt': 'new' } },
  'where a link leads': { dockerfile: 'COPY link /', edit: inPlaceOf('link', '-> b.txt') },
  'a file through a link to a directory': { dockerfile: 'COPY dir-link/sub /', edit: { 'dir/sub/g': 'new' } },
  'the text of a link that is copied as one': { dockerfile: 'COPY . /', edit: inPlaceOf('link', '-> b.txt') },
  'a file that becomes a link': { dockerfile: 'COPY . /', edit: inPlaceOf('b.txt', '-> a.txt') },
  'a file that becomes a directory': { dockerfile: 'COPY . /', edit: inPlaceOf('b.txt', null) },
  'an empty directory': { dockerfile: 'COPY . /', edit: { 'empty/new': null } },
  '0600': { dockerfile: 'COPY a.txt /', edit: mode('a.txt', 0o600) },
  '0640': { dockerfile: 'COPY a.txt /', edit: mode('a.txt', 0o640) },
  '0755': { dockerfile: 'COPY a.txt /', edit: mode('a.txt', 0o755) },
  setuid: { dockerfile: 'COPY a.txt /', edit: mode('a.txt', 0o4755) },
  'the mode of a directory': { dockerfile: 'COPY dir /', edit: mode('dir/sub', 0o700) },
  'the mode of a directory that --parents brings along': {
    dockerfile: 'COPY --parents dir/sub/g /',
    edit: mode('dir', 0o700),
  },
  'the mode under a symbolic --chmod': { dockerfile: 'COPY --chmod=g+w a.txt /', edit: mode('a.txt', 0o600) },
  'a file of a stage that is copied from': {
    dockerfile: 'COPY a.txt /\nFROM scratch\nCOPY --from=0 /a.txt /',
    edit: { 'a.txt': 'new' },
  },
  'a file of the stage below': {
    dockerfile: '',
    edit: { 'a.txt': 'new' },
    options: { dockerfile: 'FROM scratch AS one\nCOPY a.txt /\nFROM one\nCOPY b.txt /' },
  },
  'a file that the trigger of a stage copies': {
    dockerfile: '',
    edit: { 'a.txt': 'new' },
    options: { dockerfile: 'FROM scratch AS one\nONBUILD COPY a.txt /\nFROM one\nCOPY b.txt /' },
  },
  'any file where a name is not known before the build': {
    dockerfile: '',
    edit: { 'README.md': 'new' },
    options: { dockerfile: 'FROM base\nCOPY $FROM_BASE_a.txt /\nCOPY a.txt /' },
  },
  'an archive that is unpacked': {
    dockerfile: 'ADD t.tar /',
    edit: (folder) => {
      execFileSync('tar', ['-cf', join(folder.path, 't.tar'), '-C', folder.path, '--mtime=@5', 'b.txt']);
      return Promise.resolve();
    },
  },
};

async function both({ dockerfile, edit, options }: Row) {
  await using folder = await ContextFolder.make(files);
  execFileSync('tar', ['-cf', join(folder.path, 't.tar'), '-C', folder.path, '--mtime=@5', 'a.txt']);
  const build = { folder, dockerfile: `FROM scratch\n${dockerfile}\n`, ...options };
  const before = await builds.build(build);
  if (typeof edit === 'function') await edit(folder);
  else for (const [path, file] of Object.entries(edit)) await folder.write(path, file);
  return { before, after: await builds.build(build) };
}

for (const [title, row] of Object.entries(same)) {
  test(`counts not: ${title}`, async () => {
    const { before, after } = await both(row);
    assert.deepEqual(after, before);
  });
}

for (const [title, row] of Object.entries(different)) {
  test(`counts: ${title}`, async () => {
    const { before, after } = await both(row);
    assert.notEqual(after.key, before.key);
    // All of the context counts where it is not known what is taken: then a key may change for nothing.
    if (!title.startsWith('any file where a name')) assert.notDeepEqual(after.layers, before.layers);
  });
}

/** An external base's ONBUILD: it passes where the Dockerfile says the same, else the build ends. */
const triggers: [title: string, dockerfile: string, trigger: string, want: string][] = [
  ['that uses a stage', 'FROM scratch AS one\nFROM base', 'COPY --from=one /a /', 'stage-not-counted'],
  [
    'that uses a stage as the Dockerfile does',
    'FROM scratch AS one\nFROM base\nCOPY --from=one /b /',
    'COPY --from=one /a /',
    'builds',
  ],
  ['that nothing counts', 'FROM base', 'COPY a.txt /', 'context-not-counted'],
  ['of what is not there', 'FROM base', 'COPY gone /', 'copy-source-missing'],
  ['of what is there and what is not', 'FROM base\nCOPY a.txt /', 'COPY a.txt dir/gone /', 'copy-source-missing'],
  ['of all, where less counts', 'FROM base\nCOPY a.txt /', 'COPY . /', 'context-not-counted'],
  ['of a part of what counts', 'FROM base\nCOPY dir /', 'COPY dir/f /', 'context-not-counted'],
  ['of one name, where the directory was listed', 'FROM base\nCOPY *.txt /', 'COPY README.md /', 'context-not-counted'],
  ['that is written in the Dockerfile as well', 'FROM base\nCOPY a.txt /b', 'COPY a.txt /', 'builds'],
  ['where all counts for another reason', 'FROM base\nCOPY x-$UNKNOWN* /', 'COPY dir/sub /', 'builds'],
  ['that mounts', 'FROM base', 'RUN --mount=target=/m make', 'context-not-counted'],
  ['that runs', 'FROM base', 'RUN make', 'builds'],
];
for (const [title, dockerfile, trigger, want] of triggers) {
  test(`a trigger of an image from elsewhere ${title}: ${want}`, async () => {
    await using folder = await ContextFolder.make(files);
    const { layers } = await builds.build({ folder, dockerfile, onBuild: [trigger] });
    assert.equal(layers.find((layer) => /-(?:not-counted|missing)$/.test(layer)) ?? 'builds', want, layers.join());
    // Whatever kept it from being found, it is called what the trigger calls it.
    const [, source] = /^COPY (\S+) \/$/.exec(trigger) ?? [];
    if (want === 'context-not-counted' && source !== undefined) {
      assert.ok(builds.told[0]!.includes(` copies ${source} from `), builds.told[0]);
    }
  });
}

/** What happens between deciding and packing of `COPY . /`, or of `*.txt` where only that counts. */
const between: [
  title: string,
  copied: string,
  edit: (folder: ContextFolder) => Promise<unknown>,
  want: string | undefined,
][] = [
  ['content', '.', (folder) => folder.write('a.txt', 'b'), 'context-changing'],
  ['content and size', '.', (folder) => folder.write('a.txt', 'longer'), 'context-changing'],
  ['a file that vanishes', '.', remove('a.txt'), 'context-changing'],
  ['a named file that vanishes', 'a.txt', remove('a.txt'), 'context-changing'],
  ['a file that appears', '.', (folder) => folder.write('dir/new', ''), 'context-changing'],
  ['a directory that appears', '.', (folder) => folder.write('new', null), 'context-changing'],
  ['a file that a wildcard takes appears', '*.txt', (folder) => folder.write('c.txt', ''), 'context-changing'],
  ['a mode', '.', mode('a.txt', 0o600), 'context-changing'],
  ['a link', '.', inPlaceOf('link', '-> b.txt'), 'context-changing'],
  ['a file that becomes a link', '.', inPlaceOf('b.txt', '-> a.txt'), 'context-changing'],
  [
    'a directory that becomes a link',
    '.',
    async (folder) => {
      await remove('dir')(folder);
      await folder.write('dir', '-> empty');
    },
    'context-changing',
  ],
  [
    'an archive',
    'ADD t.tar /',
    (folder) => {
      execFileSync('tar', ['-cf', join(folder.path, 't.tar'), '-C', folder.path, 'b.txt']);
      return Promise.resolve();
    },
    'context-changing',
  ],
  ['the time', '.', (folder) => utimes(join(folder.path, 'a.txt'), 9, 9), undefined],
  ['a mode that counts alike', '.', mode('a.txt', 0o664), undefined],
  ['a file that does not count', '*.txt', (folder) => folder.write('README.md', 'new'), undefined],
  ['a file that does not count appears', '*.txt', (folder) => folder.write('new.md', 'new'), undefined],
];
for (const [title, copied, edit, want] of between) {
  test(`what changes between deciding and packing ${want ? 'ends the build' : 'does not matter'}: ${title}`, async () => {
    await using folder = await ContextFolder.make(files);
    execFileSync('tar', ['-cf', join(folder.path, 't.tar'), '-C', folder.path, 'a.txt']);
    const instruction = copied.startsWith('ADD') ? copied : `COPY ${copied} /d/`;
    const build = { folder, dockerfile: `FROM scratch\n${instruction}\n` };
    const decision = await builds.decide(build);
    const before = await builds.pack(build, decision);
    await edit(folder);
    assert.deepEqual(await builds.pack(build, decision), want ? [want] : before);
  });
}

test('without SOURCE_DATE_EPOCH files keep their times, which are in no key', async () => {
  await using folder = await ContextFolder.make({ f: 'f' });
  const build = { folder, dockerfile: 'FROM scratch\nCOPY f /d/f\n', epoch: undefined };
  await utimes(join(folder.path, 'f'), 5, 5);
  const before = await builds.build(build);
  await utimes(join(folder.path, 'f'), 6, 6);
  const after = await builds.build(build);
  assert.equal(after.key, before.key);
  const [digests, layers] = [0, 1].map((part) => [before, after].map((one) => one.layers[0]?.split(' ')[part]));
  assert.equal(digests![0], digests![1]);
  assert.notEqual(layers![0], layers![1]);
});

test('all of what COPY --parents * copies comes to the destination', async () => {
  await using folder = await ContextFolder.make({ 'dir/f': 'f' });
  for (const [parents, plain] of [
    ['COPY --parents * /p/', 'COPY . /p/'],
    ['COPY --parents ./* /p', 'COPY . /p/'],
    ['COPY --parents dir/./* /p/', 'COPY dir /p/'],
    ['COPY --parents * /', 'COPY . /'],
  ] as const) {
    const layers = await Promise.all(
      [parents, plain].map(
        async (line) => (await builds.build({ folder, dockerfile: `FROM scratch\n${line}\n` })).layers,
      ),
    );
    const [one, other] = layers.map((made) => made.map((layer) => layer.split(' ')[1]));
    assert.deepEqual(one, other, parents);
  }
});
