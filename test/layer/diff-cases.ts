import type { LayerInput } from '../../src/layer/layer-input.ts';
import { directory, hardlink, input, symlink } from './entries.ts';

/** What is there before each case. */
export const before: readonly LayerInput[] = [
  directory('d', { mtime: 1_000_000_000 }),
  input('d/f', 'one', { mtime: 1_000_000_000 }),
  input('d/g', 'two', { mtime: 1_000_000_000 }),
  directory('d/sub', { mtime: 1_000_000_000 }),
  input('d/sub/x', 'x', { mtime: 1_000_000_000 }),
  input('h1', 'linked', { mtime: 1_000_000_000 }),
  hardlink('h2', 'h1'),
  symlink('l', 'd', { mtime: 1_000_000_000 }),
  directory('tmp', { mode: 0o1777, mtime: 1_000_000_000 }),
];

/** What a shell does to it, and the entries that come of it: type and path, targets of hard links with `=`. */
export const cases: readonly (readonly [title: string, script: string, want: readonly string[]])[] = [
  ['nothing', ':', []],
  ['a new file, with its parents', 'echo n > d/sub/new', ['directory d', 'directory d/sub', 'file d/sub/new']],
  ['a new file in a directory with its own mode', 'echo n > tmp/new', ['directory tmp', 'file tmp/new']],
  ['a changed file', 'echo more >> d/f', ['directory d', 'file d/f']],
  [
    'a file of the same size and time, but other content',
    'printf eno > d/f; touch -d @1000000000 d/f',
    ['directory d', 'file d/f'],
  ],
  ['a file written anew with the same content and time', 'printf one > d/f; touch -d @1000000000 d/f', []],
  ['a new time', 'touch -d @1000000001 d/f', ['directory d', 'file d/f']],
  ['a new mode', 'chmod 600 d/f', ['directory d', 'file d/f']],
  ['a new owner', 'chown 5:6 d/f', ['directory d', 'file d/f']],
  ['a new owner of a link', 'chown -h 5 l', ['symlink l']],
  ['a new target', 'ln -sfn tmp l', ['symlink l']],
  ['a new mode of a directory alone', 'chmod 700 d/sub', ['directory d', 'directory d/sub']],
  ['a new time of a directory alone', 'touch d/sub', []],
  ['a removed file', 'rm d/f', ['directory d', 'whiteout d/f']],
  ['a removed directory', 'rm -r d', ['whiteout d']],
  ['a directory removed within', 'rm -r d/sub', ['directory d', 'whiteout d/sub']],
  ['what came and went', 'echo x > d/new; rm d/new', []],
  [
    'a directory removed and made anew',
    'rm -r d; mkdir d; echo n > d/n',
    ['directory d', 'whiteout d/f', 'whiteout d/g', 'file d/n', 'whiteout d/sub'],
  ],
  [
    'the same, with a directory in it',
    'rm -r d; mkdir -p d/sub; echo n > d/sub/n',
    ['directory d', 'whiteout d/f', 'whiteout d/g', 'directory d/sub', 'file d/sub/n', 'whiteout d/sub/x'],
  ],
  ['a file in place of a directory', 'rm -r d/sub; echo n > d/sub', ['directory d', 'file d/sub']],
  [
    'a directory in place of a file',
    'rm d/f; mkdir d/f; echo n > d/f/n',
    ['directory d', 'directory d/f', 'file d/f/n'],
  ],
  ['a link in place of a directory', 'rm -r d/sub; ln -s x d/sub', ['directory d', 'symlink d/sub']],
  [
    'a renamed directory',
    'mv d e',
    ['whiteout d', 'directory e', 'file e/f', 'file e/g', 'directory e/sub', 'file e/sub/x'],
  ],
  ['a renamed file', 'mv d/f d/z', ['directory d', 'whiteout d/f', 'file d/z']],
  ['a new hard link to an old file, with all its names', 'ln d/f d/z', ['directory d', 'file d/f', 'hardlink d/z=d/f']],
  [
    'a new file with two names',
    'echo n > d/n; ln d/n tmp/n',
    ['directory d', 'file d/n', 'directory tmp', 'hardlink tmp/n=d/n'],
  ],
  ['one name of a file removed', 'rm h2', ['whiteout h2']],
  ['a FIFO', 'mkfifo p', ['fifo p']],
  ['an empty directory', 'mkdir n', ['directory n']],
  ['order by bytes', 'mkdir n; touch n/b n-a n.b', ['directory n', 'file n/b', 'file n-a', 'file n.b']],
];

/** In the form of `cases`. */
export function brief(entry: LayerInput): string {
  return `${entry.type} ${entry.path}${entry.type === 'hardlink' ? `=${entry.target}` : ''}`;
}
