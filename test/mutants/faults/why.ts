import type { Fault } from '../fault.ts';

const image = 'src/orchestrator/plan/why-image.ts';
const whole = ['test/e2e/why.slow.test.ts'];
const use = 'src/orchestrator/key/first-use.ts';
const useTests = ['test/orchestrator/key/first-use.test.ts'];
const change = 'src/orchestrator/key/file-change.ts';
const changeTests = ['test/orchestrator/key/file-change.test.ts'];
const shown = 'src/orchestrator/key/shown-text.ts';
const shownTests = ['test/orchestrator/key/shown-text.test.ts'];

/** Causes that `cip why` names. */
export const faults: readonly Fault[] = [
  { name: 'causes are told as they come', file: image, find: 'a === b ? 0 : a - b', replace: '0', tests: whole },
  {
    name: 'a parent that is built already is told without a cause',
    file: image,
    find: 'if (was === undefined || is === undefined',
    replace: 'if (true || was === undefined || is === undefined',
    tests: whole,
  },
  {
    name: 'texts of instructions are forgotten',
    file: 'src/orchestrator/state/key-memory.ts',
    find: '  texts: z.array(z.string()).optional(),\n',
    replace: '',
    tests: whole,
  },
  {
    name: 'a mode is told before a content',
    file: change,
    find: 'was.content !== is.content',
    replace: 'was.mode === is.mode && was.content !== is.content',
    tests: changeTests,
  },
  { name: 'a short mode', file: change, find: "mode?.padStart(4, '0')", replace: 'mode', tests: changeTests },
  {
    name: 'an argument of another stage is used',
    file: use,
    find: 'let isHere = false',
    replace: 'let isHere = declared !== undefined',
    tests: useTests,
  },
  {
    name: 'heredocs use no argument',
    file: use,
    find: '[instruction.text, ...bodies]',
    replace: '[instruction.text]',
    tests: useTests,
  },
  {
    name: 'the first use of a file is any',
    file: use,
    find: 'one.offset - other.offset',
    replace: 'other.offset - one.offset',
    tests: useTests,
  },
  {
    name: 'a secret in an instruction is shown',
    file: shown,
    find: 'looksSecret(name) ?',
    replace: 'false ?',
    tests: shownTests,
  },
  {
    name: 'lanes of a trace are never free again',
    file: 'src/cli/trace-file.ts',
    find: 'if (span.tid !== runLane) this.#busy.delete(span.tid);',
    replace: '',
    tests: ['test/cli/trace-file.test.ts'],
  },
  {
    name: 'what is under way has no end in a trace',
    file: 'src/cli/trace-file.ts',
    find: 'for (const id of [...this.#open.keys()]) this.#end(id, ts);',
    replace: '',
    tests: ['test/cli/trace-file.test.ts', 'test/e2e/trace.test.ts'],
  },
  {
    name: 'why is said without -v alone',
    file: 'src/cli/tell-why.ts',
    find: 'verbose === 0',
    replace: 'verbose > 0',
    tests: ['test/e2e/trace.test.ts'],
  },
];
