import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Placement } from '../../../src/engine/op/placement.ts';
import type { LayerEntry } from '../../../src/layer/layer-entry.ts';
import { Tree } from '../../../src/layer/tree.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { failuresOf } from '../../../src/result.ts';

const owned = { mode: 0o755, uid: 1, gid: 2, mtime: 7 };
const base = Tree.of([
  [
    { type: 'directory', path: 'etc', ...owned },
    { type: 'file', path: 'etc/passwd', ...owned, mode: 0o644, size: 1, digest: digestOf('x') },
    { type: 'directory', path: 'srv', ...owned, mode: 0o700 },
    { type: 'directory', path: 'srv/data', ...owned },
    { type: 'symlink', path: 'link', ...owned, target: '/srv/data' },
    { type: 'symlink', path: 'dangling', ...owned, target: 'nowhere/deep' },
    { type: 'directory', path: 'tmp', ...owned, mode: 0o1777 },
  ] satisfies LayerEntry[],
]);

const file = (path: string) =>
  ({ type: 'file', path, mode: 0o644, uid: 0, gid: 0, mtime: 5, size: 0, sourcePath: '/x' }) as const;

function paths(placement: Placement): string[] {
  return placement.entries().map((entry) => {
    const owner = 'uid' in entry ? ` ${entry.uid}:${entry.gid} ${entry.mode.toString(8)}` : '';
    return `${entry.type} ${entry.path}${owner}`;
  });
}

const reasonOf = (work: () => void) => {
  try {
    work();
  } catch (error) {
    return failuresOf(error)?.[0]?.reason;
  }
  return undefined;
};

const resolved: [destination: string, want: string][] = [
  ['/', ''],
  ['/etc', 'etc'],
  ['/link/', 'srv/data'],
  ['/link/file', 'srv/data/file'],
  ['/dangling', 'nowhere/deep'],
  ['/new/dir', 'new/dir'],
  ['/etc/../../srv', 'srv'],
];
for (const [destination, want] of resolved) {
  test(`Placement.resolve() follows links inside the root: ${destination}`, () => {
    assert.equal(new Placement({ base, mtime: 0 }).resolve(destination), want);
  });
}

const shared = Tree.of([[{ type: 'directory', path: 's', ...owned, mode: 0o2775, gid: 50 }]]);
const inherited: [title: string, options: Partial<ConstructorParameters<typeof Placement>[0]>, want: string][] = [
  ['the bit and the group', {}, '0:50 2755'],
  ['the bit, and another owner', { owner: { uid: 5, gid: 6 } }, '5:6 2755'],
  ['the bit, and other permissions', { chmod: '0700' }, '0:50 2700'],
  ['the bit, and not those of files', { chmod: 'u=rwX,go=' }, '0:50 2755'],
];
for (const [title, options, want] of inherited)
  test(`directories that are made in one with the set-group-ID bit have ${title}`, () => {
    const placement = new Placement({ base: shared, mtime: 0, ...options });
    placement.makeDirectories('s/a/b');
    assert.deepEqual(paths(placement), ['directory s 1:50 2775', `directory s/a ${want}`, `directory s/a/b ${want}`]);
  });

test('directories that are made on the way are 0755 and belong to root; those of the base come along as they are', () => {
  const placement = new Placement({ base, mtime: 0 });
  placement.makeDirectories('srv/data/new/deep');
  placement.put(file('srv/data/new/deep/f'));
  assert.deepEqual(paths(placement), [
    'directory srv 1:2 700',
    'directory srv/data 1:2 755',
    'directory srv/data/new 0:0 755',
    'directory srv/data/new/deep 0:0 755',
    'file srv/data/new/deep/f 0:0 644',
  ]);
});

test('--chown and --chmod hold for directories made on the way as well, not for those of the base', () => {
  const placement = new Placement({ base, mtime: 0, owner: { uid: 9, gid: 8 }, chmod: '0700' });
  placement.makeDirectories('srv/new');
  placement.put(file('srv/new/f'));
  assert.deepEqual(paths(placement), ['directory srv 1:2 700', 'directory srv/new 9:8 700', 'file srv/new/f 9:8 700']);
});

test('a file below a long destination cannot have a path that is too long', () => {
  const placement = new Placement({ base, mtime: 0 });
  placement.put(file(`${'d/'.repeat(2046)}ddd`));
  assert.equal(
    reasonOf(() => placement.entries()),
    'copy-path-too-long',
  );
});

test('a symbolic link keeps its mode under --chmod', () => {
  const placement = new Placement({ base, mtime: 0, chmod: '0600' });
  placement.put({ type: 'symlink', path: 's', target: 'x', mode: 0o777, uid: 0, gid: 0, mtime: 0 });
  assert.deepEqual(paths(placement), ['symlink s 0:0 777']);
});

test('names of one file stay one file, and links come after what they name', () => {
  const placement = new Placement({ base, mtime: 0 });
  placement.put(file('z'), 'inode');
  placement.put(file('a'), 'inode');
  assert.deepEqual(
    placement.entries().map((entry) => [entry.type, entry.path]),
    [
      ['file', 'z'],
      ['hardlink', 'a'],
    ],
  );
});

test('a file replaces a file and a link of that name', () => {
  const placement = new Placement({ base, mtime: 0 });
  placement.put(file('etc/passwd'));
  placement.put(file('link'));
  assert.deepEqual(paths(placement), ['directory etc 1:2 755', 'file etc/passwd 0:0 644', 'file link 0:0 644']);
});

test('a file does not replace a directory', () => {
  assert.equal(
    reasonOf(() => new Placement({ base, mtime: 0 }).put(file('srv'))),
    'copy-onto-directory',
  );
});

test('a directory does not replace a file or a link', () => {
  const directory = (path: string) => ({ type: 'directory', path, ...owned }) as const;
  assert.equal(
    reasonOf(() => new Placement({ base, mtime: 0 }).putDirectory(directory('etc/passwd'))),
    'copy-onto-non-directory',
  );
  assert.equal(
    reasonOf(() => new Placement({ base, mtime: 0 }).putDirectory(directory('link'))),
    'copy-onto-non-directory',
  );
  assert.equal(
    reasonOf(() => new Placement({ base, mtime: 0 }).makeDirectories('etc/passwd/x')),
    'copy-onto-non-directory',
  );
});

const modes: [title: string, chmod: string | undefined, made: string, put: string][] = [
  ['nothing', undefined, '755', '644'],
  ['an octal one, but for its special bits', '4711', '711', '4711'],
  ['an octal one of nothing', '0', '0', '0'],
  ['a symbolic one not', 'go-rwx', '755', '600'],
];
for (const [title, chmod, made, put] of modes) {
  test(`directories made on the way take of --chmod: ${title}`, () => {
    const placement = new Placement({ base, mtime: 0, chmod });
    placement.makeDirectories('new');
    placement.put(file('new/f'));
    assert.deepEqual(paths(placement), [`directory new 0:0 ${made}`, `file new/f 0:0 ${put}`]);
  });
}

test('directories made for an archive take nothing of --chmod', () => {
  const placement = new Placement({ base, mtime: 0, chmod: '700', owner: { uid: 3, gid: 4 } });
  placement.makeDirectories('new/deep', { isForArchive: true });
  assert.deepEqual(paths(placement), ['directory new 3:4 755', 'directory new/deep 3:4 755']);
});

test('the time of a directory that is there is set without its mode and owner', () => {
  const placement = new Placement({ base, mtime: 0, chmod: '700', owner: { uid: 3, gid: 4 } });
  placement.setTime('srv', 99);
  placement.makeDirectories('srv/inside');
  placement.makeDirectories('new');
  placement.setTime('new', 98);
  placement.setTime('', 97);
  assert.deepEqual(
    placement.entries().map((entry) => ('mtime' in entry ? [entry.path, entry.mode, entry.uid, entry.mtime] : [])),
    [
      ['new', 0o700, 3, 98],
      ['srv', 0o700, 1, 99],
      ['srv/inside', 0o700, 3, 0],
    ],
  );
});

test('a directory of which only the time changed is in no layer, nor one that holds nothing else', () => {
  const placement = new Placement({ base, mtime: 0 });
  placement.setTime('srv', 99);
  assert.deepEqual(placement.entries(), []);
  placement.putDirectory({ type: 'directory', path: 'srv', mode: 0o711, uid: 1, gid: 2, mtime: 3 });
  assert.deepEqual(
    placement.entries().map(({ path }) => path),
    ['srv'],
  );
});

test('a directory that --parents leads through keeps its owner and takes the mode of the source as it is', () => {
  const placement = new Placement({ base, mtime: 0, chmod: '700', owner: { uid: 3, gid: 4 } });
  const leading = { type: 'directory', mode: 0o751, uid: 0, gid: 0, mtime: 5 } as const;
  placement.putLeading({ ...leading, path: 'srv' });
  placement.putLeading({ ...leading, path: 'new' });
  assert.deepEqual(paths(placement), ['directory new 3:4 700', 'directory srv 1:2 751']);
  placement.putLeading({ ...leading, path: 'new' });
  assert.deepEqual(paths(placement), ['directory new 3:4 751', 'directory srv 1:2 751']);
  assert.equal(
    reasonOf(() => placement.putLeading({ ...leading, path: 'link' })),
    'copy-onto-non-directory',
  );
});

test('a file put again under its first name leaves the others as they were', () => {
  const placement = new Placement({ base, mtime: 0 });
  placement.put(file('a'), 'inode');
  placement.put(file('b'), 'inode');
  placement.put({ ...file('a'), mode: 0o600 });
  assert.deepEqual(paths(placement), ['file a 0:0 600', 'file b 0:0 644']);
});

test('an unknown --chmod is refused', () => {
  assert.equal(
    reasonOf(() => new Placement({ base, mtime: 0, chmod: 'u=q' }).put(file('f'))),
    'invalid-chmod',
  );
});
