import type { KeyParts } from './build-key.ts';
import {
  type InstructionChange,
  instructionChanges,
  type KeyedInstructions,
  type Readings,
} from './instruction-changes.ts';

/** One thing by which two build keys differ. Lines count from 1. */
export type KeyChange =
  | { readonly code: 'input-changed'; readonly path: string; readonly how?: OneSided }
  | InstructionChange
  | { readonly code: 'parent-changed'; readonly parent: string; readonly how?: OneSided }
  | { readonly code: 'argument-changed'; readonly name: string; readonly how?: OneSided }
  /** What `# escape=` says, or the backslash. */
  | { readonly code: 'escape-changed'; readonly before: string; readonly after: string }
  /** From and to a stage; absent for the last. */
  | { readonly code: 'target-changed'; readonly before?: string | undefined; readonly after?: string | undefined };

/** Only the later or only the earlier build takes it, whether or not it is there: it need not have changed. */
export type OneSided = 'came' | 'left';

/** A key taken apart, and what its context held, as far as that is remembered. */
export interface ExplainedKey {
  readonly parts: KeyParts;
  readonly paths?: Readonly<Record<string, string>> | undefined;
  readonly readings?: (() => Readings) | undefined;
}

/** Two of them can be compared whose digests are cut alike. */
export interface ComparableKey {
  readonly parts: Pick<KeyParts, 'schema' | 'target'> &
    KeyedInstructions & {
      readonly args: Readonly<Record<string, string>>;
      readonly parents: Readonly<Record<string, string>>;
      readonly context: string;
      /** Absent for the backslash, and where it is not remembered. */
      readonly escape?: string | undefined;
      readonly texts?: readonly string[] | undefined;
    };
  readonly paths?: Readonly<Record<string, string>> | undefined;
  readonly readings?: (() => Readings) | undefined;
}

/** Two keys of one image, in a form in which they can be compared. */
export interface ComparedKeys {
  readonly before: ComparableKey;
  readonly after: ComparableKey;
}

type Paths = Readonly<Record<string, string>>;

/**
 * All that changed from `before` to `after`, the most telling first: instructions, inputs by path, parents, arguments.
 * Empty where the two cannot be compared, or what one context held is not remembered.
 */
export function keyChanges(before: ComparableKey, after: ComparableKey): readonly KeyChange[] {
  if (before.parts.schema !== after.parts.schema) return [];
  const [was, is] = [before.parts.target, after.parts.target];
  const others = [
    ...contextChanges(before, after),
    ...changedNames(before.parts.parents, after.parts.parents).map(({ name, ...how }) => {
      return { code: 'parent-changed', parent: name, ...how } as const;
    }),
    ...changedNames(before.parts.args, after.parts.args).map((change) => {
      return { code: 'argument-changed', ...change } as const;
    }),
  ];
  if (was === is)
    return [
      ...escapeChanges(before, after),
      ...instructionChanges(before.parts, after.parts, after.readings),
      ...others,
    ];
  const stages = { ...(was !== undefined && { before: was }), ...(is !== undefined && { after: is }) };
  // Another target is made of other stages: what only one of them takes did not change.
  return [{ code: 'target-changed', ...stages }, ...others.filter(({ how }) => how === undefined)];
}

/** All instructions mean something else then. */
function escapeChanges(before: ComparableKey, after: ComparableKey): readonly KeyChange[] {
  const [was, is] = [before.parts.escape ?? '\\', after.parts.escape ?? '\\'];
  return was === is ? [] : [{ code: 'escape-changed', before: was, after: is }];
}

function contextChanges(before: ComparableKey, after: ComparableKey): readonly InputChange[] {
  if (before.parts.context === after.parts.context || !before.paths || !after.paths) return [];
  return changedPaths(before.paths, after.paths);
}

type InputChange = Extract<KeyChange, { code: 'input-changed' }>;

/**
 * Equal keys may have been computed of other paths, as where a link to a directory led elsewhere: a file that is now read
 * in another directory is told by where it is now, and not at all where its content is the same; but not where nothing
 * else is to be told.
 */
function changedPaths(before: Paths, after: Paths): readonly InputChange[] {
  const changes = changedNames(before, after).map(({ name, ...how }): InputChange => {
    return { code: 'input-changed', path: name, ...how };
  });
  const added = changes.flatMap(({ path, how }) => (how === 'came' ? [path] : []));
  const left = new Map(changes.map((change) => [change.path, change]));
  for (const { path, how } of changes) {
    if (how !== 'left') continue;
    const alike = added.filter((one) => left.has(one) && nameOf(one) === nameOf(path));
    const same = alike.find((one) => after[one] === before[path]);
    if (same !== undefined) left.delete(same);
    else for (const one of alike) left.set(one, { code: 'input-changed', path: one });
    if (alike.length > 0) left.delete(path);
  }
  return left.size > 0 ? [...left.values()] : changes;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Added, removed or with another value; sorted by name. */
function changedNames(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly { readonly name: string; readonly how?: OneSided }[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .filter((name) => before[name] !== after[name])
    .map((name) => {
      if (!Object.hasOwn(after, name)) return { name, how: 'left' };
      return Object.hasOwn(before, name) ? { name } : { name, how: 'came' };
    });
}
