import type { Fault } from '../fault.ts';

const inDifferences = { file: 'test/conformance/difference.ts', tests: ['test/conformance/difference.test.ts'] };
const inImages = { file: 'test/conformance/image.ts', tests: ['test/conformance/image.test.ts'] };
const inVerdicts = { file: 'test/conformance/verdict.ts', tests: ['test/conformance/verdict.test.ts'] };
const inShrinking = { file: 'test/conformance/shrink.ts', tests: ['test/conformance/generate.test.ts'] };
const inRepairs = { file: 'test/conformance/repair.ts', tests: ['test/conformance/generate.test.ts'] };
const inUnpacked = { file: 'test/conformance/unpacked.ts', tests: ['test/conformance/unpacked.test.ts'] };

/** A comparison of images that overlooks something finds nothing for ever. */
export const faults: readonly Fault[] = [
  {
    ...inDifferences,
    name: 'fields that only BuildKit has are overlooked',
    find: 'new Set([...Object.keys(ours), ...Object.keys(theirs)])',
    replace: 'new Set([...Object.keys(ours)])',
  },
  {
    ...inDifferences,
    name: 'files that only BuildKit has are overlooked',
    find: 'new Set([...ours.keys(), ...theirs.keys()])',
    replace: 'new Set([...ours.keys()])',
  },
  {
    ...inDifferences,
    name: 'histories are compared as far as both go',
    find: 'Math.max(ours.length, theirs.length)',
    replace: 'Math.min(ours.length, theirs.length)',
  },
  {
    ...inDifferences,
    name: 'the number of layers does not count',
    find: 'ours.diffIDs.length === theirs.diffIDs.length',
    replace: 'ours.diffIDs.length <= theirs.diffIDs.length',
  },
  {
    ...inDifferences,
    name: 'times are never defined',
    find: 'const isTimeDefined = otherTime < start;',
    replace: 'const isTimeDefined = otherTime < start - start;',
  },
  {
    ...inDifferences,
    name: 'hard links do not count',
    find: 'ownGroup === otherGroup ?',
    replace: 'ownGroup.length >= 0 || ownGroup === otherGroup ?',
  },
  {
    ...inDifferences,
    name: 'the order of fields counts',
    find: 'sort(([a], [b]) => (a < b ? -1 : 1))',
    replace: 'sort(() => 0)',
  },
  {
    ...inDifferences,
    name: 'every old time is the time of a context',
    find: 'time >= contextTimes.first && time <=',
    replace: 'time <=',
  },
  {
    ...inImages,
    name: 'an opaque mark is a file',
    find: "name === '.wh..wh..opq'",
    replace: "name === '.wh..opq'",
  },
  {
    ...inImages,
    name: 'an opaque mark hides what its own layer has',
    find: '&& !own.has(other)) tree.delete',
    replace: ') tree.delete',
  },
  {
    ...inImages,
    name: 'whiteouts are of other paths',
    find: 'path: join(parent, name.slice(4))',
    replace: "path: join('/', parent, name.slice(4))",
  },
  {
    ...inImages,
    name: 'what is below a removed directory stays',
    find: "if (node?.type === 'directory') for",
    replace: "if (node?.type === 'file') for",
  },
  {
    ...inImages,
    name: 'what is below starts with the same letters',
    find: 'path.startsWith(`${directory}/`)',
    replace: 'path.startsWith(directory)',
  },
  {
    ...inImages,
    name: 'extended attributes are not read',
    find: 'content: await content(), xattrs }',
    replace: 'content: await content(), xattrs: {} }',
  },
  {
    ...inImages,
    name: 'a hard link is a copy',
    find: "return tree.get(linkName.replace(/^(\\.?\\/)+/, ''))!",
    replace: "return { ...tree.get(linkName.replace(/^(\\.?\\/)+/, ''))! }",
  },
  {
    ...inImages,
    name: 'the attestation is read in the place of the image',
    find: "platform?.os !== 'unknown'",
    replace: "platform?.os === 'unknown'",
  },
  {
    ...inVerdicts,
    name: 'a deviation that is none any more is passed over',
    find: "return differs ? 'deviation' : 'no deviation';",
    replace: "return differs ? 'deviation' : outcome;",
  },
  {
    ...inVerdicts,
    name: 'a known difference that is none any more is passed over',
    find: "return differs ? 'known' : 'not known';",
    replace: "return differs ? 'known' : outcome;",
  },
  {
    ...inVerdicts,
    name: 'a new difference does not fail the run',
    find: "new Set(['new', 'no deviation'",
    replace: "new Set(['no deviation'",
  },
  {
    ...inVerdicts,
    name: 'a case may be refused for another reason',
    find: 'isDeepStrictEqual(reasonsIn(refused), args.refused)',
    replace: 'args.refused.length > 0',
  },
  {
    ...inVerdicts,
    name: 'a case that is to be refused may be built',
    find: "args.refused.length > 0 ? 'no refusal' : 'equal'",
    replace: "'equal'",
  },
  {
    ...inVerdicts,
    name: 'the first case is in no slice',
    find: 'index % count === number - 1',
    replace: 'index > 0 && index % count === number - 1',
  },
  {
    ...inVerdicts,
    name: 'what was not run is no longer known',
    find: 'filter(([name]) => !gone.has(name))',
    replace: 'filter(([name]) => results.some((one) => one.name === name) && !gone.has(name))',
  },
  {
    ...inRepairs,
    name: 'a heredoc counts as one line',
    find: "at += instructionText(line).split('\\n').length;",
    replace: 'at++;',
  },
  {
    ...inRepairs,
    name: 'nothing left out is called a repair',
    find: 'gone === 0 ? undefined :',
    replace: 'gone < 0 ? undefined :',
  },
  {
    ...inUnpacked,
    name: 'attributes of unpacked files are overlooked',
    find: "['xattrs', own.sort().join(' '), Object.keys(node.xattrs).sort().join(' ')],",
    replace: '',
  },
  {
    ...inUnpacked,
    name: 'marks that hide what is below are overlooked',
    find: "['opaque', isOpaque, false],",
    replace: '',
  },
  {
    ...inUnpacked,
    name: 'files that no layer has are overlooked',
    find: 'if (!isParent) found.push(',
    replace: 'if (isParent) found.push(',
  },
  {
    ...inUnpacked,
    name: 'links that are files of their own are overlooked',
    find: 'new Set(own).size > 1',
    replace: 'new Set(own).size > 9',
  },
  {
    ...inUnpacked,
    name: 'files that are one by mistake are overlooked',
    find: 'nodes.size > 1',
    replace: 'nodes.size > 9',
  },
  {
    ...inUnpacked,
    name: 'whiteouts that are missing are overlooked',
    find: 'for (const name of wanted.whiteouts) if (!seen.has(name)) found',
    replace: 'for (const name of wanted.whiteouts) if (seen.has(name)) found',
  },
  {
    ...inShrinking,
    name: 'options are never left out',
    find: 'for (const options of without(line.options))',
    replace: 'for (const options of without(line.options).slice(0, 0))',
  },
  {
    ...inShrinking,
    name: 'shrinking has no end',
    find: 'asked++ >= limit',
    replace: 'asked++ > limit',
  },
  {
    name: 'a stage has the arguments of that which it starts from above its environment',
    file: 'src/engine/frontend/stage-state.ts',
    find: 'state.variables.clear();\n    state.#readEnv();',
    replace: 'state.variables.clear();',
    tests: ['test/engine/frontend/args.test.ts'],
    only: 'stage below',
  },
  {
    name: 'what a stage reads is told as if arguments stood above the environment of the stage above',
    file: 'src/context/context-reads.ts',
    find: 'variables: variables.handedOn(env)',
    replace: 'variables: variables.copy()',
    tests: ['test/context/counted.test.ts'],
    only: 'of the stage above',
  },
  {
    name: 'an ENV wins over a proxy that is a build argument',
    file: 'src/engine/frontend/predefined-args.ts',
    find: 'given.get(lower) ?? (variables.has(name) ? undefined : found.get(lower))',
    replace: 'variables.has(name) ? undefined : (given.get(lower) ?? found.get(lower))',
    tests: ['test/engine/frontend/args.test.ts'],
    only: 'the proxies of a RUN',
  },
];
