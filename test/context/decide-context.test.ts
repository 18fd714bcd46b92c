import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, link, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ChangeTimes } from '../../src/context/change-times.ts';
import { type ContextFiles, contextFiles } from '../../src/context/context-files.ts';
import { decideContext } from '../../src/context/decide-context.ts';
import type { FileDigests } from '../../src/context/file-digests.ts';
import { noMasks } from '../../src/context/selector.ts';
import { failuresOf } from '../../src/result.ts';
import { ContextFolder, type FolderFiles } from './context-folder.ts';

const signal = new AbortController().signal;

/** A context that is decided on again and again, and the paths that were read of it since the last time. */
async function contextWith(files: FolderFiles) {
  const folder = await ContextFolder.make(files);
  const remembered = new Map<string, FileDigests>();
  const memory = {
    get: async (directory: string) => remembered.get(directory),
    append: async (directory: string, digests: FileDigests) => void remembered.set(directory, digests),
  };
  let read: string[] = [];
  const watched: ContextFiles = {
    ...contextFiles,
    digest: (path, size, aborted) => {
      read.push(path.slice(folder.path.length + 1));
      return contextFiles.digest(path, size, aborted);
    },
  };
  const decide = async (
    options: {
      readonly now?: number;
      readonly ignore?: readonly string[];
      readonly patterns?: readonly string[];
      readonly files?: ContextFiles;
    } = {},
  ) => {
    const { now = Date.now() + 60_000, ignore = [], patterns = ['.'], files: seen = watched } = options;
    const reads = {
      whole: false,
      stages: [0],
      places: [],
      remotes: [],
      reads: [{ patterns, exclude: [], parents: false, masks: noMasks }],
    };
    const place = { directory: folder.path, ignore };
    const { decided } = await decideContext(
      { root: place, reads: [reads] },
      { files: seen, memory, now: () => now },
      signal,
    );
    return decided[0]!.listing;
  };
  const taken = () => {
    const paths = read.sort();
    read = [];
    return paths;
  };
  return { root: folder.path, decide, taken, watched, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

const two = { a: 'a', 'below/b': 'b' };

test('decideContext() reads a file once, and again only when it may have changed', async () => {
  await using context = await contextWith(two);
  const { root, decide, taken } = context;
  const first = await decide();
  assert.deepEqual(taken(), ['a', 'below/b']);
  assert.equal((await decide()).digest, first.digest);
  assert.deepEqual(taken(), []);
  await writeFile(join(root, 'a'), 'A');
  assert.notEqual((await decide()).digest, first.digest);
  assert.deepEqual(taken(), ['a']);
});

test('decideContext() sees content that was changed with the times and the size kept', async () => {
  await using context = await contextWith(two);
  const { root, decide, taken } = context;
  await utimes(join(root, 'a'), 1, 1);
  const first = await decide();
  await writeFile(join(root, 'new'), 'A');
  await rename(join(root, 'new'), join(root, 'a'));
  await utimes(join(root, 'a'), 1, 1);
  taken();
  assert.notEqual((await decide()).digest, first.digest);
  assert.deepEqual(taken(), ['a']);
});

test('decideContext() does not trust a file that changed just before it was hashed', async () => {
  await using context = await contextWith(two);
  await context.decide({ now: Date.now() });
  context.taken();
  await context.decide({ now: Date.now() });
  assert.deepEqual(context.taken(), ['a', 'below/b']);
});

test('decideContext() reads a file each time where its times tell nothing, and remembers nothing of it', async () => {
  await using context = await contextWith(two);
  const files = { ...context.watched, changeTimes: async () => new ChangeTimes('') };
  for (let time = 1; time <= 2; time++) {
    await context.decide({ files });
    assert.deepEqual(context.taken(), ['a', 'below/b']);
  }
  await context.decide();
  assert.deepEqual(context.taken(), ['a', 'below/b']);
  await context.decide({ files });
  assert.deepEqual(context.taken(), ['a', 'below/b']);
});

test('decideContext() reads nothing but what is selected, and remembers the rest of a directory', async () => {
  await using context = await contextWith({ a: 'a', b: 'b', 'deep/c': 'c' });
  await context.decide({ patterns: ['a'] });
  assert.deepEqual(context.taken(), ['a']);
  await context.decide({ patterns: ['b'] });
  assert.deepEqual(context.taken(), ['b']);
  await context.decide();
  assert.deepEqual(context.taken(), ['deep/c']);
});

test('decideContext() lists every kind of entry but sockets, and nothing that is ignored', async () => {
  await using context = await contextWith({ ...two, 'kept/deep/x': '', 'kept/y': '', link: '-> nowhere' });
  execFileSync('mkfifo', ['-m', '600', join(context.root, 'pipe')]);
  const { paths } = await context.decide({ ignore: ['kept', '!kept/deep', 'below/b'] });
  assert.deepEqual(paths, {
    a: 'file 644 sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
    below: 'directory 755',
    kept: 'directory 755',
    'kept/deep': 'directory 755',
    'kept/deep/x': 'file 644 sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    link: 'symlink nowhere',
    pipe: 'fifo 600',
  });
});

test('decideContext() hashes files of any size by their content', async () => {
  await using context = await contextWith({});
  await writeFile(join(context.root, 'large'), Buffer.alloc((1 << 20) + 1, 7));
  const { paths } = await context.decide();
  const sum = execFileSync('sha256sum', [join(context.root, 'large')], { encoding: 'utf8' }).slice(0, 64);
  assert.match(paths['large']!, new RegExp(`^file \\d+ sha256:${sum}$`));
});

/** What of a context the digest knows: the edit, and whether it is another one after it. */
const edits: [title: string, changes: boolean, edit: (root: string) => Promise<unknown>][] = [
  ['a time', false, (root) => utimes(join(root, 'a'), 1, 1)],
  ['0664, as a checkout with umask 002 has it', false, (root) => chmod(join(root, 'a'), 0o664)],
  ['0775 of a directory', false, (root) => chmod(join(root, 'below'), 0o775)],
  ['0700 of the context itself', false, (root) => chmod(root, 0o700)],
  ['0600', true, (root) => chmod(join(root, 'a'), 0o600)],
  ['0640', true, (root) => chmod(join(root, 'a'), 0o640)],
  ['0755', true, (root) => chmod(join(root, 'a'), 0o755)],
  ['0666', true, (root) => chmod(join(root, 'a'), 0o666)],
  ['setuid', true, (root) => chmod(join(root, 'a'), 0o4644)],
  ['setgid of a directory', true, (root) => chmod(join(root, 'below'), 0o2755)],
  ['0700 of a directory', true, (root) => chmod(join(root, 'below'), 0o700)],
  ['the sticky bit of a directory', true, (root) => chmod(join(root, 'below'), 0o1755)],
  ['an empty directory', true, (root) => mkdir(join(root, 'empty'))],
  [
    'a hard link in place of a copy',
    true,
    async (root) => {
      await rm(join(root, 'copy'));
      await link(join(root, 'a'), join(root, 'copy'));
    },
  ],
  [
    'a link that leads elsewhere',
    true,
    async (root) => {
      await rm(join(root, 'link'));
      await symlink('below', join(root, 'link'));
    },
  ],
  ['a file that is gone', true, (root) => rm(join(root, 'below/b'))],
];
for (const [title, changes, edit] of edits) {
  test(`decideContext() ${changes ? 'knows' : 'does not know'} ${title}`, async () => {
    await using context = await contextWith({ ...two, copy: 'a', link: '-> a' });
    const before = await context.decide();
    await edit(context.root);
    const after = await context.decide();
    assert.equal(after.digest !== before.digest, changes);
    // Whatever a key knows can be told.
    assert.equal(JSON.stringify(after.paths) !== JSON.stringify(before.paths), changes);
  });
}

/** What happens to `a` while it is read, and what comes of that. */
const disturbances: [
  title: string,
  want: string | undefined,
  disturb: (root: string, time: number) => Promise<unknown>,
][] = [
  [
    'a file that does not stand still',
    'context-changing',
    (root, time) => writeFile(join(root, 'a'), 'a'.repeat(2 + time)),
  ],
  ['a file that changes once', undefined, async (root, time) => time === 0 && writeFile(join(root, 'a'), 'other')],
  ['a file whose mode changes once', undefined, async (root, time) => time === 0 && chmod(join(root, 'a'), 0o600)],
  ['a file that vanishes', 'copy-source-missing', (root) => rm(join(root, 'a'), { force: true })],
];
for (const [title, want, disturb] of disturbances) {
  test(`decideContext() sees ${title} while it is read`, async () => {
    await using context = await contextWith(two);
    let time = 0;
    const restless: ContextFiles = {
      ...contextFiles,
      async digest(path, size, aborted) {
        const digest = await contextFiles.digest(path, size, aborted);
        if (path.endsWith('/a')) await disturb(context.root, time++);
        return digest;
      },
    };
    const decided = context.decide({ files: restless, patterns: ['a'] });
    if (want === 'context-changing') {
      await assert.rejects(decided, (error) => failuresOf(error)?.[0]?.reason === want);
      return;
    }
    // What stands still in the end is what counts.
    assert.deepEqual(await decided, await context.decide({ patterns: ['a'] }));
  });
}

test('decideContext() never takes a file that vanishes for an empty one', async () => {
  await using context = await contextWith(two);
  const vanishing: ContextFiles = { ...contextFiles, digest: async () => undefined };
  await assert.rejects(
    context.decide({ files: vanishing }),
    (error) => failuresOf(error)?.[0]?.reason === 'context-changing',
  );
});

test('decideContext() names what cannot be read', async () => {
  await using context = await contextWith({ a: `-> ${'x'.repeat(10)}` });
  const denied: ContextFiles = {
    ...contextFiles,
    list: (directory) => contextFiles.list(`${directory}/${'n'.repeat(300)}`),
  };
  await assert.rejects(
    context.decide({ files: denied }),
    (error) => failuresOf(error)?.[0]?.reason === 'context-unreadable',
  );
});

test('decideContext() leaves out no file in silence because of its name', async () => {
  await using context = await contextWith(two);
  execFileSync('sh', ['-c', "printf x > \"$(printf '%b' 'not-utf8-\\0377.bin')\""], { cwd: context.root });
  await assert.rejects(context.decide(), (error) => failuresOf(error)?.[0]?.reason === 'context-unreadable');
  assert.ok((await context.decide({ patterns: ['a'] })).paths['a']);
  assert.ok((await context.decide({ ignore: ['*.bin'] })).paths['a']);
});

test('decideContext() takes no file for another that is shown by the same name', async () => {
  await using context = await contextWith(two);
  execFileSync(
    'sh',
    ['-c', "printf x > \"$(printf '%b' '\\0377')\"; printf y > \"$(printf '%b' '\\0357\\0277\\0275')\""],
    { cwd: context.root },
  );
  await assert.rejects(context.decide(), (error) => failuresOf(error)?.[0]?.reason === 'context-unreadable');
  // Whichever of them is seen first.
  await assert.rejects(context.decide({ patterns: ['\ufffd', '.'] }));
  assert.ok((await context.decide({ patterns: ['\ufffd'] })).paths['\ufffd']);
});

test('decideContext() takes no link for another because of what it links to', async () => {
  await using context = await contextWith(two);
  await symlink(Buffer.from('tgt\xff', 'latin1'), join(context.root, 'link'));
  await assert.rejects(context.decide(), (error) => failuresOf(error)?.[0]?.reason === 'context-unreadable');
  assert.ok((await context.decide({ ignore: ['link'] })).paths['a']);
  await rm(join(context.root, 'link'));
  await symlink('tgt\ufffd', join(context.root, 'link'));
  assert.ok((await context.decide()).paths['link']);
});
