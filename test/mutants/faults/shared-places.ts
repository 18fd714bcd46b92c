import type { Fault } from '../fault.ts';

const layers = 'src/engine/snapshot/layers.ts';
const place = 'src/engine/snapshot/unpacked-place.ts';
const shown = ['test/engine/snapshot/snapshotters.test.ts'];
const names = ['test/engine/snapshot/unpacked-place.test.ts'];

/** What others see of a layer that was unpacked once. */
export const faults: readonly Fault[] = [
  {
    name: 'a layer without files takes the place of one that is in use',
    file: place,
    find: "return join(place, 'fs');",
    replace: 'return place;',
    tests: shown,
    only: 'a step that changes nothing',
  },
  {
    name: 'what was removed below a root counts as deleted by the step',
    file: 'src/engine/snapshot/overlay.ts',
    find: 'await active.requireLower();',
    replace: '',
    tests: shown,
    only: 'somebody removes',
  },
  {
    name: 'directories stay opaque in all images',
    file: layers,
    find: 'if (!(await removeXattr(upper, opaque, signal))) return;',
    replace: '',
    tests: shown,
    only: 'moved into place',
  },
  {
    name: 'attributes that no layer has stay in all images',
    file: layers,
    find: 'if (!others.areKnown || others.areSeen) return;',
    replace: 'if (!others.areKnown) return;',
    tests: shown,
    only: 'attribute that no layer has',
  },
  {
    name: 'ACLs are no attributes',
    file: 'src/layer/xattr.ts',
    find: "!name.startsWith('security.')",
    replace: "name.startsWith('user.')",
    tests: shown,
    only: 'a default ACL',
  },
  {
    name: 'a default ACL of where the store is decides the modes in images',
    file: 'src/layer/inheritance.ts',
    find: "'--remove=system.posix_acl_default'",
    replace: "'--remove=system.posix_acl_access'",
    tests: shown,
    only: 'directory that the layer has itself',
  },
  {
    name: 'a setgid directory where the store is hands on its group in images',
    file: 'src/layer/inheritance.ts',
    find: 'await chmod(directory, 0o700);',
    replace: '',
    tests: shown,
    only: 'directory that the layer has itself',
  },
  {
    name: 'directories that a layer leaves out are those of the first stack',
    file: place,
    find: '!directories.has(parentOf(path))',
    replace: '!directories.has(parentOf(path).slice(0, 0))',
    tests: [...shown, ...names],
    only: 'leaves out',
  },
  {
    name: 'a directory that a file took the place of is still there',
    file: place,
    find: 'else directories.delete(path);',
    replace: '',
    tests: names,
  },
  {
    name: 'whiteouts are those of the first stack',
    file: place,
    find: "type === 'whiteout' || ",
    replace: '',
    tests: [...shown, ...names],
    only: 'whiteout',
  },
  {
    name: 'opaque directories are those of the first stack',
    file: place,
    find: "type === 'opaque' || ",
    replace: '',
    tests: names,
  },
  {
    name: 'devices are missing for those who could make them',
    file: place,
    find: 'lacksDevices ? `no-devices-${name}` : name',
    replace: 'name',
    tests: names,
  },
  {
    name: 'devices of many layers too',
    file: place,
    find: 'by.makesDevices ? name : `no-devices-${name}`',
    replace: 'name',
    tests: names,
  },
  {
    name: 'attributes that could not be set once are never set',
    file: layers,
    find: 'isWhole: unpacked.xattrsSkipped.length === 0 && !lacksDevices',
    replace: 'isWhole: !lacksDevices',
    tests: shown,
    only: 'could not be set',
  },
  {
    name: 'of many layers unpacked at once neither',
    file: layers,
    find: 'isWhole &&= unpacked.isWhole;',
    replace: '',
    tests: shown,
    only: 'many layers that could not be set',
  },
];
