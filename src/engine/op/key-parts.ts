/**
 * What the keys of steps are made of, part by part, under names (ADR 0041). A field of an operation without a row does not
 * compile; test/engine/op/key-parts.test.ts holds the rows to the keys themselves.
 */
import { canonicalText } from '../../oci/canonical.ts';
import { type KeyPart, shortDigestOf } from '../../oci/key-part.ts';
import type {
  CopyOp,
  ExecMount,
  ExecOp,
  ImageOp,
  MakeDirectoryOp,
  OpDefinition,
  ScratchOp,
  SquashOp,
} from './op-definition.ts';

type PartsOf<T> = (value: T) => readonly KeyPart[];

/** A row for each field of an operation. */
type FieldRows<O> = { readonly [F in keyof O]-?: PartsOf<O[F]> };

/** Of no key, or told by whoever knows more of it. */
const none: PartsOf<unknown> = () => [];

/** One part under the field's own name. */
function whole(label: string): PartsOf<unknown> {
  return (value) => (value === undefined ? [] : [[label, shortDigestOf(canonicalText(value))]]);
}

function shown(label: string): PartsOf<string | undefined> {
  return (value) => (value === undefined ? [] : [[label, value]]);
}

const copyRows: FieldRows<CopyOp> = {
  kind: none,
  source: ({ type }) => [['source', type]],
  patterns: whole('patterns'),
  fetched: none,
  inline: (files) =>
    files.map(({ name, content }, at) => [`heredoc ${at + 1}`, shortDigestOf(canonicalText([name, content]))]),
  destination: shown('destination'),
  chown: shown('chown'),
  chmod: shown('chmod'),
  exclude: whole('exclude'),
  link: whole('link'),
  parents: whole('parents'),
  literal: whole('literal'),
  unpack: whole('unpack'),
  mtime: whole('mtime'),
  epoch: whole('epoch'),
};

const execRows: FieldRows<ExecOp> = {
  kind: none,
  args: whole('args'),
  env: (pairs) => [
    ...pairs.map((pair): KeyPart => {
      const [name = ''] = pair.split('=', 1);
      return [`env ${name}`, shortDigestOf(pair)];
    }),
    ['env order', shortDigestOf(canonicalText(pairs.map((pair) => pair.split('=', 1)[0])))],
  ],
  keylessEnv: none,
  cwd: shown('cwd'),
  user: shown('user'),
  mounts: (mounts) => mounts.map((mount, at) => [`mount ${at + 1}`, shortDigestOf(canonicalText(keyOfMount(mount)))]),
  network: (network) => [['network', network]],
  platform: whole('platform'),
  epoch: whole('epoch'),
  hostname: whole('hostname'),
  hosts: (hosts) => whole('hosts')(keyOfHosts(hosts)),
  shmSize: whole('shmSize'),
  ulimits: whole('ulimits'),
};

const imageRows: FieldRows<ImageOp> = { kind: none, manifest: none, layers: whole('layers'), origin: whole('origin') };

const directoryRows: FieldRows<MakeDirectoryOp> = {
  kind: none,
  path: shown('path'),
  user: shown('user'),
  mtime: whole('mtime'),
  epoch: whole('epoch'),
};

const squashRows: FieldRows<SquashOp> = { kind: none, groups: whole('groups') };

/** The parts that an operation has of itself, in the order of its rows. */
export function partsOfOp(op: Exclude<OpDefinition, ScratchOp>): readonly KeyPart[] {
  switch (op.kind) {
    case 'image':
      return partsByRows(op, imageRows);
    case 'copy':
      return partsByRows(op, copyRows);
    case 'make-directory':
      return partsByRows(op, directoryRows);
    case 'exec':
      return partsByRows(op, execRows);
    case 'squash':
      return partsByRows(op, squashRows);
  }
}

function partsByRows<O extends object>(op: O, rows: FieldRows<O>): readonly KeyPart[] {
  return (Object.keys(rows) as (keyof O)[]).flatMap((field) => rows[field](op[field]));
}

/** What of a mount decides what a step does: not the content of a secret or of a cache, nor how the cache is shared. */
export function keyOfMount(mount: ExecMount): unknown {
  if (mount.type === 'cache') {
    // As they were written when they always stood there, so that no key changes for it.
    const { mode = 0o755, uid = 0, gid = 0 } = mount;
    return { ...mount, mode, uid, gid, sharing: undefined };
  }
  return mount;
}

/**
 * The network of the machine is another thing than the usual one: what listens there is seen by a step. `host` is what the usual one was called when
 * both were one to keys, and no key is to change for it.
 */
export function keyOfNetwork(network: ExecOp['network']): 'none' | 'host' | 'machine' {
  if (network === 'none') return 'none';
  return network === 'host' ? 'machine' : 'host';
}

/** Where a host is may change, as what a name server says. */
export function keyOfHosts(hosts: ExecOp['hosts']): readonly string[] | undefined {
  return hosts?.map(({ name }) => name);
}
