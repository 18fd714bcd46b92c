import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { differenceOf, type ExpectedFiles, type UnpackedDifference } from '../../layer/compare-unpacked.ts';
import { isUnpacked } from '../../layer/disk-entry.ts';
import { parseIndex } from '../../layer/index-codec.ts';
import type { LayerIndex } from '../../layer/layer-entry.ts';
import { Tree } from '../../layer/tree.ts';
import { whiteoutsFor } from '../../layer/unpack-marks.ts';
import { chainIDsOf } from '../../oci/chain-id.ts';
import { type ChainID, DiffID, digestFromHex, hexOf } from '../../oci/digest.ts';
import { FailureError } from '../../result.ts';
import { takeThese } from '../../store/care.ts';
import { jsonIn, LARGEST_DOCUMENT, orGone } from '../../store/raw-document.ts';
import type { Store } from '../../store/store.ts';
import { filesIn, type ParsedPlace, parsePlaceName } from './unpacked-place.ts';

/** An unpacked layer that is not what its layers say. */
export interface BrokenUnpacked {
  /** Name of its directory. */
  readonly id: string;
  /** Of the topmost layer in it. */
  readonly layer: DiffID;
  /** The first difference. */
  readonly difference: UnpackedDifference;
  readonly isRemoved: boolean;
}

/** What comparing every unpacked layer gave. */
export interface VerifiedUnpacked {
  readonly checked: number;
  /** Those of which the store does not know, or this user may not see, what they hold. */
  readonly unknown: number;
  readonly broken: readonly BrokenUnpacked[];
}

/**
 * Compares every unpacked layer with the index of the layer, and says which differ. With `repairs` these are removed, unless a
 * process uses them: they are unpacked again when a step needs them. `stacks` are those that are known besides the images
 * of the store. Reading counts as no use.
 */
export async function verifyUnpacked(
  store: Store,
  { repairs, stacks }: { readonly repairs: boolean; readonly stacks: AsyncIterable<readonly DiffID[]> },
  signal: AbortSignal,
): Promise<VerifiedUnpacked> {
  const directory = store.paths.snapshots;
  const known = new KnownLayers(store, stacks);
  let checked = 0;
  let unknown = 0;
  const wrong: Omit<BrokenUnpacked, 'isRemoved'>[] = [];
  for (const id of (await orGone(readdir(directory), directory)) ?? []) {
    signal.throwIfAborted();
    const place = parsePlaceName(id);
    // What another version of cip has left is never used.
    if (place === undefined) continue;
    const compared = await compare(join(directory, id), place, { known, signal });
    if (compared === 'unknown') unknown += 1;
    else if (compared !== 'gone') {
      checked += 1;
      if (compared.difference !== undefined) wrong.push({ id, layer: compared.layer, difference: compared.difference });
    }
  }
  const paths = wrong.map(({ id }) => join(directory, id));
  const removed = repairs && paths.length > 0 ? await takeThese(store, paths, signal) : new Set<string>();
  const broken = wrong.map((one) => ({ ...one, isRemoved: removed.has(join(directory, one.id)) }));
  return { checked, unknown, broken };
}

async function compare(
  path: string,
  place: ParsedPlace,
  { known, signal }: { readonly known: KnownLayers; readonly signal: AbortSignal },
) {
  const stack = place.form === 'layer' ? [DiffID.parse(digestFromHex(place.hex))] : await known.stack(place.hex);
  const layer = stack?.at(-1);
  if (stack === undefined || layer === undefined) return 'unknown';
  const expected = place.form === 'flat' ? await flat(stack, place, known) : await topmost(stack, place, known);
  if (expected === undefined) return 'unknown';
  try {
    return { layer, difference: await differenceOf(filesIn(path), expected, signal) };
  } catch (error) {
    const { code } = ((error as FailureError).cause ?? error) as NodeJS.ErrnoException;
    if (!(error instanceof FailureError)) throw error;
    if (['EACCES', 'EPERM'].includes(code ?? '')) return 'unknown';
    if ((await orGone(stat(path), path)) === undefined) return 'gone';
    if (code === 'ENOENT') return { layer, difference: { path: '', what: 'missing' } as const };
    if (code === 'EIO') return { layer, difference: { path: '', what: 'unreadable' } as const };
    throw error;
  }
}

/** One layer, in the form in which overlayfs takes it. */
async function topmost(
  stack: readonly DiffID[],
  { form, hasOwners, hasDevices, hasWhiteouts }: ParsedPlace,
  known: KnownLayers,
): Promise<ExpectedFiles | undefined> {
  const index = await known.index(stack.at(-1)!);
  if (index === undefined) return undefined;
  const tree = Tree.of([index]);
  const below = form === 'layer' ? [] : await known.indexes(stack.slice(0, -1));
  const added = (path: string) => {
    const type = tree.lookup(path)?.entry.type;
    return type === undefined || type === 'directory' ? type : 'other';
  };
  const skipped = index.filter((entry) => !isUnpacked(entry, hasDevices)).map(({ path }) => path);
  const needed = below && whiteoutsFor(index, { added, lower: Tree.of(below), skipped });
  const whiteouts = hasWhiteouts ? needed && new Set(needed) : new Set<string>();
  return { tree, described: directoriesIn([index]), whiteouts, hasOwners, hasDevices };
}

/** A whole stack, in which nothing hides anything. */
async function flat(
  stack: readonly DiffID[],
  { hasOwners, hasDevices }: ParsedPlace,
  known: KnownLayers,
): Promise<ExpectedFiles | undefined> {
  const indexes = await known.indexes(stack);
  if (indexes === undefined) return undefined;
  const described = directoriesIn(indexes);
  return { tree: Tree.of(indexes), described, whiteouts: new Set(), hasOwners, hasDevices };
}

function directoriesIn(indexes: readonly LayerIndex[]): ReadonlySet<string> {
  return new Set(indexes.flatMap((index) => index.flatMap(({ type, path }) => (type === 'directory' ? [path] : []))));
}

/** What of the configuration of an image tells its layers. */
const Layered = z.object({ rootfs: z.object({ diff_ids: z.array(DiffID) }) });

/** Indexes of layers and the stacks that they form, as the store has them. */
class KnownLayers {
  readonly #store: Store;
  readonly #others: AsyncIterable<readonly DiffID[]>;
  #stacks: Promise<ReadonlyMap<ChainID, readonly DiffID[]>> | undefined;

  constructor(store: Store, others: AsyncIterable<readonly DiffID[]>) {
    this.#store = store;
    this.#others = others;
  }

  async index(layer: DiffID): Promise<LayerIndex | undefined> {
    const path = join(this.#store.paths.indexes, hexOf(layer));
    const text = await orGone(readFile(path, 'utf8'), path);
    const parsed = text === undefined ? undefined : parseIndex(text);
    return parsed?.ok ? parsed.value : undefined;
  }

  /** undefined where one of them is not known. */
  async indexes(layers: readonly DiffID[]): Promise<readonly LayerIndex[] | undefined> {
    const found: LayerIndex[] = [];
    for (const layer of layers) {
      const index = await this.index(layer);
      if (index === undefined) return undefined;
      found.push(index);
    }
    return found;
  }

  /** By the hex digits of its identity. */
  async stack(hex: string): Promise<readonly DiffID[] | undefined> {
    this.#stacks ??= this.#findStacks();
    return (await this.#stacks).get(digestFromHex(hex) as string as ChainID);
  }

  async #findStacks(): Promise<ReadonlyMap<ChainID, readonly DiffID[]>> {
    const found = new Map<ChainID, readonly DiffID[]>();
    const add = (layers: readonly DiffID[]) => {
      for (const [at, chain] of chainIDsOf(layers).entries()) found.set(chain, layers.slice(0, at + 1));
    };
    const { blobs } = this.#store.paths;
    for (const name of (await orGone(readdir(blobs), blobs)) ?? []) {
      const path = join(blobs, name);
      const file = await orGone(stat(path), path);
      if (file === undefined || !file.isFile() || file.size > LARGEST_DOCUMENT) continue;
      add(Layered.safeParse(await jsonIn(path)).data?.rootfs.diff_ids ?? []);
    }
    for await (const layers of this.#others) add(layers);
    return found;
  }
}
