import type { Fault } from '../fault.ts';

const inChoice = { file: 'src/store/choose.ts', tests: ['test/store/choose.test.ts'] };
const inFailedStep = { file: 'src/engine/op/failed-step.ts', tests: ['test/engine/op/exec.test.ts'] };
const entering = { file: 'src/engine/executor/enter-root.ts', tests: ['test/e2e/on-fail.test.ts'] };

const shells = ['test/e2e/on-fail-shell.test.ts'];
const lending = ['test/engine/builds-under-way.test.ts'];

/** What becomes of the files of a step that failed. */
export const faults: readonly Fault[] = [
  {
    name: 'a full store takes what was kept just now',
    ...inChoice,
    find: '(isFull && !(isFailedStep && age <= FAILED_STEP_RESPITE))',
    replace: 'isFull',
  },
  {
    name: 'failed steps stay for ever',
    ...inChoice,
    find: '(isFailedStep && age > FAILED_STEP_AGE)',
    replace: 'false',
  },
  {
    name: 'a week goes for everything',
    ...inChoice,
    find: '(isFailedStep && age > FAILED_STEP_AGE)',
    replace: 'age > FAILED_STEP_AGE',
  },
  {
    name: 'every failed step is kept',
    file: 'src/engine/op/exec.ts',
    tests: ['test/engine/op/exec.test.ts'],
    find: "services.onFail === 'keep' ?",
    replace: 'services !== undefined ?',
  },
  {
    name: 'the end of a line in a name is one in the list',
    ...inFailedStep,
    find: '.replaceAll(/[\\x00-\\x1f\\x7f\\\\]/g, octal)',
    replace: '',
  },
  {
    name: 'what is removed counts as changed',
    ...inFailedStep,
    find: "type === 'whiteout' ? 'D' : ",
    replace: '',
  },
  {
    name: 'what cannot be kept hides why the step failed',
    ...inFailedStep,
    find: '    signal.throwIfAborted();\n    const why',
    replace: '    throw error;\n    const why',
  },
  {
    name: 'a kept root is entered with other ids',
    ...entering,
    find: '`${flag}=${outside},${inside},${count}`',
    replace: '`${flag}=${outside + 1},${inside},${count}`',
  },
  {
    name: 'a kept root is made where a kill leaves half of it',
    file: 'src/engine/op/failed-step.ts',
    tests: ['test/e2e/on-fail.test.ts'],
    find: "await services.layers.workplace('failed-step');",
    replace: '`${services.store.paths.failedSteps}/x-${Math.random()}`;',
  },
  {
    name: 'a shell writes to the cache itself',
    file: 'src/engine/op/failed-shell.ts',
    tests: shells,
    find: '!mounts.caches.has(mount.source)',
    replace: 'mounts.caches.size >= 0',
    only: 'a shell in the place of a failed step: root',
  },
  {
    name: 'every failed step has a shell',
    file: 'src/engine/builds-under-way.ts',
    tests: lending,
    find: 'if (this.#isLent) return;',
    replace: '',
  },
  {
    name: 'others go on while the shell has the terminal',
    file: 'src/engine/builds-under-way.ts',
    tests: lending,
    find: 'for (const running of this.#running) running.stop',
    replace: 'for (const running of [] as Running[]) running.stop',
  },
  {
    name: 'the shell has another environment',
    file: 'src/engine/op/failed-shell.ts',
    tests: shells,
    find: 'env: [...env, `TERM=${lent.terminal.type}`]',
    replace: 'env: [`TERM=${lent.terminal.type}`]',
    only: 'a shell in the place of a failed step: root',
  },
  {
    name: 'a shell is not told of another size',
    file: 'src/engine/executor/launch-on-terminal.ts',
    tests: shells,
    find: 'user.onResized((size) => void resize(device, size));',
    replace: '',
    only: 'keys that end programs',
  },
  {
    name: 'keys that end programs end cip',
    file: 'src/cli/own-terminal.ts',
    tests: shells,
    find: 'keyboard.setRawMode(true);',
    replace: '',
    only: 'keys that end programs',
  },
  {
    name: 'no terminal is found out when a step has failed',
    file: 'src/cli/own-terminal.ts',
    tests: shells,
    find: 'if (!keyboard.isTTY || !stdout.isTTY)',
    replace: 'if (keyboard === undefined)',
    only: 'no terminal',
  },
];
