import type { Fault } from '../fault.ts';

const tests = ['test/e2e/layout-names.test.ts'];
const reader = { file: 'src/cli/layout-image.ts', tests };
const writer = { file: 'src/engine/exporter/layout-files.ts', tests };

/** Names of images in layouts. */
export const faults: readonly Fault[] = [
  {
    ...writer,
    name: 'images of layouts have no tags',
    find: 'isForDocker ? names.map(formatReference) : tagsOf(names)',
    replace: 'isForDocker ? tagsOf(names) : names.map(formatReference)',
  },
  {
    ...writer,
    name: 'two entries of a layout have one tag',
    find: 'tags.indexOf(tags[at]!) === at ? tags[at]! : formatReference(name)',
    replace: 'tags.indexOf(tags[at]!) <= at ? tags[at]! : formatReference(name)',
    only: 'of names with one tag',
  },
  {
    ...reader,
    name: 'a name in full is a path',
    find: '  if (await isLayout(path)) return { path, name: tag, digest };\n',
    replace: '  if (path !== named.slice(named.length)) return { path, name: tag, digest };\n',
    only: 'of names with one tag',
  },
  {
    ...reader,
    name: 'a directory with a colon is a name',
    find: '  if (await isLayout(named)) return { path: named, name: undefined, digest };\n',
    replace: '',
    only: 'by its name: both',
  },
  {
    ...reader,
    name: 'a tag is looked for in names that are tags alone',
    find: "one.includes(':') && referenceIn(one)?.tag === name",
    replace: "one === '' && referenceIn(one)?.tag === name",
    only: 'the store, and archives',
  },
  {
    ...reader,
    name: 'names in full are looked for where only tags are',
    find: '[annotationNames.containerdImageName, annotationNames.refName]',
    replace: '[annotationNames.refName]',
    only: 'BuildKit',
  },
  {
    ...reader,
    name: 'an image of a layout leaves its name there',
    find: 'reference: nameOfEntry(found)',
    replace: 'reference: undefined',
    only: 'by its name: both',
  },
];
