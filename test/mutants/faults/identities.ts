import type { Fault } from '../fault.ts';

const inVerdicts = { file: 'test/conformance/verdict.ts', tests: ['test/conformance/verdict.test.ts'] };
const inIdentities = { file: 'test/conformance/identity.ts', tests: ['test/conformance/verdict.test.ts'] };
const inReference = { file: 'test/conformance/reference.ts', tests: ['test/conformance/reference.test.ts'] };
const inCases = { file: 'test/conformance/case.ts', tests: ['test/conformance/reference.test.ts'] };
const inNeighbours = { file: 'test/conformance/neighbour.ts', tests: ['test/conformance/neighbour.test.ts'] };

export const faults: readonly Fault[] = [
  {
    ...inVerdicts,
    name: 'a deviation of one identity excuses all',
    find: 'deviationOf(one, identity) !== undefined',
    replace: 'one.args.deviation !== undefined',
  },
  {
    ...inIdentities,
    name: 'what one identity cannot do excuses all',
    find: 'forced[identity], reason',
    replace: "forced['chroot'], reason",
  },
  {
    ...inIdentities,
    name: 'one failure that is excused excuses another',
    find: 'reasons.every(',
    replace: 'reasons.some(',
  },
  {
    file: 'test/conformance/reasons.ts',
    tests: ['test/conformance/verdict.test.ts'],
    name: 'reasons are found anywhere in what was said',
    find: '/^(?:refused: )?error',
    replace: '/error',
  },
  {
    ...inReference,
    name: 'names of one file are files of their own after a run',
    find: 'new Map(names.map(([path, number]) => [path, files[number]!]))',
    replace: 'new Map(names.map(([path, number]) => [path, { ...files[number]! }]))',
  },
  {
    ...inReference,
    name: 'times that nobody defined are kept',
    find: 'file.mtime < began ? file.mtime : UNDEFINED',
    replace: 'file.mtime',
  },
  {
    ...inReference,
    name: 'results are taken whatever the bases are',
    find: 'JSON.stringify([FORM, surroundings, await caseDigest(one), ...bases])',
    replace: 'JSON.stringify([FORM, await caseDigest(one)])',
  },
  {
    ...inReference,
    name: 'the port of a registry is kept',
    find: 'all.replaceAll(host,',
    replace: "all.replaceAll('',",
  },
  {
    ...inCases,
    name: 'modes of a case are not in its digest',
    find: 'relative(folder, path), mode, content.length',
    replace: 'relative(folder, path), content.length',
  },
  {
    ...inCases,
    name: 'contents of a case are not in its digest',
    find: 'content.length])).update(content)',
    replace: 'content.length]))',
  },
  {
    ...inCases,
    name: 'all contexts have one time',
    find: 'Number.parseInt((await caseDigest(one)).slice(0, 8), 16) % span',
    replace: 'span % 7',
  },
  {
    ...inNeighbours,
    name: 'a changed file has another time',
    find: 'for (const [parent, { atime, mtime }] of parents) await',
    replace: 'for (const [parent, { atime, mtime }] of []) await',
  },
  {
    ...inNeighbours,
    name: 'options are never left out',
    find: "cut(line, at, flag.length, '')",
    replace: 'cut(line, at, flag.length, flag)',
  },
];
