import type { Fault } from '../fault.ts';

const file = 'src/orchestrator/plan/decide-tags.ts';
const tests = ['test/e2e/planned-tags.test.ts'];

/** Tags that a plan names, and that are right already. */
export const faults: readonly Fault[] = [
  { name: 'a tag that is right is named', file, find: '!isInPlace(tag, decision, question)', replace: 'tag', tests },
  {
    name: 'a tag of more platforms is right',
    file,
    find: ' && platforms.length === now.platforms.length',
    replace: '',
    tests,
  },
];
