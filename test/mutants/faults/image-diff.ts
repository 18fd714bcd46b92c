import type { Fault } from '../fault.ts';

const trees = { file: 'src/layer/compare-trees.ts', tests: ['test/layer/compare-trees.test.ts'] };
const paths = { file: 'src/layer/same-paths.ts', tests: ['test/layer/compare-trees.test.ts'] };
const config = { file: 'src/cli/config-differences.ts', tests: ['test/cli/config-differences.test.ts'] };
const tests = ['test/e2e/image-diff.test.ts'];
const layers = { file: 'src/cli/compared-layers.ts', tests };
const images = { file: 'src/cli/image-difference.ts', tests };

const render = { file: 'src/cli/render/image-diff.ts', tests: ['test/cli/render/image-diff.test.ts'] };

/** What differs between two images: each rule of what is told and what is not. */
export const faults: readonly Fault[] = [
  {
    ...trees,
    name: 'files are compared by their size',
    find: "if (one.digest !== other.digest) yield 'content';",
    replace: "if (one.size !== other.size) yield 'content';",
  },
  {
    ...trees,
    name: 'a mode of a link is one',
    find: "one.mode !== other.mode && one.type !== 'symlink' && other.type !== 'symlink'",
    replace: 'one.mode !== other.mode',
  },
  {
    ...trees,
    name: 'the group of a file is no matter',
    find: 'one.uid !== other.uid || one.gid !== other.gid',
    replace: 'one.uid !== other.uid',
  },
  {
    ...trees,
    name: 'all links lead to the same',
    find: "other.type === 'symlink' && one.target !== other.target",
    replace: "other.type === 'symlink' && one.target === undefined",
  },
  {
    ...trees,
    name: 'devices of one kind are the same',
    find: 'one.major !== other.major || one.minor !== other.minor',
    replace: 'one.major !== other.major',
  },
  {
    ...trees,
    name: 'attributes are not compared',
    find: "  if (!sameXattrs(one.xattrs, other.xattrs)) differs.push('xattrs');\n",
    replace: '',
  },
  {
    ...trees,
    name: 'times always count',
    find: 'if (times && one.mtime !== other.mtime)',
    replace: 'if (one.mtime !== other.mtime || (times && one.mtime !== other.mtime))',
  },
  {
    ...trees,
    name: 'times never count',
    find: 'if (times && one.mtime !== other.mtime)',
    replace: 'if (times && one.mtime === undefined)',
  },
  {
    ...trees,
    name: 'the name that a file has by chance counts',
    find: 'names.find((name) => this.#other.lookup(name)?.entry.type === entry.type),',
    replace: 'names.find((name) => this.#other !== undefined && name !== undefined),',
  },
  {
    ...trees,
    name: 'two names of one file are two files',
    find: "if (one.type === other.type && before.link !== after.link) differs.push('link');",
    replace: "if (one.type !== other.type && before.link !== after.link) differs.push('link');",
  },
  {
    ...trees,
    name: 'the end of one tree is the end of both',
    find: 'while (one !== undefined || other !== undefined) {',
    replace: 'while (one !== undefined && other !== undefined) {',
  },
  {
    ...paths,
    name: 'the base is not read whatever the paths',
    find: 'entry.type !== twin.type || entry.path !== twin.path',
    replace: 'entry.type !== twin.type',
  },
  {
    ...paths,
    name: 'a mark is a file',
    find: 'entry.type !== twin.type || entry.path !== twin.path',
    replace: 'entry.path !== twin.path',
  },
  {
    ...paths,
    name: 'a link to a file below does without it',
    find: '(own.has(entry.target) && own.has(twin.target))',
    replace: '(own.has(entry.path) && own.has(twin.path))',
  },
  {
    ...config,
    name: 'what is empty is something',
    find: 'return Boolean(value);',
    replace: 'return value !== undefined;',
  },
  {
    ...config,
    name: 'of a variable that is set twice the last one counts',
    find: 'known === undefined ? value : [known, value].flat()',
    replace: 'value',
  },
  {
    ...config,
    name: 'a value ends at the next =',
    find: '/^([^=]*)=(.*)$/s',
    replace: '/^([^=]*)=([^=]*)/s',
  },
  {
    ...config,
    name: 'a port without a protocol is another',
    find: '`${port}/tcp`',
    replace: 'port',
  },
  {
    ...config,
    name: 'what only others know is left out',
    find: 'others.filter((field) => !inOrder.includes(field))',
    replace: 'others.slice(others.length)',
  },
  {
    ...config,
    name: 'when an image was made always counts',
    find: "...(times ? valueDifference('created', before.created, after.created) : []),",
    replace: "...valueDifference('created', before.created, times ? after.created : after.created),",
  },
  {
    ...layers,
    name: 'layers are the same if they are as long',
    find: 'layer.digest === other?.digest ||',
    replace: 'layer.size === other?.size ||',
    only: 'one file, otherwise',
  },
  {
    ...layers,
    name: 'layers that are packed otherwise are others',
    find: ' || (layer.diffID !== undefined && layer.diffID === other?.diffID)',
    replace: '',
    only: 'however it is packed',
  },
  {
    ...layers,
    name: 'layers that both share are always read',
    find: 'touchSamePaths(added, others)\n',
    replace: 'touchSamePaths(added, others) && added.length === 0\n',
    only: 'one file, otherwise',
  },
  {
    ...layers,
    name: 'layers that both share are never read',
    find: 'touchSamePaths(added, others)\n',
    replace: 'touchSamePaths(added, others) || others.length > 0\n',
    only: 'a whiteout',
  },
  {
    ...layers,
    name: 'a layer may be another than its configuration says',
    find: '{ compression, diffID }',
    replace: '{ compression }',
    only: 'never a difference',
  },
  {
    ...images,
    name: 'what one image alone has is no difference',
    find: 'return { platform, equal: false, only,',
    replace: 'return { platform, equal: true, only,',
    only: 'annotations and platforms',
  },
  {
    ...images,
    name: 'platforms are compared as they come',
    find: '({ platform }) => platform === one.platform',
    replace: '({ platform }) => platform !== undefined && one.platform !== undefined',
    only: 'annotations and platforms',
  },
  {
    ...images,
    name: 'what the index says of an image is not compared',
    find: '[before.descriptorAnnotations, after.descriptorAnnotations]',
    replace: '[before.descriptorAnnotations, before.descriptorAnnotations]',
    only: 'annotations and platforms',
  },
  {
    ...images,
    name: 'notes of cip for itself are differences',
    find: "!name.startsWith('io.github.container-image-pipelines.') && ",
    replace: '',
    only: 'notes for itself',
  },
  {
    ...images,
    name: 'the time in an annotation always counts',
    find: '(times || name !== annotationNames.created)',
    replace: '(times || name !== annotationNames.authors)',
    only: 'notes for itself',
  },
  {
    ...images,
    name: 'the time in an annotation never counts',
    find: '(times || name !== annotationNames.created)',
    replace: '(name !== annotationNames.created || name.length === Number(times))',
    only: 'notes for itself',
  },
  {
    ...render,
    name: 'a document of many files is no JSON',
    find: "      separator = ',';\n",
    replace: '',
  },
  {
    ...render,
    name: 'what differs is told in one piece',
    find: 'const PIECE = 1000;',
    replace: 'const PIECE = 1e9;',
  },
  {
    name: 'images that differ are a success',
    file: 'src/cli/commands/image-diff.ts',
    find: 'return difference.equal ? exitStatus.done : exitStatus.differences;',
    replace: 'return difference.equal ? exitStatus.differences : exitStatus.done;',
    tests,
    only: 'one file, otherwise',
  },
];
