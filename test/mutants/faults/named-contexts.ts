import type { Fault } from '../fault.ts';

const names = { file: 'src/context/named-contexts.ts', tests: ['test/context/named-contexts.test.ts'] };
const used = { file: 'src/context/used-contexts.ts', tests: ['test/context/named-contexts.test.ts'] };
const whole = { tests: ['test/e2e/named-contexts.test.ts'] };

/** `--build-context`: names, and what they mean. */
export const faults: readonly Fault[] = [
  {
    name: 'a context of a platform is for none',
    ...names,
    find: '[`${familiar}::${formatPlatform(platform)}`, familiar].find',
    replace: '[familiar].find',
  },
  {
    name: 'a context for all platforms comes before one for the platform',
    ...names,
    find: '[`${familiar}::${formatPlatform(platform)}`, familiar].find',
    replace: '[familiar, `${familiar}::${formatPlatform(platform)}`].find',
  },
  {
    name: 'scratch can be replaced',
    ...names,
    find: "new Set(['scratch', 'context'])",
    replace: "new Set(['context'])",
  },
  {
    name: 'a replaced stage has its instructions',
    ...names,
    find: 'instructions: [], isReplaced: true',
    replace: 'instructions: stage.instructions, isReplaced: true',
  },
  {
    name: 'a name of a context is as it is typed',
    ...names,
    find: 'const familiar = familiarReference(parsed.value);\n  if (reserved.has(familiar)) {',
    replace: 'const familiar = name;\n  if (reserved.has(familiar)) {',
  },
  {
    name: 'a trigger uses no context',
    ...used,
    find: '...triggersIn(stage).flatMap(usesOfInstruction)',
    replace: '...[]',
  },
  {
    name: 'the name of a stage uses no context',
    ...used,
    find: '...(stage.name === undefined ? [] : [stage.name]),',
    replace: '',
  },
  {
    name: 'a layout is believed by its names',
    file: 'src/cli/layout-image.ts',
    ...whole,
    find: 'if (wanted.digest !== undefined) return digest === wanted.digest;',
    replace: '',
  },
  {
    name: 'a layout with another tag has the image',
    file: 'src/cli/layout-image.ts',
    ...whole,
    find: 'name === undefined && digest === undefined && manifests.length === 1',
    replace: 'manifests.length === 1',
  },
  {
    name: 'the ignore file of a named directory counts for nothing',
    file: 'src/cli/given-contexts.ts',
    ...whole,
    find: 'const written = orThrow(await readOwnIgnoreFile(directory, path));',
    replace: 'const written: readonly string[] = [];',
  },
  {
    name: 'of two contexts of one name the last counts',
    file: 'src/cli/given-contexts.ts',
    ...whole,
    find: 'else if (wanted.has(name.value)) wrong({',
    replace: "else if (name.value === '') wrong({",
  },
];
