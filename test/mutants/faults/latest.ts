import type { Fault } from '../fault.ts';

/** Where `latest` goes. */
export const faults: readonly Fault[] = [
  {
    name: 'a prerelease moves latest',
    file: 'src/orchestrator/latest.ts',
    find: 'if (isPrerelease(version)) return false;',
    replace: '',
    tests: ['test/orchestrator/latest.test.ts'],
  },
  {
    name: 'latest goes back',
    file: 'src/orchestrator/latest.ts',
    find: 'compareVersions(tag, version) <= 0',
    replace: 'compareVersions(tag, version) !== 7',
    tests: ['test/orchestrator/latest.test.ts'],
  },
];
