import { contextTimes } from './case.ts';
import type { Node, ReadImage } from './image.ts';

/** One field that is not equal: where, and what the two have there. */
export interface Difference {
  /** `config.Env`, `history[3]`, `layers`, `tree/etc/passwd mode`. */
  readonly at: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

/**
 * All that differs between two images of one case. Times are compared where BuildKit's are defined: before `start`, in seconds,
 * when the first build began. Those of contexts are all one: times are in no key of cip, which may have a file from another case
 * (ADR 0018). Times of the configuration are not compared: cip's say nothing of when it was made.
 */
export function differences(ours: ReadImage, theirs: ReadImage, start: number): readonly Difference[] {
  return [
    ...inFields('config', ours.config, theirs.config),
    ...inHistory(ours, theirs),
    ...(ours.diffIDs.length === theirs.diffIDs.length
      ? []
      : [{ at: 'layers', ours: ours.diffIDs.length, theirs: theirs.diffIDs.length }]),
    ...inTrees(ours.tree, theirs.tree, start),
  ];
}

type Fields = Readonly<Record<string, unknown>>;

function inFields(at: string, ours: Fields, theirs: Fields): readonly Difference[] {
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort();
  return names.flatMap((name) =>
    canonical(ours[name]) === canonical(theirs[name])
      ? []
      : [{ at: `${at}.${name}`, ours: ours[name], theirs: theirs[name] }],
  );
}

function inHistory({ history: ours }: ReadImage, { history: theirs }: ReadImage): readonly Difference[] {
  const count = Math.max(ours.length, theirs.length);
  return Array.from({ length: count }, (_, index) => index).flatMap((index) => {
    const { created: _ours, ...own } = ours[index] ?? {};
    const { created: _theirs, ...other } = theirs[index] ?? {};
    return inFields(`history[${index}]`, own, other);
  });
}

function inTrees(
  ours: ReadonlyMap<string, Node>,
  theirs: ReadonlyMap<string, Node>,
  start: number,
): readonly Difference[] {
  const paths = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  const [ownGroups, otherGroups] = [groupsOf(ours), groupsOf(theirs)];
  return paths.flatMap((path) => {
    const [own, other] = [ours.get(path), theirs.get(path)];
    const at = `tree/${path}`;
    if (own === undefined || other === undefined) return [{ at, ours: own?.type, theirs: other?.type }];
    const [{ mtime: ownTime, ...ownFields }, { mtime: otherTime, ...otherFields }] = [own, other];
    const isTimeDefined = otherTime < start;
    const [ownGroup, otherGroup] = [ownGroups.get(own) ?? '', otherGroups.get(other) ?? ''];
    return [
      ...inFields(at, ownFields, otherFields),
      ...(isTimeDefined && comparable(ownTime) !== comparable(otherTime)
        ? [{ at: `${at}.mtime`, ours: ownTime, theirs: otherTime }]
        : []),
      ...(ownGroup === otherGroup ? [] : [{ at: `${at}.links`, ours: ownGroup, theirs: otherGroup }]),
    ];
  });
}

function comparable(time: number): number {
  return time >= contextTimes.first && time <= contextTimes.last ? contextTimes.first : time;
}

/** File → its names, where it has several. */
function groupsOf(tree: ReadonlyMap<string, Node>): ReadonlyMap<Node, string> {
  const names = new Map<Node, string[]>();
  for (const [path, node] of tree) names.set(node, [...(names.get(node) ?? []), path]);
  return new Map([...names].flatMap(([node, all]) => (all.length > 1 ? [[node, all.sort().join(' ')] as const] : [])));
}

/** Equal text for equal values, in whatever order their fields are. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
