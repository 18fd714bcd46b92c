import type { KeyParts } from './build-key.ts';
import { type InstructionChange, instructionChanges, type KeyedInstructions } from './instruction-changes.ts';

/** One thing by which two build keys differ. Lines count from 1. */
export type KeyChange =
  /** `came`, `left`: a path that only the one or the other build takes, whether or not the file is there. */
  | { readonly code: 'input-changed'; readonly path: string; readonly how?: 'came' | 'left' }
  | InstructionChange
  | { readonly code: 'parent-changed'; readonly parent: string }
  | { readonly code: 'argument-changed'; readonly name: string }
  /** From and to a stage; absent for the last. */
  | { readonly code: 'target-changed'; readonly before?: string | undefined; readonly after?: string | undefined };

/** A key taken apart, and what its context held, as far as that is remembered. */
export interface ExplainedKey {
  readonly parts: KeyParts;
  readonly paths?: Readonly<Record<string, string>> | undefined;
  /** Digests of the instructions that are not part of the build. */
  readonly idle?: readonly string[] | undefined;
}

/** Two of them can be compared whose digests are cut alike. */
export interface ComparableKey {
  readonly parts: Pick<KeyParts, 'schema' | 'target'> &
    KeyedInstructions & {
      readonly args: Readonly<Record<string, string>>;
      readonly parents: Readonly<Record<string, string>>;
      readonly context: string;
    };
  readonly paths?: Readonly<Record<string, string>> | undefined;
  readonly idle?: readonly string[] | undefined;
}

type Paths = Readonly<Record<string, string>>;

/**
 * All that changed from `before` to `after`, the most telling first: instructions, inputs by path, parents, arguments.
 * Empty where the two cannot be compared, or what one context held is not remembered.
 */
export function keyChanges(before: ComparableKey, after: ComparableKey): readonly KeyChange[] {
  if (before.parts.schema !== after.parts.schema) return [];
  const [was, is] = [before.parts.target, after.parts.target];
  const inputs = contextChanges(before, after);
  const parents = changedNames(before.parts.parents, after.parts.parents);
  const args = changedNames(before.parts.args, after.parts.args);
  if (was !== is) {
    const target = {
      code: 'target-changed',
      ...(was !== undefined && { before: was }),
      ...(is !== undefined && { after: is }),
    };
    // Another target is made of other stages: what only one of them takes did not change.
    return [
      target as KeyChange,
      ...inputs.filter((change) => change.code === 'input-changed' && change.how === undefined),
      ...parentChanges(parents.filter((name) => isInBoth(name, before.parts.parents, after.parts.parents))),
      ...argumentChanges(args.filter((name) => isInBoth(name, before.parts.args, after.parts.args))),
    ];
  }
  return [
    ...instructionChanges(before.parts, after.parts, new Set(after.idle)),
    ...inputs,
    ...parentChanges(parents),
    ...argumentChanges(args),
  ];
}

function parentChanges(names: readonly string[]): readonly KeyChange[] {
  return names.map((parent) => ({ code: 'parent-changed', parent }));
}

function argumentChanges(names: readonly string[]): readonly KeyChange[] {
  return names.map((name) => ({ code: 'argument-changed', name }));
}

function contextChanges(before: ComparableKey, after: ComparableKey): readonly KeyChange[] {
  if (before.parts.context === after.parts.context || !before.paths || !after.paths) return [];
  return changedPaths(before.paths, after.paths);
}

/**
 * Equal keys may have been computed of other paths, as where a link to a directory led elsewhere: a file that is now read
 * in another directory is told by where it is now, and not at all where its content is the same; but not where nothing
 * else is to be told.
 */
function changedPaths(before: Paths, after: Paths): readonly KeyChange[] {
  const changed = changedNames(before, after);
  const added = changed.filter((path) => !Object.hasOwn(before, path));
  const left = new Map<string, KeyChange>(changed.map((path) => [path, inputChange(path, before, after)]));
  for (const path of changed) {
    if (Object.hasOwn(after, path)) continue;
    const alike = added.filter((one) => left.has(one) && nameOf(one) === nameOf(path));
    const same = alike.find((one) => after[one] === before[path]);
    if (same !== undefined) left.delete(same);
    else for (const one of alike) left.set(one, { code: 'input-changed', path: one });
    if (alike.length > 0) left.delete(path);
  }
  return left.size > 0 ? [...left.values()] : changed.map((path) => inputChange(path, before, after));
}

function inputChange(path: string, before: Paths, after: Paths): KeyChange {
  if (isInBoth(path, before, after)) return { code: 'input-changed', path };
  return { code: 'input-changed', path, how: Object.hasOwn(after, path) ? 'came' : 'left' };
}

function isInBoth(name: string, before: Paths, after: Paths): boolean {
  return Object.hasOwn(before, name) && Object.hasOwn(after, name);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Added, removed or with another value; sorted. */
function changedNames(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).sort();
}
