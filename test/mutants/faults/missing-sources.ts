import type { Fault } from '../fault.ts';

const tests = ['test/cli/missing-sources.test.ts'];

/** What instructions copy and contexts lack. */
export const faults: readonly Fault[] = [
  {
    name: 'a build finds what is missing only when it copies it',
    file: 'src/orchestrator/plan/plan-failures.ts',
    find: "source.from === 'build' ? inputs.knownFailures(name, platform) : []",
    replace: '[]',
    tests,
  },
  {
    name: 'check does not look for what is missing',
    file: 'src/cli/render/check.ts',
    find: '[...problems, ...untold(known, problems)]',
    replace: '[...problems, ...untold(known, problems).slice(0, 0)]',
    tests,
  },
  {
    name: 'a wildcard has to match something',
    file: 'src/context/selection.ts',
    find: 'isWildcard(pattern) ? await lostPrefix(tree, components(pattern)) : pattern',
    replace: 'pattern',
    tests,
  },
  {
    name: 'a link to nothing is something',
    file: 'src/context/selection.ts',
    find: 'if (!node) return { tops: [], matches, absent: path };',
    replace: 'if (!node) continue;',
    tests,
  },
  {
    name: 'only the first of several missing sources is told',
    file: 'src/context/selection.ts',
    find: 'if (absent !== undefined) all.push(absent);',
    replace: 'if (absent !== undefined && all.length === 0) all.push(absent);',
    tests,
  },
  {
    name: 'a mount is not looked at',
    file: 'src/context/context-reads.ts',
    find: 'this.places.push({ read, ...place, ...(leadsOut(source) && { written: source }) });',
    replace: '',
    tests,
  },
  {
    name: 'a trigger has the place of nothing',
    file: 'src/context/context-reads.ts',
    find: 'this.#instruction(trigger.value, { state, stage }, { at: stage.from.imageAt, trigger: text });',
    replace: 'this.#instruction(trigger.value, { state, stage }, { at: trigger.value.at, trigger: text });',
    tests: [...tests, 'test/context/decide-context.test.ts'],
  },
  {
    name: 'what only another machine would copy is missing',
    file: 'src/context/context-reads.ts',
    find: '.filter(([id]) => others.every((other) => other.has(id)))',
    replace: '.filter(([id]) => others.every((other) => other.has(id) || id))',
    tests,
  },
  {
    name: 'an ignored file does not exist',
    file: 'src/context/missing-source.ts',
    find: 'if (line !== undefined) return sourceExcluded(place, line);',
    replace: '',
    tests,
  },
  {
    name: 'the first line that matches is blamed',
    file: 'src/context/ignore-file.ts',
    find: 'lines[matcher.decidingPattern(path)];',
    replace: 'lines[0];',
    tests,
  },
  {
    name: 'lines of an ignore file count from 0',
    file: 'src/context/ignore-file.ts',
    find: 'line: index + 1,',
    replace: 'line: index,',
    tests,
  },
  {
    name: 'a name that is alike is suggested without what it should hold',
    file: 'src/context/missing-source.ts',
    find: 'return (await resolveSource(tree, path)) === undefined ? undefined : path;',
    replace: 'return path;',
    tests,
  },
  {
    name: 'platforms that nobody builds for are looked at',
    file: 'src/orchestrator/key/missing-sources.ts',
    find: "wantedPlatforms(context, { kind: 'declared', defaults })",
    replace: "wantedPlatforms(context, { kind: 'exactly', platforms: defaults })",
    tests,
  },
  {
    name: 'the target is no matter to check',
    file: 'src/cli/commands/check.ts',
    find: 'buildTargets(graph, graph.order, target)',
    replace: 'buildTargets(graph, graph.order, target && undefined)',
    tests,
  },
  {
    name: 'every missing source is explained, however many there are',
    file: 'src/context/missing-source.ts',
    find: 'const mostExplained = 100;',
    replace: 'const mostExplained = 1e9;',
    tests,
    only: 'very many',
  },
];
