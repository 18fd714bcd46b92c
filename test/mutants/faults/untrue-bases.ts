import type { Fault } from '../fault.ts';

const resolving = ['test/engine/resolve-images.test.ts'];
const atFault = ['test/engine/base-at-fault.test.ts'];

/** Bases that are no images, or broken ones, and what is said of them. */
export const faults: readonly Fault[] = [
  {
    name: 'a layer of an unknown type does not count',
    file: 'src/engine/resolve-images.ts',
    find: 'if (unreadable) throw',
    replace: 'if (unreadable?.size === -1) throw',
    tests: resolving,
  },
  {
    name: 'what is not an image by its configuration is read as one',
    file: 'src/engine/resolve-images.ts',
    find: 'if (artifact !== undefined) throw',
    replace: "if (artifact === '') throw",
    tests: resolving,
  },
  {
    name: 'an artifact is told by the type of its empty configuration',
    file: 'src/engine/resolve-images.ts',
    find: 'return artifactType ?? layers[0]?.mediaType ?? mediaType;',
    replace: 'return mediaType;',
    tests: resolving,
  },
  {
    name: 'an odd type of the configuration makes an artifact of an image',
    file: 'src/engine/resolve-images.ts',
    find: 'return layers.some(isReadable) ? undefined : (artifactType ?? mediaType);',
    replace: 'return artifactType ?? mediaType;',
    tests: resolving,
  },
  {
    name: 'an index of nothing lacks the one platform that was asked for',
    file: 'src/engine/failure.ts',
    find: '? `${reference} has no image for any platform: its index is empty`',
    replace: '? `${reference} is not there for ${formatPlatform(wanted)}`',
    tests: resolving,
  },
  {
    name: 'a missing field is said in the words of the library',
    file: 'src/oci/parse-document.ts',
    find: "if (issue.code !== 'invalid_type') return",
    replace: "if (issue.code !== 'custom') return",
    tests: resolving,
  },
  {
    name: 'a broken layer is told at the step that met it',
    file: 'src/engine/base-at-fault.ts',
    find: 'base.at ? { ...failure, at: base.at } : failure',
    replace: 'failure',
    tests: atFault,
  },
  {
    name: 'a layer of the second base is laid to the first',
    file: 'src/engine/base-at-fault.ts',
    find: 'layers.includes(found.layer)',
    replace: 'layers.length > 0',
    tests: atFault,
  },
  {
    name: 'what has a place already is not looked into',
    file: 'src/engine/base-at-fault.ts',
    find: 'return layerErrorIn(error.cause);',
    replace: 'return undefined;',
    tests: atFault,
  },
  {
    name: 'a base that is no tar is an archive that is none',
    file: 'src/engine/base-at-fault.ts',
    find: "  'tar-header-invalid',\n",
    replace: '',
    tests: atFault,
  },
  {
    name: 'that a base does not fit its configuration is said of nobody',
    file: 'src/engine/base-at-fault.ts',
    find: "if (failure.reason === 'layer-digest-mismatch') return",
    replace: "if (failure.reason === 'tar-truncated') return",
    tests: atFault,
  },
];
