import type { FilePart } from '../context/selection-parts.ts';
import type { Step } from './op/op-definition.ts';
import type { Vertex } from './solver/vertex.ts';

/** A part of a step's key that differs; `before` or `after` is absent where it has come or gone. */
export interface PartChange {
  readonly label: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The step that runs, and what its instruction said and says. */
export interface ChangedStep {
  readonly vertex: Vertex<Step>;
  readonly textBefore: string;
  readonly textNow: string;
}

/** Parts that stand in the instruction, or in one above it that is named. */
const names: Readonly<Record<string, string>> = {
  source: 'what it copies from',
  patterns: 'its sources',
  destination: 'its destination',
  chown: '--chown',
  chmod: '--chmod',
  exclude: '--exclude',
  link: '--link',
  parents: '--parents',
  literal: 'how its sources are looked for',
  unpack: 'whether archives are unpacked',
  mtime: 'the time of its files',
  epoch: 'SOURCE_DATE_EPOCH',
  args: 'its command or shell',
  'env order': 'the order of variables',
  cwd: 'the directory it runs in',
  user: 'USER',
  network: '--network',
  platform: 'the platform',
  hostname: 'the host name',
  hosts: 'names of --add-host',
  shmSize: '--shm-size',
  ulimits: '--ulimit',
  owners: 'whether owners of files are kept',
  isolation: 'what steps are isolated by',
  path: 'the directory',
  groups: 'which layers are made one',
  files: 'names or times of the files that it takes',
};

/** One change on one line: `mode of a.sh 0644 → 0755`. Values of variables are never told. */
export function describePart(change: PartChange, { vertex, textBefore, textNow }: ChangedStep): string {
  const { label, before, after } = change;
  const [kind = '', rest = ''] = split(label);
  if (kind === 'file') return fileChanged(rest, change);
  if (kind === 'env') {
    if (label === 'env order') return 'variables are in another order';
    const noun = vertex.op.origin?.args?.includes(rest) ? 'ARG' : 'variable';
    return `${noun} ${rest} ${howOf(change)}`;
  }
  if (label === 'layers' || label === 'origin') return `base ${vertex.name.replace(/^FROM /, '')} moved`;
  // What the instruction says in so many words is told as that.
  if (textBefore !== textNow) return `it said ${textBefore}`;
  if (kind === 'mount') return `mount ${rest} ${howOf(change)}`;
  if (kind === 'heredoc') return `heredoc ${rest} ${howOf(change)}`;
  if (kind === 'fetched') return `what is at source ${rest} of those that are fetched is another`;
  const name = names[label] ?? label;
  const isShown = ['destination', 'chown', 'chmod', 'cwd', 'user', 'path', 'network'].includes(label);
  return isShown ? `${name} ${shown(before)} → ${shown(after)}` : `${name} changed`;
}

function split(label: string): readonly [kind: string, rest: string] {
  const at = label.indexOf(' ');
  return at === -1 ? [label, ''] : [label.slice(0, at), label.slice(at + 1)];
}

function howOf({ before, after }: PartChange): string {
  if (before === undefined) return 'is new';
  return after === undefined ? 'is gone' : 'has another value';
}

function shown(value: string | undefined): string {
  return value === undefined || value === '' ? 'none' : value;
}

function fileChanged(path: string, { before, after }: PartChange): string {
  if (before === undefined) return `${path} is new`;
  if (after === undefined) return `${path} is gone`;
  const [was, is] = [JSON.parse(before) as FilePart, JSON.parse(after) as FilePart];
  if (was[0] !== is[0]) return `${path} is a ${is[0]}, not a ${was[0]} as before`;
  if (was[4] !== is[4]) return `content of ${path} ${was[4]} → ${is[4]}`;
  if (was[1] !== is[1]) return `mode of ${path} ${shown(was[1])} → ${shown(is[1])}`;
  if (was[2] !== is[2]) return `owner of ${path} ${shown(was[2])} → ${shown(is[2])}`;
  return `link target, device or attributes of ${path || 'the directory'} changed`;
}
