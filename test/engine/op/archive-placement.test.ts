/** What an archive does to a destination: as `tar x` there, in a root of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArchivePlacement, type UnpackedRecord } from '../../../src/engine/op/archive-placement.ts';
import { LayerDraft } from '../../../src/engine/op/layer-draft.ts';
import type { LayerEntry } from '../../../src/layer/layer-entry.ts';
import { Tree } from '../../../src/layer/tree.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { failuresOf } from '../../../src/result.ts';

const below = { mode: 0o700, uid: 5, gid: 6, mtime: 50 };
/** The image: a destination /t with links, beside what must never be touched. */
const base = Tree.of([
  [
    { type: 'directory', path: 'real', ...below },
    { type: 'directory', path: 't', ...below },
    { type: 'directory', path: 't/real', ...below },
    { type: 'directory', path: 't/real/sub', ...below },
    { type: 'file', path: 't/real/old', ...below, size: 1, digest: digestOf('x') },
    { type: 'file', path: 't/real/sub/old', ...below, size: 1, digest: digestOf('x') },
    { type: 'file', path: 't/file', ...below, size: 1, digest: digestOf('x') },
    { type: 'symlink', path: 't/relative', ...below, mode: 0o777, target: 'real' },
    { type: 'symlink', path: 't/absolute', ...below, mode: 0o777, target: '/real' },
    { type: 'symlink', path: 't/up', ...below, mode: 0o777, target: '../../real' },
    { type: 'symlink', path: 't/dangling', ...below, mode: 0o777, target: 'gone' },
    { type: 'symlink', path: 't/loop', ...below, mode: 0o777, target: 'loop' },
    { type: 'symlink', path: 't/to-file', ...below, mode: 0o777, target: 'file' },
  ] satisfies LayerEntry[],
]);

const own = { mode: 0o640, uid: 1, gid: 2, mtime: 7 };
const file = (path: string, more = {}) => ({ type: 'file', path, ...own, size: 3, ...more }) as const;
const directory = (path: string, more = {}) => ({ type: 'directory', path, ...own, ...more }) as const;
const symlink = (path: string, target: string) => ({ type: 'symlink', path, ...own, target }) as const;
const hardlink = (path: string, target: string, more = {}) => ({ type: 'hardlink', path, target, ...more }) as const;
type Given = ReturnType<typeof file | typeof directory | typeof symlink | typeof hardlink>;

async function unpacked(given: readonly Given[], { target = 't', owner = undefined as undefined | Owner } = {}) {
  const draft = new LayerDraft(base);
  const fileOfBase = (path: string) => Promise.resolve(`/base/${path}`);
  const into = new ArchivePlacement({ draft, target, owner, mtime: 0, name: 'a.tar', origin: undefined, fileOfBase });
  for (const [number, one] of given.entries()) {
    const { mode, uid, gid, mtime } = { ...own, ...one };
    const record = { entry: one, metadata: { mode, uid, gid, mtime }, sourcePath: `/unpacked/${number}` };
    await into.add(record as UnpackedRecord);
  }
  into.finish();
  return draft.entries().map((entry) => {
    if (entry.type === 'whiteout') return `whiteout ${entry.path}`;
    if (entry.type === 'hardlink') return `hardlink ${entry.path} ${entry.target}`;
    const rest = 'target' in entry ? ` -> ${entry.target}` : 'sourcePath' in entry ? ` ${entry.sourcePath}` : '';
    return `${entry.type} ${entry.path} ${entry.mode.toString(8)} ${entry.uid}:${entry.gid} @${entry.mtime}${rest}`;
  });
}
type Owner = { uid: number; gid: number };

const t = 'directory t 700 5:6 @50';
const real = 'directory t/real 700 5:6 @50';
const cases: [title: string, given: readonly Given[], want: readonly string[] | 'archive-entry-impossible'][] = [
  ['a file', [file('x')], [t, 'file t/x 640 1:2 @7 /unpacked/0']],
  [
    'directories that it does not mention are 0755 and belong to root',
    [file('a/b/x')],
    [t, 'directory t/a 755 0:0 @0', 'directory t/a/b 755 0:0 @0', 'file t/a/b/x 640 1:2 @7 /unpacked/0'],
  ],
  ['a relative link as a parent is followed', [file('relative/x')], [t, real, 'file t/real/x 640 1:2 @7 /unpacked/0']],
  ['an absolute one from the destination', [file('absolute/x')], [t, real, 'file t/real/x 640 1:2 @7 /unpacked/0']],
  ['one that leads up stays inside', [file('up/x')], [t, real, 'file t/real/x 640 1:2 @7 /unpacked/0']],
  [
    'what is missing behind a link is made there',
    [file('relative/new/x')],
    [t, real, 'directory t/real/new 755 0:0 @0', 'file t/real/new/x 640 1:2 @7 /unpacked/0'],
  ],
  [
    'a link of the archive itself',
    [symlink('l', '/real'), file('l/x')],
    [t, 'symlink t/l 777 1:2 @7 -> /real', real, 'file t/real/x 640 1:2 @7 /unpacked/1'],
  ],
  ['a link that leads to nothing as a parent', [file('dangling/x')], 'archive-entry-impossible'],
  ['one further up', [file('dangling/y/x')], 'archive-entry-impossible'],
  ['a loop', [file('loop/x')], 'archive-entry-impossible'],
  ['a file as a parent', [file('file/x')], 'archive-entry-impossible'],
  ['a file of the archive as a parent', [file('y'), file('y/x')], 'archive-entry-impossible'],
  ['a link to a file as a parent', [file('to-file/x')], 'archive-entry-impossible'],
  ['a directory replaces a link', [directory('relative')], [t, 'directory t/relative 640 1:2 @7']],
  [
    'and what comes then is in it',
    [directory('relative'), file('relative/x')],
    [t, 'directory t/relative 640 1:2 @7', 'file t/relative/x 640 1:2 @7 /unpacked/1'],
  ],
  ['a directory is merged, and takes what the entry says', [directory('real')], [t, 'directory t/real 640 1:2 @7']],
  ['a file replaces a directory', [file('real')], [t, 'file t/real 640 1:2 @7 /unpacked/0']],
  ['a file replaces a link, not what that leads to', [file('to-file')], [t, 'file t/to-file 640 1:2 @7 /unpacked/0']],
  [
    'a directory that was replaced and is there again is empty',
    [file('real'), directory('real'), directory('real/sub')],
    [
      t,
      'directory t/real 640 1:2 @7',
      'whiteout t/real/old',
      'directory t/real/sub 640 1:2 @7',
      'whiteout t/real/sub/old',
    ],
  ],
  ['a directory of its own becomes a file', [file('x/y'), file('x')], [t, 'file t/x 640 1:2 @7 /unpacked/1']],
  ['the later of two files counts', [file('x'), file('x', { uid: 9 })], [t, 'file t/x 640 9:2 @7 /unpacked/1']],
  [
    'a hard link is relative to the destination',
    [file('d/x'), hardlink('y', 'd/x')],
    [t, 'directory t/d 755 0:0 @0', 'file t/d/x 640 1:2 @7 /unpacked/0', 'hardlink t/y t/d/x'],
  ],
  [
    'to a name through a link',
    [file('real/x'), hardlink('y', 'relative/x')],
    [t, real, 'file t/real/x 640 1:2 @7 /unpacked/0', 'hardlink t/y t/real/x'],
  ],
  [
    'to a file of the image, which comes along',
    [hardlink('y', 'file')],
    [t, 'file t/file 640 1:2 @7 /base/t/file', 'hardlink t/y t/file'],
  ],
  [
    'to a link is to the link',
    [hardlink('y', 'dangling')],
    [t, 'symlink t/dangling 777 1:2 @50 -> gone', 'hardlink t/y t/dangling'],
  ],
  [
    'says what the file is from then on',
    [file('x'), hardlink('y', 'x', { mode: 0o4755, uid: 3, gid: 4, mtime: 9 })],
    [t, 'file t/x 4755 3:4 @9 /unpacked/0', 'hardlink t/y t/x'],
  ],
  [
    'keeps a file whose first name is replaced',
    [file('x'), hardlink('y', 'x'), file('x')],
    [t, 'file t/x 640 1:2 @7 /unpacked/2', 'file t/y 640 1:2 @7 /unpacked/0'],
  ],
  ['to nothing', [hardlink('y', 'gone')], 'archive-entry-impossible'],
  ['to a directory', [hardlink('y', 'real')], 'archive-entry-impossible'],
  [
    'the time of a directory counts at the end, and is in no layer where it is all that changed',
    [directory('d'), symlink('d', 'real')],
    [t, 'symlink t/d 777 1:2 @7 -> real'],
  ],
  ['the root as a directory is the destination', [directory('')], ['directory t 640 1:2 @7']],
  ['the root as a file', [file('')], 'archive-entry-impossible'],
];

for (const [title, given, want] of cases) {
  test(`ArchivePlacement: ${title}`, async () => {
    if (typeof want !== 'string') return assert.deepEqual(await unpacked(given), want);
    await assert.rejects(unpacked(given), (error) => failuresOf(error)?.[0]?.reason === want);
  });
}

test('ArchivePlacement: --chown holds for all that the archive has, not for what it implies', async () => {
  const given = [file('a/x'), hardlink('y', 'a/x')];
  assert.deepEqual(await unpacked(given, { owner: { uid: 8, gid: 9 } }), [
    t,
    'directory t/a 755 0:0 @0',
    'file t/a/x 640 8:9 @7 /unpacked/0',
    'hardlink t/y t/a/x',
  ]);
});

test('ArchivePlacement: with / as its destination nothing is said of the root itself', async () => {
  assert.deepEqual(await unpacked([directory(''), file('t/up/x')], { target: '' }), [
    'directory real 700 5:6 @50',
    'file real/x 640 1:2 @7 /unpacked/1',
  ]);
});

test("a directory that an archive leaves out has the set-group-ID bit of the one it is in, and is root's", async () => {
  const made = await unpacked([directory('d', { mode: 0o2750 }), file('d/new/f')]);
  assert.ok(made.includes('directory t/d/new 2755 0:0 @0'), made.join('\n'));
});

test('of extended attributes, layers have capabilities alone; a hard link says which the file has from then on', async () => {
  const xattrs = { 'security.capability': 'AQ==', 'user.x': 'eA==' };
  const lower = Tree.of([
    [{ type: 'directory', path: 't', ...below, xattrs: { 'user.x': 'eA==' } }] satisfies LayerEntry[],
  ]);
  const capabilities = { 'security.capability': 'AQ==' };
  const rows: [first: object, second: object, want: object | undefined][] = [
    [{ xattrs }, {}, undefined],
    [{}, { xattrs }, capabilities],
    [{ xattrs: { 'user.x': 'eA==' } }, { xattrs: { 'user.y': 'eA==' } }, undefined],
  ];
  for (const [first, second, want] of rows) {
    const draft = new LayerDraft(lower);
    const options = { draft, target: 't', owner: undefined, mtime: 0, name: 'a.tar', origin: undefined };
    const into = new ArchivePlacement({ ...options, fileOfBase: (path) => Promise.resolve(path) });
    await into.add({ entry: file('x', first), metadata: { ...own, ...first }, sourcePath: '/x' } as UnpackedRecord);
    await into.add({ entry: hardlink('y', 'x'), metadata: { ...own, ...second } } as UnpackedRecord);
    const made = draft.entries().map((entry) => ('xattrs' in entry ? entry.xattrs : undefined));
    assert.deepEqual(made, [undefined, want, undefined]);
  }
});
