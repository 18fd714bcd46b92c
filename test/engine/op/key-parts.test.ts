/**
 * Every field of every operation, changed: a change of its key is named, and what is in no key is not. A new field does not
 * compile without a row here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyContext, RecordedTree } from '../../../src/context/recorded-context.ts';
import type { RemoteSource } from '../../../src/dockerfile/remote-source.ts';
import { BuildContext } from '../../../src/engine/op/build-context.ts';
import type {
  CopyOp,
  ExecMount,
  ExecOp,
  ImageOp,
  MakeDirectoryOp,
  OpDefinition,
  SquashOp,
} from '../../../src/engine/op/op-definition.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { OpRig } from './op-rig.ts';

/** Another value of a field, and the parts that differ then: none for what is in no key. */
type Change<O, F extends keyof O> = readonly [value: O[F], parts: readonly string[]];
/** A row for each field but the kind; several where parts of it have names of their own. */
type Rows<O> = { readonly [F in Exclude<keyof O, 'kind'>]-?: readonly Change<O, F>[] };

const digest = (text: string) => digestOf(text);
const fetched = (checksum: string): RemoteSource =>
  ({ type: 'http', url: 'http://localhost:1/f', name: 'f', checksum }) as RemoteSource;

const copy: CopyOp = {
  kind: 'copy',
  source: { type: 'input' },
  patterns: [],
  inline: [{ name: 'a', content: 'a' }],
  destination: '/a',
  exclude: [],
  link: false,
  parents: false,
  unpack: false,
  mtime: 1,
};
const ofCopy: Rows<CopyOp> = {
  source: [[{ type: 'context' }, ['source']]],
  patterns: [[['b*'], ['patterns']]],
  fetched: [[[{ before: 0, source: fetched(digest('1')), unpack: false }], ['fetched 1']]],
  inline: [
    [[{ name: 'a', content: 'b' }], ['heredoc 1']],
    [[{ name: 'b', content: 'a' }], ['heredoc 1']],
    [[], ['heredoc 1']],
  ],
  destination: [['/b', ['destination']]],
  chown: [['1:1', ['chown']]],
  chmod: [['0700', ['chmod']]],
  exclude: [[['x'], ['exclude']]],
  link: [[true, ['link']]],
  parents: [[true, ['parents']]],
  literal: [[true, ['literal']]],
  unpack: [[true, ['unpack']]],
  mtime: [[2, ['mtime']]],
  epoch: [[2, ['epoch']]],
};

const cache: ExecMount = { type: 'cache', id: 'c', target: '/c', sharing: 'shared', readonly: false };
const exec: ExecOp = {
  kind: 'exec',
  args: ['make'],
  env: ['A=1', 'B=2'],
  keylessEnv: [],
  cwd: '/',
  user: '',
  mounts: [cache],
  network: 'default',
  platform: { os: 'linux', architecture: 'amd64' },
};
const ofExec: Rows<ExecOp> = {
  args: [[['make', 'all'], ['args']]],
  env: [
    [['A=1', 'B=3'], ['env B']],
    [['B=2', 'A=1'], ['env order']],
    [['A=1'], ['env order', 'env B']],
  ],
  keylessEnv: [[['http_proxy=x'], []]],
  cwd: [['/w', ['cwd']]],
  user: [['1', ['user']]],
  mounts: [
    [[{ ...cache, sharing: 'locked' }], []],
    [[{ ...cache, mode: 0o755, uid: 0, gid: 0 }], []],
    [[{ ...cache, readonly: true }], ['mount 1']],
    [[cache, { type: 'tmpfs', target: '/t' }], ['mount 2']],
  ],
  network: [
    ['host', ['network']],
    ['none', ['network']],
  ],
  platform: [[{ os: 'linux', architecture: 'arm64' }, ['platform']]],
  epoch: [[1, ['epoch']]],
  hostname: [['h', ['hostname']]],
  hosts: [[[{ name: 'h', ip: '10.0.0.1' }], ['hosts']]],
  shmSize: [[1024, ['shmSize']]],
  ulimits: [[[{ name: 'nofile', soft: 1, hard: 1 }], ['ulimits']]],
};

const layer = { blob: { mediaType: 'm', digest: digest('1'), size: 1 }, diffID: digest('2') };
const image: ImageOp = { kind: 'image', manifest: digest('1'), layers: [layer] };
const ofImage: Rows<ImageOp> = {
  manifest: [[digest('2'), []]],
  layers: [
    [[{ ...layer, diffID: digest('3') }], ['layers']],
    [[], ['layers']],
  ],
  origin: [[{ registry: 'localhost:1', repository: 'r' }, ['origin']]],
};

const directory: MakeDirectoryOp = { kind: 'make-directory', path: '/a', user: '', mtime: 1 };
const ofDirectory: Rows<MakeDirectoryOp> = {
  path: [['/b', ['path']]],
  user: [['1', ['user']]],
  mtime: [[2, ['mtime']]],
  epoch: [[2, ['epoch']]],
};

const squash: SquashOp = { kind: 'squash', groups: [1, 2] };
const ofSquash: Rows<SquashOp> = { groups: [[[3], ['groups']]] };

type Fields = Readonly<Record<string, readonly (readonly [value: unknown, parts: readonly string[]])[]>>;

/** A row for each kind. */
const kinds: Readonly<Record<Exclude<OpDefinition['kind'], 'scratch'>, readonly [OpDefinition, Fields]>> = {
  copy: [copy, ofCopy],
  exec: [exec, ofExec],
  image: [image, ofImage],
  'make-directory': [directory, ofDirectory],
  squash: [squash, ofSquash],
};

test('each change of a key has a name, and there is none for what is in no key', async () => {
  await using rig = await OpRig.open();
  const below = await rig.snapshot([]);
  const tree = new RecordedTree('/context', emptyContext);
  const context = new BuildContext(tree, { directory: '/context', recorded: emptyContext, platform: 'linux/amd64' });
  const keyed = (op: OpDefinition) => rig.parts({ op, context }, below, below);
  for (const [kind, [op, fields]] of Object.entries(kinds)) {
    const before = await keyed(op);
    for (const [field, rows] of Object.entries(fields))
      for (const [value, names] of rows) {
        const after = await keyed({ ...op, [field]: value });
        const all = new Set([...after.parts.keys(), ...before.parts.keys()]);
        const named = [...all].filter((label) => before.parts.get(label) !== after.parts.get(label));
        const title = `${kind} ${field} ${JSON.stringify(value)}`;
        assert.deepEqual(named.filter((label) => label !== 'files').sort(), [...names].sort(), title);
        assert.equal(before.digest !== after.digest, names.length > 0, title);
      }
  }
});
