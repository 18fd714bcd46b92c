import type { KeyParts } from './build-key.ts';

/** One thing by which two build keys differ. Lines count from 1. */
export type KeyChange =
  | { readonly code: 'input-changed'; readonly path: string }
  | { readonly code: 'instruction-changed'; readonly line: number }
  | { readonly code: 'parent-changed'; readonly parent: string }
  | { readonly code: 'argument-changed'; readonly name: string }
  | { readonly code: 'target-changed' };

/** A key taken apart, and what its context held, as far as that is remembered. */
export interface ExplainedKey {
  readonly parts: KeyParts;
  readonly paths?: Readonly<Record<string, string>> | undefined;
}

/** Two of them can be compared whose digests are cut alike. */
export interface ComparableKey {
  readonly parts: Pick<KeyParts, 'schema' | 'target'> & {
    readonly instructions: Instructions;
    readonly args: Readonly<Record<string, string>>;
    readonly parents: Readonly<Record<string, string>>;
    readonly context: string;
  };
  readonly paths?: Readonly<Record<string, string>> | undefined;
}

type Paths = Readonly<Record<string, string>>;

type Instructions = readonly (readonly [line: number, digest: string])[];

/**
 * All that changed from `before` to `after`: inputs by path, the first instruction that differs, parents, arguments.
 * Empty where the two cannot be compared, or what one context held is not remembered.
 */
export function keyChanges(before: ComparableKey, after: ComparableKey): readonly KeyChange[] {
  if (before.parts.schema !== after.parts.schema) return [];
  const isSameTarget = before.parts.target === after.parts.target;
  return [
    ...contextChanges(before, after),
    // Another target is made of other stages.
    ...(isSameTarget ? instructionChanges(before.parts.instructions, after.parts.instructions) : []),
    ...changedNames(before.parts.parents, after.parts.parents).map(
      (parent) => ({ code: 'parent-changed', parent }) as const,
    ),
    ...changedNames(before.parts.args, after.parts.args).map((name) => ({ code: 'argument-changed', name }) as const),
    ...(isSameTarget ? [] : [{ code: 'target-changed' } as const]),
  ];
}

function contextChanges(before: ComparableKey, after: ComparableKey): readonly KeyChange[] {
  if (before.parts.context === after.parts.context || !before.paths || !after.paths) return [];
  return changedPaths(before.paths, after.paths).map((path) => ({ code: 'input-changed', path }));
}

/**
 * Equal keys may have been computed of other paths, as where a link to a directory led elsewhere: a file that is now read
 * in another directory is told by where it is now, and not at all where its content is the same; but not where nothing
 * else is to be told.
 */
function changedPaths(before: Paths, after: Paths): readonly string[] {
  const changed = changedNames(before, after);
  const added = changed.filter((path) => !Object.hasOwn(before, path));
  const left = new Set(changed);
  for (const path of changed) {
    if (Object.hasOwn(after, path)) continue;
    const alike = added.filter((one) => left.has(one) && nameOf(one) === nameOf(path));
    const same = alike.find((one) => after[one] === before[path]);
    if (same !== undefined) left.delete(same);
    if (alike.length > 0) left.delete(path);
  }
  return left.size > 0 ? [...left] : changed;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** After the first difference all else may only have moved. Where something was cut off the end, its last line. */
function instructionChanges(before: Instructions, after: Instructions): readonly KeyChange[] {
  const at = after.findIndex(([, digest], index) => digest !== before[index]?.[1]);
  const line = (at >= 0 ? after[at] : before.length > after.length ? after.at(-1) : undefined)?.[0];
  return line === undefined ? [] : [{ code: 'instruction-changed', line }];
}

/** Added, removed or with another value; sorted. */
function changedNames(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).sort();
}
