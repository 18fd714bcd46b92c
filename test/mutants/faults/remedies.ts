import type { Fault } from '../fault.ts';

const lacking = ['test/cli/lacking-platforms.test.ts'];
const proxy = ['test/registry/proxy-refused.test.ts'];
const settings = ['test/cli/settings.test.ts'];
const namespaces = ['test/worker/remedies.test.ts'];

/** Remedies, and what is passed over with a word. */
export const faults: readonly Fault[] = [
  {
    name: 'a stage that others start from may be built on the machine that builds',
    file: 'src/orchestrator/plan/lacking-platforms.ts',
    find: "uses.every(({ use }) => use !== 'from')",
    replace: "uses.some(({ use }) => use !== 'from')",
    tests: lacking,
  },
  {
    name: 'a stage may be built on a machine that the parent is not there for',
    file: 'src/orchestrator/plan/lacking-platforms.ts',
    find: 'const runsHere = isHere && ',
    replace: 'const runsHere = isHere !== undefined && ',
    tests: lacking,
  },
  {
    name: 'what a proxy refuses is an answer that nobody understands',
    file: 'src/registry/transfer-error.ts',
    find: "(error) === 'UND_ERR_ABORTED'",
    replace: "(error) === 'UND_ERR_SOCKET'",
    tests: proxy,
  },
  {
    name: 'a proxy that forbids is asked again',
    file: 'src/registry/transfer-error.ts',
    find: 'temporary: status >= 500',
    replace: 'temporary: status >= 400',
    tests: proxy,
  },
  {
    name: 'the store is below the current directory for a relative XDG_DATA_HOME',
    file: 'src/cli/settings.ts',
    find: 'if (isAbsolute(data))',
    replace: "if (data !== '')",
    tests: settings,
  },
  {
    name: 'a relative XDG_DATA_HOME is said where CIP_STORE counts',
    file: 'src/cli/settings.ts',
    find: "return env['CIP_STORE'] || data === ''",
    replace: "return data === ''",
    tests: settings,
  },
  {
    name: 'no secret of a project is unused',
    file: 'src/cli/prepare.ts',
    find: '...unusedSecrets(secrets, dockerfiles)',
    replace: '...unusedSecrets([], dockerfiles)',
    tests: ['test/cli/mistakes.test.ts'],
    only: 'a secret that no RUN mounts',
  },
  {
    name: 'whoever has a profile is told to write one',
    file: 'src/worker/remedies.ts',
    find: "(profile === undefined || profile === 'unconfined')",
    replace: 'profile !== null',
    tests: namespaces,
  },
  {
    name: 'a profile takes the path of a program for a pattern',
    file: 'src/worker/remedies.ts',
    find: ".replaceAll(/[\\\\\"*?[\\]{}^]/g, '\\\\$&')",
    replace: '',
    tests: namespaces,
  },
  {
    name: 'every step that fails is the fault of AppArmor',
    file: 'src/worker/probe.ts',
    find: '!isRestrictedByAppArmor(settings) || ',
    replace: '',
    tests: namespaces,
  },
];
