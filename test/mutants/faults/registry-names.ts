import type { Fault } from '../fault.ts';

const tests = ['test/e2e/registry-names.test.ts'];

/** What registries list and let go of. */
export const faults: readonly Fault[] = [
  {
    name: 'an image goes though it has other tags',
    file: 'src/registry/remove-tags.ts',
    find: 'if (sharing.length > 0) throw',
    replace: 'if (sharing.length < 0) throw',
    tests,
    only: 'of Docker',
  },
  {
    name: 'tags that are named together keep each other',
    file: 'src/registry/remove-tags.ts',
    find: '    if (given.has(tag)) continue;\n',
    replace: '',
    tests,
    only: 'of Docker',
  },
  {
    name: 'where tags go alone the image goes with all of them',
    file: 'src/registry/remove-tags.ts',
    find: '    alone.push(tag);\n    left.delete(tag);\n',
    replace: '    alone.push(tag);\n    await remote.deleteManifest(tags.get(tag)!, signal);\n    left.delete(tag);\n',
    tests,
    only: 'of cip',
  },
  {
    name: 'a repository without a tag is its latest',
    file: 'src/cli/commands/registry-rm.ts',
    find: 'if (digest === undefined && !isTagged) throw',
    replace: "if (digest === undefined && tag === '') throw",
    tests,
    only: 'of cip',
  },
  {
    name: 'a name that is not there stops nothing',
    file: 'src/cli/commands/registry-rm.ts',
    find: 'if (found === undefined) throw new FailureError(imageNotInRegistry(formatReference(parsed.value)));',
    replace: 'if (found === undefined) return;',
    tests,
    only: 'of cip',
  },
  {
    name: 'a path is any beginning of a name',
    file: 'src/cli/commands/registry-ls.ts',
    find: 'name.startsWith(`${path}/`)',
    replace: 'name.startsWith(path)',
    tests,
    only: 'of cip',
  },
];
