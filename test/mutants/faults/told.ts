import type { Fault } from '../fault.ts';

const lacking = ['test/orchestrator/plan/lacking-platforms.test.ts'];
const document = ['test/e2e/one-document.test.ts'];
const pressure = ['test/worker/back-pressure.test.ts'];
const line = ['test/cli/command-line.test.ts'];
const triggers = ['test/project/trigger-references.test.ts'];
const childTriggers = ['test/orchestrator/key/child-triggers.test.ts'];
const advice = ['test/project/dependency-graph.test.ts'];
const paths = ['test/orchestrator/run/repointed-links.test.ts'];

/** What a person or a program is told, and when: platforms of parents, documents, readers that are behind, triggers. */
export const faults: readonly Fault[] = [
  {
    name: 'a platform that a parent lacks is left to the build',
    file: 'src/orchestrator/plan/plan-failures.ts',
    find: '    ...images.flatMap(({ name }) => lackedBy(name, decisions, inputs)),\n',
    replace: '',
    tests: lacking,
  },
  {
    name: 'a platform that a parent lacks stops what does not need it',
    file: 'src/orchestrator/plan/plan-failures.ts',
    find: '    ...lackedBy(name, decisions, inputs),\n',
    replace: '',
    tests: lacking,
  },
  {
    name: 'a trigger that is only handed on needs its platform',
    file: 'src/orchestrator/key/parent-use.ts',
    find: "return kind === 'onbuild' && from === image;",
    replace: "return kind === 'onbuild' && from !== image;",
    tests: lacking,
  },
  {
    name: 'the platform of the machine is that of the image',
    file: 'src/orchestrator/plan/lacking-platforms.ts',
    find: "use.images(image, platform, where === 'here' ? machine : undefined);",
    replace: 'taking.images(image, platform, platform);',
    tests: lacking,
  },
  {
    name: 'a command that fails prints no document',
    file: 'src/cli/main.ts',
    find: 'if (invocation.options.json && !hasPrinted())',
    replace: 'if (invocation.options.json && hasPrinted())',
    tests: document,
  },
  {
    name: 'a command that was stopped says what went wrong because of it',
    file: 'src/cli/main.ts',
    find: 'by === undefined ? failures : [interrupted(by)]',
    replace: 'failures.slice(1)',
    tests: document,
    only: 'SIG',
  },
  {
    name: 'failures of images are not among those of the run',
    file: 'src/cli/report.ts',
    find: "'failures' in result ? result.failures.map((one) => failureJson(one, result.image.name, cwd)) : [],",
    replace: '[],',
    tests: ['test/cli/report.test.ts'],
  },
  {
    name: 'places are those of this machine',
    file: 'src/orchestrator/plan/failure-json.ts',
    find: 'at.file.startsWith(`${cwd}/`) ?',
    replace: 'at.file.startsWith(`${cwd}//`) ?',
    tests: document,
    only: 'a step that fails',
  },
  {
    name: 'steps do not wait for a reader that is behind',
    file: 'src/worker/channel.ts',
    find: 'this.#isPaused = true;',
    replace: '',
    tests: pressure,
    only: 'waits',
  },
  {
    name: 'nobody says that the reader is behind',
    file: 'src/worker/worker-builder.ts',
    find: 'this.#wait(pending.progress.taken?.());',
    replace: '',
    tests: pressure,
    only: 'waits',
  },
  {
    name: 'what is cancelled waits for a reader',
    file: 'src/worker/main.ts',
    find: "  channel.resume();\n  send({ type: 'cancelling', id });",
    replace: "  send({ type: 'cancelling', id });",
    tests: pressure,
    only: 'cancelled',
  },
  {
    name: 'a reader that went away is waited for',
    file: 'src/cli/kept-up.ts',
    find: "['drain', 'error', 'close']",
    replace: "['drain']",
    tests: pressure,
    only: 'keptUp',
  },
  {
    name: 'the first word of a command has no help',
    file: 'src/cli/command-line.ts',
    find: 'if (group.length > 0) return help(group);',
    replace: '',
    tests: line,
  },
  {
    name: 'of a command of two words the first alone is looked at',
    file: 'src/cli/command-line.ts',
    find: 'const group = positionals.length === 1 ? commandsBelow(positionals[0]!) : [];',
    replace: 'const group = commandsBelow(positionals[0]!);',
    tests: line,
  },
  {
    name: 'a stage of the child is an image',
    file: 'src/project/references.ts',
    find: "  if (written.kind === 'onbuild' && isLeft(written, scope)) return ok(undefined);\n",
    replace: '',
    tests: triggers,
  },
  {
    name: 'what the child declares is nothing to a trigger',
    file: 'src/project/trigger-references.ts',
    find: '{ home, scope, stage: stage.index }',
    replace: '{ home, scope: home, stage: stage.index }',
    tests: triggers,
  },
  {
    name: 'the image that a trigger names is no parent of the child',
    file: 'src/project/dependency-graph.ts',
    find: 'edges: [...own.edges, ...run.edges],',
    replace: 'edges: own.edges,',
    tests: childTriggers,
  },
  {
    name: 'the image that a trigger names is asked for',
    file: 'src/orchestrator/key/external-images.ts',
    find: '(one.trigger ?? one.at).offset === at.offset',
    replace: 'one.at.offset === at.offset',
    tests: childTriggers,
  },
  {
    name: 'references without a version are told one by one',
    file: 'src/project/dependency-graph.ts',
    find: 'return places.length === 0 ? [] : [withoutVersion(places)];',
    replace: 'return places.map((place) => withoutVersion([place]));',
    tests: advice,
    only: 'advises',
  },
  {
    name: 'a part of a version is none',
    file: 'src/project/dependency-graph.ts',
    find: "pin.kind === 'floating' && (tag === undefined || tag === 'latest')",
    replace: "pin.kind === 'floating'",
    tests: advice,
    only: 'advises',
  },
  {
    name: 'a context is remembered by its first paths',
    file: 'src/orchestrator/state/key-memory.ts',
    find: 'if (known === undefined || !isEqual(known, paths))',
    replace: 'if (known === undefined)',
    tests: paths,
  },
  {
    name: 'a key without paths is known',
    file: 'src/orchestrator/state/earlier-keys.ts',
    find: 'const isWhole = remembered?.paths !== undefined;',
    replace: 'const isWhole = remembered !== undefined;',
    tests: paths,
  },
  {
    name: 'a file that is read elsewhere is told twice',
    file: 'src/orchestrator/key/key-change.ts',
    find: 'if (alike.length > 0) left.delete(path);',
    replace: '',
    tests: ['test/orchestrator/key/key-change.test.ts'],
  },
  {
    name: 'what could not be written is taken for written',
    file: 'src/cli/main.ts',
    find: 'exit(lost === undefined || status !== exitStatus.done ? status : await report(lost));',
    replace: 'exit(lost === undefined || status !== exitStatus.usage ? status : await report(lost));',
    tests: ['test/e2e/one-document.test.ts'],
    only: 'the disk is full',
  },
];
