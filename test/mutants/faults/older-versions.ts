import type { Fault } from '../fault.ts';

const places = ['test/orchestrator/plan/older-versions.test.ts'];
const causes = ['test/orchestrator/plan/drift-causes.test.ts'];
const commands = ['test/cli/mistakes.test.ts'];

/** References to a version of an image that the project no longer has. */
export const faults: readonly Fault[] = [
  {
    name: 'nobody asks whether an older version is anywhere',
    file: 'src/orchestrator/state/base-images.ts',
    find: 'for (const [name, answer] of await olderVersions(older, questions, signal)) this.#answers.set(name, answer);',
    replace: '',
    tests: places,
  },
  {
    name: 'a version that is nowhere does not stop the plan',
    file: 'src/orchestrator/plan/plan-failures.ts',
    find: "source.from === 'build' ? inputs.lostParents(name, platform) : []",
    replace: '[]',
    tests: places,
  },
  {
    name: 'a version that is nowhere stops what is up to date',
    file: 'src/orchestrator/plan/plan-failures.ts',
    find: "source.from === 'build' ? inputs.lostParents(name, platform) : []",
    replace: 'source ? inputs.lostParents(name, platform) : []',
    tests: places,
    only: 'up to date',
  },
  {
    name: 'an older version that the store has is asked for',
    file: 'src/orchestrator/state/base-digests.ts',
    find: 'const isWhole = local !== undefined && this.#questions.isWhole(image.text);',
    replace: 'const isWhole = false;',
    tests: places,
  },
  {
    name: 'an older version of the store will do for any platform',
    file: 'src/orchestrator/plan/prepare-plan.ts',
    find: 'client === undefined && hasPlatforms(storeImages.tags.get(reference), wanted)',
    replace: 'client === undefined && storeImages.tags.has(reference)',
    tests: places,
  },
  {
    name: 'a publish takes older versions from the store first',
    file: 'src/orchestrator/plan/prepare-plan.ts',
    find: 'client === undefined && hasPlatforms(',
    replace: 'hasPlatforms(',
    tests: places,
  },
  {
    name: 'an older version of the store is no use where its registry does not have it',
    file: 'src/orchestrator/state/base-digests.ts',
    find: "if (local === undefined) return { state: 'absent', failure: baseUnknown(familiarReference(image.reference)) };",
    replace: "return { state: 'absent', failure: baseUnknown(shown) };",
    tests: places,
  },
  {
    name: 'a registry that cannot be asked has every older version',
    file: 'src/orchestrator/state/base-images.ts',
    find: "if (answer === undefined || answer.state === 'known') return [];",
    replace: "if (answer?.state !== 'absent') return [];",
    tests: places,
  },
  {
    name: 'a build is not told where an older version is',
    file: 'src/orchestrator/state/base-images.ts',
    find: '({ external, older }) => [...external, ...older]',
    replace: '({ external }) => external',
    tests: places,
  },
  {
    name: 'older versions of stages that are not built count',
    file: 'src/orchestrator/key/external-images.ts',
    find: "kind !== 'onbuild' && needed.has(stage)",
    replace: "kind !== 'onbuild'",
    tests: places,
  },
  {
    name: 'what a reference is made of has changed where it fell behind',
    file: 'src/orchestrator/plan/change-reasons.ts',
    find: 'staleReasons(change, stale, graph) ?? shown(change, path, decisions)',
    replace: 'shown(change, path, decisions)',
    tests: places,
  },
  {
    name: 'a parent that is still followed elsewhere is not told',
    file: 'src/orchestrator/plan/stale-reasons.ts',
    find: 'return toIt.length > 0 && toIt.every(',
    replace: 'return toIt.length >= 0 || toIt.every(',
    tests: places,
  },
  {
    name: 'each lost reference is a failure of its own',
    file: 'src/orchestrator/plan/drift-causes.ts',
    find: 'if (names.length === 0 && !group.edges.some((edge) => whereabouts.has(edge))) return [];',
    replace: 'if (names.length === 0) return [];',
    tests: causes,
  },
  {
    name: 'where an older version was looked for is not told',
    file: 'src/project/stale.ts',
    find: '...new Set(missing.map((edge) => lost.get(edge)!))',
    replace: '',
    tests: causes,
  },
  {
    name: 'check tells every stale reference by itself',
    file: 'src/project/stale.ts',
    find: 'const group = groups.get(edge.to) ??',
    replace: 'const group = groups.get(`${edge.from}` as typeof edge.to) ??',
    tests: [...commands, 'test/project/dependency-graph.test.ts'],
  },
];
