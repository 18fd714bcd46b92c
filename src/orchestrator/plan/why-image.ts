/**
 * Why an image would be built: what its key is made of now, beside what the key was made of that it has (ADR 0041). The
 * plan decides; here the first part that differs is found, down to the instruction.
 */

import { shownText } from '../../dockerfile/shown-text.ts';
import type { Digest } from '../../oci/digest.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import type { ImageName } from '../../project/image-name.ts';
import { fileChange } from '../key/file-change.ts';
import { firstUseOfArgument, firstUseOfFile, type UsedAt } from '../key/first-use.ts';
import { hunks } from '../key/hunks.ts';
import { type ComparableKey, type ComparedKeys, type KeyChange, keyChanges } from '../key/key-change.ts';
import { imageOfParentKey } from '../key/parent-key.ts';
import { isExternal } from '../state/bases.ts';
import { mergedCauses, type ToldCause } from './merge-causes.ts';
import type { Action, PlannedImage, PlanReason } from './plan.ts';
import type { PreparedPlan } from './prepare-plan.ts';
import type { CausePlace, EqualParts, WhyCause } from './why-cause.ts';

/** The answer for one image. */
export interface Why {
  readonly image: string;
  readonly version: string;
  /** The first that differs; undefined for an image that is made for none of those that are built. */
  readonly platform?: string | undefined;
  readonly action: Action;
  /** The first is the cause; the others differ as well. Empty for an image that is up to date. */
  readonly causes: readonly ToldCause[];
  /** What the image is made of, where all of it is as it was. */
  readonly equal?: EqualParts | undefined;
}

/** Of an image of the plan. */
export async function whyImage(image: PlannedImage, prepared: PreparedPlan): Promise<Why> {
  const differ = image.platforms.filter(({ key, previousKey }) => previousKey !== undefined && key !== previousKey);
  const explained = differ.length > 0 ? differ : image.platforms.slice(0, 1);
  const { name, version, action } = image;
  const platform = explained[0]?.platform;
  if (platform === undefined) {
    const causes = image.reasons.map((plan) => ({ reason: 'planned', plan }) as const);
    return { image: name, version, action, causes };
  }
  const explainer = new Explainer(prepared);
  const byPlatform = new Map<string, readonly WhyCause[]>();
  for (const one of explained) byPlatform.set(formatPlatform(one.platform), await explainer.image(image, one.platform));
  const causes = mergedCauses(byPlatform, differ.length > 0 ? image.platforms.length : 1);
  const isEqual = causes.length === 0;
  return {
    image: name,
    version,
    platform: formatPlatform(platform),
    action,
    causes,
    ...(isEqual && { equal: equalParts(image, platform, prepared) }),
  };
}

function equalParts({ name, platforms }: PlannedImage, platform: Platform, { keys }: PreparedPlan): EqualParts {
  const { parts, listing } = keys.computed(name, platform);
  const names = Object.keys(parts.args);
  return {
    instructions: parts.instructions.length,
    files: Object.keys(listing.paths).length,
    arguments: names.filter((one) => !isOption(one)).length,
    options: names.filter(isOption).length,
    parents: Object.keys(parts.parents).length,
    bases: Object.keys(platforms.find((one) => one.platform === platform)?.bases?.list ?? {}).filter(isExternal).length,
  };
}

/** Keys have both under one roof; no name of a build argument begins so. */
function isOption(name: string): boolean {
  return name.startsWith('--');
}

/** What the plan says of keys, which is told by their parts here. */
const ofKeys: ReadonlySet<PlanReason['code']> = new Set([
  'input-changed',
  'instruction-changed',
  'instruction-added',
  'instruction-removed',
  'stale-reference',
  'argument-changed',
  'escape-changed',
  'target-changed',
  'parent-built',
  'parent-changed',
  'key-changed',
  'parent-base-moved',
]);

/** The keys of an image before and after, and where it is in the project. */
interface Compared extends ComparedKeys {
  readonly name: ImageName;
  readonly platform: Platform;
}

class Explainer {
  readonly #prepared: PreparedPlan;

  constructor(prepared: PreparedPlan) {
    this.#prepared = prepared;
  }

  async image({ name, action, platforms, reasons }: PlannedImage, platform: Platform) {
    if (action === 'up-to-date') return [];
    const entry = platforms.find((one) => one.platform === platform);
    const { key, previousKey } = entry!;
    const causes: WhyCause[] = [];
    if (previousKey !== undefined && previousKey !== key) {
      const keys = this.#prepared.comparedKeys(previousKey, key);
      const found = keys === undefined ? [] : await this.#changes({ ...keys, name, platform });
      causes.push(...(found.length > 0 ? found : [{ reason: 'record-gone' } as const]));
    }
    for (const reason of reasons) {
      if (reason.code === 'base-moved') causes.push(this.#baseMoved(reason, name));
      else if (reason.code === 'parent-base-moved') causes.push(await this.#parentOnAnotherBase(reason.parent, name));
      else if (reason.code === 'missing' && previousKey === undefined) {
        causes.push({ reason: 'never-built', reference: reason.reference });
      } else if (!ofKeys.has(reason.code)) causes.push({ reason: 'planned', plan: reason });
    }
    // An image that is built again for its parent, of the same sources.
    if (causes.length === 0) causes.push(...reasons.map((plan) => ({ reason: 'planned', plan }) as const));
    return inOrder(causes);
  }

  async #changes(compared: Compared): Promise<readonly WhyCause[]> {
    const causes: WhyCause[] = [];
    for (const change of keyChanges(compared.before, compared.after)) causes.push(await this.#cause(change, compared));
    return causes;
  }

  async #cause(change: KeyChange, compared: Compared): Promise<WhyCause> {
    const { name, platform, before, after } = compared;
    const file = `${this.#pathOf(name)}/Dockerfile`;
    switch (change.code) {
      case 'input-changed':
        return {
          ...fileChange(before.paths?.[change.path], after.paths?.[change.path]),
          path: `${this.#pathOf(name)}/${change.path}`,
          ...this.#at(name, this.#readerOf(change.path, name, platform)),
        };
      case 'instruction-changed':
        return {
          reason: change.code,
          at: { file, ...this.#atLine(change.line, name) },
          ...textBefore(change.line, compared),
        };
      case 'instruction-added':
        return { reason: change.code, at: { file, ...this.#atLine(change.line, name) } };
      case 'instruction-removed': {
        const { line, count, isIdle } = change;
        const at = before.parts.instructions.findIndex(([one]) => one === line);
        const text = line === undefined ? undefined : before.parts.texts?.[at];
        return {
          reason: change.code,
          file,
          ...(line !== undefined && { line }),
          ...(text !== undefined && { before: text }),
          ...(count !== undefined && { count }),
          ...(isIdle && { isIdle }),
        };
      }
      case 'argument-changed': {
        if (isOption(change.name))
          return { reason: 'option-changed', name: change.name, ...(change.how && { how: change.how }) };
        const { dockerfile } = this.#prepared.graph.project.contexts.get(name)!;
        const use = firstUseOfArgument(change.name, dockerfile, this.#prepared.contexts.stages(name, platform));
        return {
          reason: change.code,
          name: change.name,
          ...(change.how && { how: change.how }),
          ...this.#at(name, use),
        };
      }
      case 'parent-changed':
        return await this.#parentChanged(change, compared);
      case 'escape-changed': {
        const { code, ...characters } = change;
        return { reason: code, file, ...characters };
      }
      case 'target-changed': {
        const { code, ...stages } = change;
        return { reason: code, ...stages };
      }
    }
  }

  /** With what changed in the parent: as the plan has it where it is built too, else as this machine remembers both keys. */
  async #parentChanged(
    { parent, how }: Extract<KeyChange, { code: 'parent-changed' }>,
    { name, before, after }: Compared,
  ): Promise<WhyCause> {
    const of = imageOfParentKey(parent);
    const at = this.#at(name, this.#namingOf(of, name));
    const because =
      how === undefined
        ? await this.#firstIn(of, before.parts.parents[parent], after.parts.parents[parent])
        : undefined;
    return { reason: 'parent-changed', parent, ...(how && { how }), ...(because && { because }), ...at };
  }

  async #parentOnAnotherBase(parent: string, name: ImageName): Promise<WhyCause> {
    const of = imageOfParentKey(parent);
    const planned = this.#prepared.plan.images.find((image) => image.name === of);
    const on = planned?.platforms[0]?.platform;
    const [because] = planned === undefined || on === undefined ? [] : await this.image(planned, on);
    return {
      reason: 'parent-changed',
      parent,
      ...(because && { because }),
      ...this.#at(name, this.#namingOf(of, name)),
    };
  }

  async #firstIn(
    name: ImageName,
    before: string | undefined,
    after: string | undefined,
  ): Promise<WhyCause | undefined> {
    const planned = this.#prepared.plan.images.find((image) => image.name === name);
    const on = planned?.platforms[0]?.platform;
    if (planned !== undefined && on !== undefined && planned.action !== 'up-to-date') {
      const [first] = await this.image(planned, on);
      if (first !== undefined) return first;
    }
    const [was, is] = await Promise.all([this.#recalled(before), this.#recalled(after)]);
    const platform = planned?.platforms[0]?.platform;
    if (was === undefined || is === undefined || platform === undefined) return undefined;
    const changes = await this.#changes({ before: was, after: is, name, platform });
    return inOrder(changes)[0];
  }

  /** Keys that travelled with an image are cut, and not to be found. */
  async #recalled(key: string | undefined): Promise<ComparableKey | undefined> {
    return key === undefined ? undefined : await this.#prepared.memory.recall(key as Digest);
  }

  #baseMoved({ code, ...move }: Extract<PlanReason, { code: 'base-moved' }>, name: ImageName): WhyCause {
    return { reason: code, ...move, ...this.#at(name, this.#namingOf(move.reference, name)) };
  }

  /** The first instruction that names an image. */
  #namingOf(reference: string, name: ImageName): UsedAt | undefined {
    const { dockerfile } = this.#prepared.graph.project.contexts.get(name)!;
    const all = dockerfile.stages.flatMap(({ from, instructions }) => [from, ...instructions]);
    const edge = this.#prepared.graph.edges.find(({ from, to }) => from === name && to === reference);
    const found = all.find(({ at, text }) =>
      edge === undefined
        ? text.includes(reference)
        : at.offset <= edge.at.offset && edge.at.offset < at.offset + Math.max(at.length, 1),
    );
    return found && { line: found.at.line, text: shownText(found.text) };
  }

  #readerOf(path: string, name: ImageName, platform: Platform): UsedAt | undefined {
    const { dockerfile } = this.#prepared.graph.project.contexts.get(name)!;
    return firstUseOfFile(path, this.#prepared.contexts.places(name, platform), dockerfile);
  }

  #atLine(line: number, name: ImageName): UsedAt {
    const { dockerfile } = this.#prepared.graph.project.contexts.get(name)!;
    const all = [
      ...dockerfile.globalArgs,
      ...dockerfile.stages.flatMap(({ from, instructions }) => [from, ...instructions]),
    ];
    return { line, text: shownText(all.find(({ at }) => at.line === line)?.text ?? '') };
  }

  #at(name: ImageName, use: UsedAt | undefined): { readonly at?: CausePlace } {
    return use === undefined ? {} : { at: { file: `${this.#pathOf(name)}/Dockerfile`, ...use } };
  }

  #pathOf(name: ImageName): string {
    return this.#prepared.graph.project.contexts.get(name)!.path;
  }
}

/** What the instruction said that stands at `line` now. */
function textBefore(line: number, { before, after }: ComparedKeys): { readonly before?: string } {
  const [old, now] = [before.parts.instructions, after.parts.instructions];
  const index = now.findIndex(([one]) => one === line);
  const hunk = hunks(old, now, ([, one], [, other]) => one === other).find(
    (one) => one.after[0] <= index && index < one.after[1],
  );
  const was = hunk && hunk.before[0] + index - hunk.after[0];
  const text = was === undefined || was >= hunk!.before[1] ? undefined : before.parts.texts?.[was];
  return text === undefined ? {} : { before: text };
}

/**
 * As the instructions stand that they are for, since what is above makes all below it run again; then what is for none of
 * them.
 */
function inOrder(causes: readonly WhyCause[]): readonly WhyCause[] {
  const lineOf = (cause: WhyCause) => {
    if (cause.reason === 'instruction-removed') return cause.line ?? Number.POSITIVE_INFINITY;
    return ('at' in cause ? cause.at?.line : undefined) ?? Number.POSITIVE_INFINITY;
  };
  return [...causes].sort((one, other) => {
    const [a, b] = [lineOf(one), lineOf(other)];
    return a === b ? 0 : a - b;
  });
}
