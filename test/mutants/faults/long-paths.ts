import type { Fault } from '../fault.ts';

const frontend = ['test/engine/frontend/config.test.ts'];
const directories = ['test/engine/op/make-directory.test.ts'];
const caches = ['test/engine/op/cache-mount.test.ts'];
const steps = ['test/engine/op/exec.test.ts'];

export const faults: readonly Fault[] = [
  {
    name: 'names may be as long as one likes',
    file: 'src/tree-path.ts',
    find: '  if (name !== undefined) return',
    replace: '  if (name === undefined && path === "") return',
    tests: directories,
  },
  {
    name: 'paths may be as long as one likes',
    file: 'src/tree-path.ts',
    find: 'return bytes > limits.path ?',
    replace: 'return bytes > 1e9 ?',
    tests: directories,
  },
  {
    name: 'names are measured in characters',
    file: 'src/tree-path.ts',
    find: '.find((one) => Buffer.byteLength(one) > limits.name)',
    replace: '.find((one) => one.length > limits.name)',
    tests: directories,
  },
  {
    name: 'a name of 255 bytes is too long',
    file: 'src/tree-path.ts',
    find: 'const limits = { name: 255,',
    replace: 'const limits = { name: 254,',
    tests: directories,
  },
  {
    name: 'a path of 4095 bytes is too long',
    file: 'src/tree-path.ts',
    find: 'path: 4095 }',
    replace: 'path: 4094 }',
    tests: directories,
  },
  {
    name: 'a path of 4096 bytes is not too long',
    file: 'src/tree-path.ts',
    find: 'path: 4095 }',
    replace: 'path: 4096 }',
    tests: directories,
  },
  {
    name: 'short paths are of few characters',
    file: 'src/tree-path.ts',
    find: 'if (path.length * 3 <= limits.name) return undefined;',
    replace: 'if (path.length <= limits.name) return undefined;',
    tests: directories,
  },
  {
    name: 'a layer may have any path',
    file: 'src/engine/op/placement.ts',
    find: 'if (excess !== undefined) throw',
    replace: 'if (excess === "") throw',
    tests: directories,
  },
  {
    name: 'a WORKDIR may be as long as one likes',
    file: 'src/engine/frontend/workdir.ts',
    find: 'if (excess !== undefined) {',
    replace: 'if (excess === "") {',
    tests: frontend,
    only: 'WORKDIR',
  },
  {
    name: 'a destination may be as long as one likes',
    file: 'src/engine/frontend/copy.ts',
    find: 'if (excess !== undefined) {',
    replace: 'if (excess === "") {',
    tests: frontend,
  },
  {
    name: 'a heredoc may be called what one likes',
    file: 'src/engine/frontend/copy.ts',
    find: 'const paths = [target, ...inline.map(({ name }) => `${target}/${name}`)];',
    replace: 'const paths = [target];',
    tests: frontend,
    only: 'heredoc',
  },
  {
    name: 'a variable of a secret that was not given is left alone',
    file: 'src/engine/op/exec-mounts.ts',
    find: 'if (mount.env !== undefined) this.env.push(`${mount.env}=`);',
    replace: '',
    tests: steps,
    only: 'a secret that was not given',
  },
  {
    name: 'what is asked for changes a seed',
    file: 'src/engine/op/cache-mount.ts',
    find: '= seed?.directory ?? mount;',
    replace: '= { ...seed?.directory, ...mount };',
    tests: caches,
    only: 'a seed stays',
  },
  {
    name: 'nobody is asked how a cache is to be',
    file: 'src/engine/op/cache-mount.ts',
    find: '= seed?.directory ?? mount;',
    replace: '= seed?.directory ?? {};',
    tests: caches,
    only: 'a cache without a seed',
  },
];
