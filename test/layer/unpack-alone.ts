// Unpacks the layer on stdin into the directory of the first argument, and prints what was left out: for a process of
// its own, in a namespace of its own.
import { Tree } from '../../src/layer/tree.ts';
import { unpackLayer } from '../../src/layer/unpack.ts';
import { file, signal } from './entries.ts';

const options = {
  whiteouts: 'overlay',
  lower: Tree.of([[file('gone'), file('old')]]),
  owner: 'preserve',
  xattrs: 'apply',
} as const;
const { devicesSkipped, xattrsSkipped } = await unpackLayer(process.stdin, process.argv[2]!, options, signal);
console.log(JSON.stringify({ devicesSkipped, xattrsSkipped }));
