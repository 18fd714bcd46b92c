import type { Fault } from '../fault.ts';

const image = 'src/orchestrator/plan/why-image.ts';
const whole = ['test/e2e/why.slow.test.ts'];
const use = 'src/orchestrator/key/first-use.ts';
const useTests = ['test/orchestrator/key/first-use.test.ts'];
const change = 'src/orchestrator/key/file-change.ts';
const changeTests = ['test/orchestrator/key/file-change.test.ts'];
const shown = 'src/dockerfile/shown-text.ts';
const partTests = ['test/engine/op/key-parts.test.ts'];
const stepTests = ['test/engine/step-why.test.ts'];
const mergeTests = ['test/orchestrator/plan/merge-causes.test.ts'];
const shownTests = ['test/dockerfile/shown-text.test.ts'];

const traceTests = ['test/e2e/trace.test.ts'];

/** Causes that `cip why` names. */
const table = { tests: ['test/keys/key-table.slow.test.ts'] };
const seen = { file: 'src/context/decide-context.ts', tests: ['test/context/decide-context.test.ts'] };

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
    find: '.filter((one) => one !== id)',
    replace: '',
    tests: ['test/cli/trace-file.test.ts'],
  },
  {
    name: 'what is under way has no end in a trace',
    file: 'src/cli/trace-file.ts',
    find: "this.#end('run', ts);",
    replace: '',
    tests: ['test/cli/trace-file.test.ts', 'test/e2e/trace.test.ts'],
  },
  {
    name: 'in a trace, what is a part of something goes on after it',
    file: 'src/cli/trace-file.ts',
    find: "if (inner !== id && (parent === id || id === 'run')) this.#end(inner, at);",
    replace: ';',
    tests: ['test/cli/trace-file.test.ts'],
  },
  {
    name: 'in a trace, an image is sent within its build',
    file: 'src/cli/trace-file.ts',
    find: "const isWhole = kind === 'image' || kind === 'send';",
    replace: 'const isWhole = false;',
    tests: traceTests,
    only: '--trace: a build with a base',
  },
  {
    name: 'a trace that a kill leaves has no ends',
    file: 'src/cli/trace-file.ts',
    find: "this.#keep({ ...span, ph: 'E', ts: at });",
    replace: '',
    tests: traceTests,
    only: '--trace: what a build leaves',
  },
  {
    name: 'the worker tells nothing of its work',
    file: 'src/worker/worker-builder.ts',
    find: 'watchesWork: progress.watchesWork === true',
    replace: 'watchesWork: false',
    tests: traceTests,
    only: '--trace: a build with a base',
  },
  {
    name: 'work is told of where nobody watches',
    file: 'src/progress.ts',
    find: 'if (progress.watchesWork !== true) return await work();',
    replace: '',
    tests: ['test/cli/watched.test.ts'],
  },
  {
    name: 'work that fails has no end',
    file: 'src/progress.ts',
    find: "progress.emit({ type: 'work-finished', ...what, isFailed: true });",
    replace: '',
    tests: ['test/cli/watched.test.ts'],
  },
  ...[
    {
      what: 'compressing',
      file: 'src/engine/exporter/push-preparation.ts',
      find: '...work, made: (one) => one',
      replace: '...work',
    },
    {
      what: 'packing',
      file: 'src/engine/op/packing.ts',
      find: "kind: 'pack', name: 'layer', made: ({ blob }) => sizeOf(blob)",
      replace: "kind: 'pack', name: 'layer'",
    },
    {
      what: 'fetching layers',
      file: 'src/engine/engine.ts',
      find: "kind: 'pull', name: digest, digest, size",
      replace: "kind: 'pull', name: digest",
    },
    {
      what: 'fetching configurations',
      file: 'src/engine/resolve-images.ts',
      find: "kind: 'pull', name: digest, digest, size",
      replace: "kind: 'pull', name: digest",
    },
    {
      what: 'hashing contexts',
      file: 'src/orchestrator/key/decided-contexts.ts',
      find: 'progressOf(progress, { image: name })',
      replace: 'silent',
    },
    {
      what: 'hashing steps',
      file: 'src/engine/solver/solver.ts',
      find: "kind: 'hash', name, step",
      replace: "kind: 'unpack', name, step",
    },
    {
      what: 'sending',
      file: 'src/engine/exporter/registry.ts',
      find: ', onProgress }',
      replace: ' }',
    },
    {
      what: 'what is there already',
      file: 'src/oci/told-copies.ts',
      find: '      state,',
      replace: "      state: state === 'present' ? 'copied' : state,",
    },
    {
      what: 'layers that are shared',
      file: 'src/engine/cache/shared-results.ts',
      find: 'watched({ progress, kind, name: digest, digest, size }, work)',
      replace: 'watched({ progress: silent, kind, name: digest, digest, size }, work)',
    },
  ].map(({ what, ...fault }) => ({
    ...fault,
    name: `a trace does not tell of ${what}`,
    tests: traceTests,
    only: '--trace: a build with a base',
  })),
  {
    name: 'why is said without -v alone',
    file: 'src/cli/tell-why.ts',
    find: 'verbose === 0',
    replace: 'verbose > 0',
    tests: ['test/e2e/trace.test.ts'],
  },
  {
    name: 'the parts of a step are without its variables',
    file: 'src/engine/op/key-parts.ts',
    find: '[`env ${name}`, shortDigestOf(pair)]',
    replace: "[`env ${name}`, '']",
    tests: partTests,
  },
  {
    name: 'the parts of a step tell how a cache is shared',
    file: 'src/engine/op/key-parts.ts',
    find: 'canonicalText(keyOfMount(mount))',
    replace: 'canonicalText(mount)',
    tests: partTests,
  },
  {
    name: 'what a step fetches is no part of it',
    file: 'src/engine/op/copy.ts',
    find: '            ...ofFetched,\n',
    replace: '',
    tests: partTests,
  },
  {
    name: 'modes of files are no parts of a step',
    file: 'src/context/selection-parts.ts',
    find: "node.mode.toString(8).padStart(4, '0')",
    replace: "''",
    tests: ['test/e2e/step-why.test.ts'],
  },
  {
    name: 'a step is compared with any run of it',
    file: 'src/engine/step-why.ts',
    find: 'if (count < least)',
    replace: 'if (best === undefined)',
    tests: stepTests,
  },
  {
    name: 'a step is compared with another instruction of its stage',
    file: 'src/engine/step-why.ts',
    find: 'kind === now.kind && stage === now.stage',
    replace: 'kind === now.kind',
    tests: stepTests,
  },
  {
    name: 'what a failed step was made of is remembered',
    file: 'src/engine/step-why.ts',
    find: 'if (this.#made.length > 0) await this.#memory.add(image, platform, this.#made);',
    replace: 'await this.#memory.add(image, platform, [...this.#running.values()]);',
    tests: stepTests,
  },
  {
    name: 'what follows from a step is told as that of the one between',
    file: 'src/engine/step-why.ts',
    find: 'this.#first.get(input.digest) ?? input',
    replace: 'input',
    tests: ['test/e2e/step-why.test.ts'],
  },
  {
    name: 'runs of a step are remembered for ever',
    file: 'src/engine/cache/remembered-steps.ts',
    find: 'run > RUNS || ',
    replace: '',
    tests: ['test/engine/cache/remembered-steps.test.ts'],
  },
  {
    name: 'the record of an image has no end',
    file: 'src/engine/cache/remembered-steps.ts',
    find: ' || length > MOST_TEXT',
    replace: '',
    tests: ['test/engine/cache/remembered-steps.test.ts'],
  },
  {
    name: 'a cause is told for each parent',
    file: 'src/orchestrator/plan/merge-causes.ts',
    find: 'return originOf(cause.because);',
    replace: 'return JSON.stringify(cause);',
    tests: mergeTests,
  },
  {
    name: 'a cause is told for each platform',
    file: 'src/orchestrator/plan/merge-causes.ts',
    find: 'const same = JSON.stringify(cause);',
    replace: 'const same = JSON.stringify([platform, cause]);',
    tests: mergeTests,
  },
  {
    name: 'a cause of one platform is told as one of all',
    file: 'src/orchestrator/plan/merge-causes.ts',
    find: 'of.length < platforms',
    replace: 'of.length < 0',
    tests: mergeTests,
  },
  {
    name: 'an option is told as a build argument',
    file: 'src/orchestrator/plan/why-image.ts',
    find: "return name.startsWith('--');",
    replace: "return name === '--';",
    tests: ['test/e2e/why-words.test.ts'],
  },
  {
    name: 'what is not built here has one platform at least',
    file: image,
    find: 'if (platform === undefined) {',
    replace: 'if (platform === undefined) {\n    throw new Error(name);',
    tests: ['test/e2e/why-words.test.ts'],
    only: 'for another machine',
  },
  {
    name: 'nobody is told where a link leads that a wildcard matches',
    file: 'src/context/decide-context.ts',
    find: "source !== '' && source !== node.path",
    replace: "source === '' && source !== node.path",
    ...table,
  },
  {
    name: 'nobody is told which names are one file',
    ...seen,
    find: "other === undefined || other === node.path ? '' :",
    replace: "other !== '' ? '' :",
  },
  {
    name: 'nobody is told of another escape character',
    file: 'src/orchestrator/key/key-change.ts',
    find: 'return was === is ? [] : [{',
    replace: "return was === is || was !== '' ? [] : [{",
    ...table,
  },
  {
    name: 'a file of its own is told as a hard link',
    file: 'src/orchestrator/key/file-change.ts',
    find: 'const [before, after] = [was.same, is.same];',
    replace: 'const [before, after] = [is.same, was.same];',
    tests: ['test/orchestrator/key/file-change.test.ts'],
  },
  {
    name: 'a variable that is new is told as another order',
    file: 'src/engine/step-why.ts',
    find: "!(hasOthers && label === 'env order')",
    replace: 'true',
    tests: ['test/engine/step-why.test.ts'],
  },
];
