import type { WhyCause } from './why-cause.ts';

/** A cause and where it applies. */
export type ToldCause = WhyCause & {
  /** Parents through which it comes, or comes as well. */
  readonly through?: readonly string[];
  /** Where not all platforms of the image have it: those that do. */
  readonly platforms?: readonly string[];
};

/** Each cause once, whatever platforms and parents repeat it, in the order of the first platform that has it. */
export function mergedCauses(
  byPlatform: ReadonlyMap<string, readonly WhyCause[]>,
  platforms: number,
): readonly ToldCause[] {
  const all = new Map<string, { readonly cause: WhyCause & Through; readonly platforms: string[] }>();
  for (const [platform, causes] of byPlatform)
    for (const cause of withParentsOnce(causes)) {
      const same = JSON.stringify(cause);
      const known = all.get(same);
      if (known === undefined) all.set(same, { cause, platforms: [platform] });
      else known.platforms.push(platform);
    }
  return [...all.values()].map(({ cause, platforms: of }) =>
    of.length < platforms ? { ...cause, platforms: of } : cause,
  );
}

interface Through {
  readonly through?: readonly string[];
}

/** What comes through several parents, or is for the image itself too, is told as what it is of itself. */
function withParentsOnce(causes: readonly WhyCause[]): readonly (WhyCause & Through)[] {
  const groups = new Map<string, WhyCause[]>();
  for (const cause of causes) {
    const origin = originOf(cause);
    groups.set(origin, [...(groups.get(origin) ?? []), cause]);
  }
  return [...groups.values()].map((group) => {
    const told = group.find((cause) => cause.reason !== 'parent-changed') ?? group[0]!;
    const through = group.flatMap((cause) =>
      cause.reason === 'parent-changed' && cause !== told ? [cause.parent] : [],
    );
    return through.length === 0 ? told : { ...told, through };
  });
}

/** Equal for what is one thing to a person: a base that moved, or an option, is that wherever it is named. */
function originOf(cause: WhyCause): string {
  if (cause.reason === 'parent-changed' && cause.because !== undefined) return originOf(cause.because);
  if (cause.reason === 'base-moved') return JSON.stringify([cause.reason, cause.reference, cause.before, cause.after]);
  if (cause.reason === 'argument-changed' || cause.reason === 'option-changed')
    return JSON.stringify([cause.reason, cause.name, cause.how]);
  return JSON.stringify(cause);
}
