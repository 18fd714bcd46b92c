import type { Fault } from '../fault.ts';

const projects = ['test/cli/broken-projects.test.ts'];
const mistakes = ['test/cli/mistakes.test.ts'];
const stages = ['test/engine/frontend/stages.test.ts'];
const words = ['test/cli/command-line.test.ts'];
const document = ['test/e2e/one-document.test.ts'];

/** All that is wrong with a project at once and nothing that follows from it, names that are nearly others, and signals. */
export const faults: readonly Fault[] = [
  {
    name: 'below a line that cannot be read everything is as above it',
    file: 'src/engine/frontend/lower.ts',
    find: 'if (passed > above) state.forget();',
    replace: '',
    tests: projects,
  },
  {
    name: 'a user is remembered below a line that cannot be read',
    file: 'src/engine/frontend/stage-state.ts',
    find: 'this.isOpen = true;\n    this.args.clear();',
    replace: 'this.args.clear();',
    tests: projects,
  },
  {
    name: 'a stage whose last line cannot be read is known to those built from it',
    file: 'src/engine/frontend/lower.ts',
    find: 'if (passed < gaps.length) state.forget();',
    replace: '',
    tests: projects,
  },
  {
    name: 'a FROM that cannot be read starts no stage',
    file: 'src/dockerfile/parse.ts',
    find: "if (suggestionFor(word, keywordNames) !== 'FROM') return undefined;",
    replace: "if (suggestionFor(word, keywordNames) !== 'FORM') return undefined;",
    tests: projects,
  },
  {
    name: 'the arguments above the first FROM are known, whatever cannot be read there',
    file: 'src/dockerfile/parse.ts',
    find: 'else if (last === undefined) return undefined;',
    replace: 'else if (last === undefined) continue;',
    tests: projects,
  },
  {
    name: 'what stands below a misspelled FROM stands before the first',
    file: 'src/dockerfile/parse.ts',
    find: 'unread.find((line) => unreadFrom(line))?.at.offset',
    replace: 'unread.find((line) => !line)?.at.offset',
    tests: projects,
  },
  {
    name: 'a mistake in the syntax hides those in values',
    file: 'src/cli/commands/check.ts',
    find: 'target === undefined ? [...graph.project.unread.keys()] : []',
    replace: 'target !== undefined ? [...graph.project.unread.keys()] : []',
    tests: projects,
  },
  {
    name: 'mistakes of one file are told as they are found',
    file: 'src/cli/render/check.ts',
    find: '(a.at?.offset ?? 0) - (b.at?.offset ?? 0)',
    replace: '(b.at?.offset ?? 0) - (a.at?.offset ?? 0)',
    tests: projects,
  },
  {
    name: 'triggers of a parent are left to the build',
    file: 'src/engine/frontend/certain-failures.ts',
    find: 'OnBuild: [...triggers]',
    replace: 'OnBuild: triggers.slice(triggers.length)',
    tests: projects,
  },
  {
    name: 'triggers of another version of a parent run',
    file: 'src/cli/dockerfile-failures.ts',
    find: 'if (!parent || !isFollowed(edge, parent.version)) return [];',
    replace: 'if (!parent) return [];',
    tests: projects,
  },
  {
    name: 'triggers of a stage run in the children of the image as well',
    file: 'src/cli/dockerfile-failures.ts',
    find: 'const { instructions } = parent.dockerfile.stages.at(-1)!;',
    replace: 'const instructions = parent.dockerfile.stages.flatMap((stage) => stage.instructions);',
    tests: projects,
  },
  {
    name: 'numbers of images in a cycle contradict it',
    file: 'src/project/dependency-graph.ts',
    find: '...edges.flatMap((edge) => prefixFailures',
    replace: '...written.flatMap((edge) => prefixFailures',
    tests: projects,
  },
  {
    name: 'a misspelled stage is an image without a word',
    file: 'src/project/context-references.ts',
    find: 'meant === undefined ? [] : [imageLikeStage(text, meant, at)]',
    replace: '[]',
    tests: mistakes,
  },
  {
    name: 'an image with a tag is a misspelled stage',
    file: 'src/dockerfile/misspelled-stages.ts',
    find: 'if (/[$/:@]/.test(text) ||',
    replace: 'if (/[$/@]/.test(text) ||',
    tests: mistakes,
  },
  {
    name: 'a base is a misspelled stage',
    file: 'src/project/context-references.ts',
    find: "if (kind === 'from' || variables.length > 0",
    replace: 'if (variables.length > 0',
    tests: mistakes,
  },
  {
    name: 'files of scratch are asked of a registry',
    file: 'src/engine/frontend/lower.ts',
    find: "if (index === undefined && name === 'scratch')",
    replace: "if (index !== undefined && name === 'scratch')",
    tests: stages,
  },
  {
    name: 'scratch is an image of Docker Hub to the graph',
    file: 'src/project/references.ts',
    find: "|| expanded === 'scratch') return ok(undefined);",
    replace: "|| (written.kind === 'from' && expanded === 'scratch')) return ok(undefined);",
    tests: ['test/project/dependency-graph.test.ts'],
  },
  {
    name: 'half a secret is one',
    file: 'src/cli/options/build-options.ts',
    find: "id === ''\n                ? 'it needs the id of the secret'",
    replace: "id === '!'\n                ? 'it needs the id of the secret'",
    tests: words,
  },
  {
    name: 'a command that is nearly right is an image to plan',
    file: 'src/cli/commands/plan.ts',
    find: 'withCommandMeant(error, invocation.positionals[0])',
    replace: 'withCommandMeant(error, undefined)',
    tests: mistakes,
  },
  {
    name: 'a terminal that is gone ends cip at once',
    file: 'src/cli/interruption.ts',
    find: ", 'SIGHUP'] as const",
    replace: '] as const',
    tests: document,
    only: 'SIGHUP',
  },
  {
    name: 'a signal while the program is loaded is forgotten',
    file: 'src/cli/main.ts',
    find: 'interruption.signal.throwIfAborted();',
    replace: '',
    tests: document,
    only: 'being loaded',
  },
  {
    name: 'places in documents are those of this machine',
    file: 'src/orchestrator/plan/failure-json.ts',
    find: 'at: { ...at, file }, ',
    replace: '',
    tests: document,
    only: 'a step that fails',
  },
];
