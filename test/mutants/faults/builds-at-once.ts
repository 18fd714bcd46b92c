import type { Fault } from '../fault.ts';

const tests = ['test/orchestrator/run/builds-at-once.test.ts'];

/** Builds of one project in one store at the same time. */
export const faults: readonly Fault[] = [
  {
    name: 'what another run has made meanwhile is replaced',
    file: 'src/orchestrator/run/run-plan.ts',
    find: 'isNews && !wasAskedFor ?',
    replace: 'isNews && wasAskedFor ?',
    tests,
    only: 'two of a new project',
  },
  {
    name: 'what was asked for anew is not kept',
    file: 'src/orchestrator/run/run-plan.ts',
    find: 'isNews && !wasAskedFor ?',
    replace: 'isNews ?',
    tests,
    only: 'asked for again',
  },
  {
    name: 'children are built on what was replaced',
    file: 'src/orchestrator/run/run-plan.ts',
    find: 'this.#made.set(image.name, kept);',
    replace: 'this.#made.set(image.name, { ...kept, descriptor: content });',
    tests,
    only: 'two of a new project',
  },
  {
    name: 'the report names what was replaced',
    file: 'src/orchestrator/run/run-plan.ts',
    find: 'return kept.descriptor;',
    replace: 'return content;',
    tests,
    only: 'names in its report',
  },
  {
    name: 'the platforms that only this run made are lost',
    file: 'src/orchestrator/run/equal-content.ts',
    find: 'take: digestsOf(rest)',
    replace: 'take: digestsOf([])',
    tests,
    only: 'one for fewer platforms',
  },
  {
    name: 'the platforms that only the other run made are lost',
    file: 'src/orchestrator/run/equal-content.ts',
    find: 'entry.key === keyOf(entry.platform)',
    replace: 'false',
    tests,
    only: 'each for another platform',
  },
  {
    name: 'content of other sources is taken for equal',
    file: 'src/orchestrator/run/equal-content.ts',
    find: 'one.key === other.key && ',
    replace: '',
    tests,
    only: 'other sources',
  },
  {
    name: 'content that lost its owners is taken for equal',
    file: 'src/orchestrator/run/equal-content.ts',
    find: 'isLost === (other.ownersLost === true) && ',
    replace: '',
    tests,
    only: 'lost the owners',
  },
];
