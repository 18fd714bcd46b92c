import type { Fault } from '../fault.ts';

/** Where `latest` goes. */
export const faults: readonly Fault[] = [
  {
    name: 'a prerelease moves latest',
    file: 'src/orchestrator/latest.ts',
    find: 'if (isPrerelease(version)) return undefined;',
    replace: '',
    tests: ['test/orchestrator/latest.test.ts'],
  },
  {
    name: 'latest goes back',
    file: 'src/orchestrator/latest.ts',
    find: 'compareVersions(tag, owner) > 0) owner = tag;',
    replace: 'compareVersions(tag, owner) > 7) owner = tag;',
    tests: ['test/orchestrator/latest.test.ts'],
  },
];
