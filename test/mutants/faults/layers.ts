import type { Fault } from '../fault.ts';

const merged = ['test/engine/snapshot/merged-layers.test.ts'];
const lowered = ['test/engine/frontend/layers.test.ts'];
const whole = ['test/e2e/layers.test.ts'];
const settings = ['test/e2e/step-settings.test.ts'];

/** Which layers images have. */
export const faults: readonly Fault[] = [
  {
    name: 'what is gone of the layers below is there again',
    file: 'src/engine/snapshot/merged-layers.ts',
    find: '  yield* removed(tree, below);\n  const wanted',
    replace: '  const wanted',
    tests: merged,
  },
  {
    name: 'a directory that came again has what the old one had',
    file: 'src/engine/snapshot/merged-layers.ts',
    find: "else if (now.type === 'directory') yield* removed(tree, below, path);",
    replace: '',
    tests: merged,
  },
  {
    name: 'layers below come along',
    file: 'src/engine/snapshot/merged-layers.ts',
    find: 'if (before?.layer === layer && before.entry.path === entry.path) continue;',
    replace: '',
    tests: merged,
  },
  {
    name: 'names of one file become files',
    file: 'src/engine/snapshot/merged-layers.ts',
    find: "for (const other of others) yield { type: 'hardlink', path: other, target: path };",
    replace: '',
    tests: merged,
  },
  {
    name: 'a mark in the middle of a word counts',
    file: 'src/dockerfile/statement.ts',
    find: '/\\s#!\\s*commit$/i',
    replace: '/#!\\s*commit$/i',
    tests: lowered,
  },
  {
    name: 'a mark belongs to the instruction',
    file: 'src/dockerfile/statement.ts',
    find: 'const end = mark === undefined ? last :',
    replace: 'const end = mark !== undefined ? last :',
    tests: lowered,
  },
  {
    name: 'a stage below ends no layer',
    file: 'src/engine/frontend/stage-state.ts',
    find: 'state.commits.add(state.ownLayers);',
    replace: '',
    tests: lowered,
  },
  {
    name: 'each step has a layer in the history',
    file: 'src/engine/frontend/layer-groups.ts',
    find: 'entry.empty_layer === true || kept.has(at) ? entry',
    replace: 'entry.empty_layer === true || !kept.has(at) ? entry',
    tests: lowered,
  },
  {
    name: 'the layers of the base are made one',
    file: 'src/engine/frontend/layer-groups.ts',
    find: '[...Array<number>(baseLayers).fill(1), ...own]',
    replace: '[baseLayers, ...own]',
    tests: lowered,
  },
  {
    name: 'an image with other layers is up to date',
    file: 'src/orchestrator/key/build-key.ts',
    find: '...sortedEntries(inputs.options ?? {})',
    replace: '...sortedEntries({})',
    tests: whole,
  },
  {
    name: 'labels that are given are left out',
    file: 'src/engine/frontend/lower.ts',
    find: 'given.length === 0 ? config',
    replace: 'given.length >= 0 ? config',
    tests: whole,
  },
  {
    name: 'an image with other labels is up to date',
    file: 'src/orchestrator/plan/prepare-plan.ts',
    find: '[optionOf(layers)]), ...named]',
    replace: '[optionOf(layers)])]',
    tests: whole,
  },
  {
    name: 'two options for layers are taken at once',
    file: 'src/cli/layer-choice.ts',
    find: "if (commit === 'explicit') throw",
    replace: "if (commit !== 'explicit') throw",
    tests: whole,
  },
  {
    name: 'steps of a project have no settings',
    file: 'src/orchestrator/run/build-image.ts',
    find: '    labels,\n    settings,\n    platforms,',
    replace: '    labels,\n    platforms,',
    tests: settings,
  },
  {
    name: 'an image with other settings of steps is up to date',
    file: 'src/orchestrator/plan/prepare-plan.ts',
    find: '    ...settingOptions(settings),\n',
    replace: '',
    tests: settings,
  },
  {
    name: 'the network of the machine builds no image anew',
    file: 'src/orchestrator/key/setting-options.ts',
    find: "network === undefined || network === 'default' ?",
    replace: "network !== 'none' ?",
    tests: settings,
  },
];
