import type { Fault } from '../fault.ts';

/** Which version of the language a Dockerfile asks for. */
export const faults: readonly Fault[] = [
  {
    name: 'no version is newer than what is built in',
    file: 'src/dockerfile/directives.ts',
    find: '/:1\\.(\\d+)/.exec(frontend)?.[1] ?? 0',
    replace: '/:1\\.(\\d)/.exec(frontend)?.[1] ?? 0',
    tests: ['test/dockerfile/directives.test.ts'],
    only: 'syntax=',
  },
  {
    name: 'nobody hears of a newer language',
    file: 'src/project/dockerfile-notices.ts',
    find: " || warning.reason === 'newer-syntax'",
    replace: '',
    tests: ['test/project/dockerfile-notices.test.ts'],
  },
];
