import type { Fault } from '../fault.ts';

const file = 'src/layer/trim-upper.ts';
const tests = ['test/layer/trim-upper.test.ts'];
const only = 'of (nothing|a changed file|a removed file|a directory removed and made anew|a directory removed within)';

export const faults: readonly Fault[] = [
  {
    name: 'what is in no layer stays',
    file,
    find: 'else if (entry === undefined) removeTreeSync(',
    replace: "else if (entry !== undefined && path === '') removeTreeSync(",
    tests,
    only,
  },
  {
    name: 'only what stands at the top is looked at',
    file,
    find: "if (entry?.type === 'directory') ahead.push(path);\n      else if (marks",
    replace: 'if (marks',
    tests,
    only: 'of a (new|changed) file',
  },
  {
    name: 'a hidden directory will do',
    file,
    find: 'return marks.size === 0;',
    replace: 'return true;',
    tests,
    only,
  },
  {
    name: 'no directory will do that has a mark',
    file,
    find: ') marks.delete(path);',
    replace: ') marks.has(path);',
    tests,
    only,
  },
  {
    name: 'marks are removed',
    file,
    find: "if (entry?.type === 'directory') ahead.push(path);\n      else if (marks.has(path) && isWhiteout(scopedPath(upper, path))) marks.delete(path);",
    replace: "marks.delete(path);\n      if (entry?.type === 'directory') ahead.push(path);",
    tests,
    only,
  },
  {
    name: 'a directory keeps the time of what was taken from it',
    file,
    find: "if (!('mtime' in entry)) continue;",
    replace: "if (!('mtime' in entry) || entry.type === 'directory') continue;",
    tests,
    only: 'leaves a directory its time',
  },
  {
    name: 'files are newer than the layer says',
    file,
    find: "if (!('mtime' in entry)) continue;",
    replace: "if (!('mtime' in entry) || entry.type === 'file') continue;",
    tests,
    only: 'clamped',
  },
  {
    name: 'files that were made in one second keep their order',
    file,
    find: "if (!('mtime' in entry)) continue;",
    replace: "if (!('mtime' in entry) || entry.mtime > 1_500_000_000) continue;",
    tests: ['test/engine/snapshot/snapshotters.test.ts'],
    only: 'moved into place',
  },
  {
    name: 'an upper directory is taken as it is',
    file: 'src/engine/snapshot/layers.ts',
    find: 'if (!trimUpper(upper, index)) return;',
    replace: '',
    tests: ['test/e2e/equal-layers.test.ts'],
    only: 'a mode that is the same',
  },
];
