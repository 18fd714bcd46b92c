import { join } from 'node:path';
import { isUnpacked } from '../../layer/disk-entry.ts';
import type { LayerIndex } from '../../layer/layer-entry.ts';
import { hexOf } from '../../oci/digest.ts';
import { parentOf } from '../../tree-path.ts';
import type { Stack } from './layer-contents.ts';

/** What of this process decides what unpacking a layer gives. */
export interface UnpackedBy {
  /** How owners are on disk, see `DiskOwners`; '' where they are as in the image. */
  readonly owners: string;
  readonly makesDevices: boolean;
  /** Whether there can be whiteouts where the store is; it makes no difference for layers that need none. */
  readonly makesWhiteouts: boolean;
}

/** The topmost of the lowest `count` layers of a stack. */
export interface TopLayer {
  readonly count: number;
  readonly index: LayerIndex;
}

/**
 * The name of the directory that the topmost of the lowest `count` layers is unpacked to: the same for all stacks and
 * processes for which unpacking it gives the same files, another for each that it does not.
 */
export function placeName({ layers, chain }: Stack, { count, index }: TopLayer, by: UnpackedBy): string {
  const isOwn = isIndependent(index, by);
  const name = isOwn ? `layer-${hexOf(layers[count - 1]!.diffID)}` : `chain-${hexOf(chain[count - 1]!)}`;
  const lacksDevices = index.some((entry) => !isUnpacked(entry, by.makesDevices));
  const lacksWhiteouts = !by.makesWhiteouts && needsWhiteouts(index, by.makesDevices);
  return versioned([lacksWhiteouts ? 'no-whiteouts-' : '', lacksDevices ? 'no-devices-' : '', name].join(''), by);
}

/** Whether a layer hides what is below it: what it removes, or has a device in place of that cannot be made. */
export function needsWhiteouts(index: LayerIndex, makesDevices: boolean): boolean {
  return index.some(
    (entry) => entry.type === 'whiteout' || entry.type === 'opaque' || !isUnpacked(entry, makesDevices),
  );
}

/** Of the directory that has all that the lowest `count` layers come to. */
export function flatPlaceName({ chain }: Stack, count: number, by: UnpackedBy): string {
  const name = `flat-${hexOf(chain[count - 1]!)}`;
  return versioned(by.makesDevices ? name : `no-devices-${name}`, by);
}

/** Version 2 has its files a level deeper: what earlier ones left is not looked at. */
function versioned(name: string, { owners }: UnpackedBy): string {
  return `2-${owners === '' ? name : `${owners}-${name}`}`;
}

/**
 * Whether a layer comes to the same files on whatever it stands. What it hides has to be hidden where it is there, and
 * directories that it leaves out are as they are below.
 */
function isIndependent(index: LayerIndex, { makesDevices }: UnpackedBy): boolean {
  if (needsWhiteouts(index, makesDevices)) return false;
  const directories = new Set(['']);
  for (const { type, path } of index) {
    if (!directories.has(parentOf(path))) return false;
    if (type === 'directory') directories.add(path);
    else directories.delete(path);
  }
  return true;
}

/**
 * Where the files of an unpacked layer are in the directory that is its place. rename(2) replaces an empty directory, and
 * a layer without files would be one: with this in it, none is.
 */
export function filesIn(place: string): string {
  return join(place, 'fs');
}

/** What the name of a place says of what is in it. */
export interface ParsedPlace {
  readonly form: 'layer' | 'chain' | 'flat';
  /** Of the DiffID of the layer, else of the ChainID of the stack. */
  readonly hex: string;
  /** Whether owners are as in the image. */
  readonly hasOwners: boolean;
  readonly hasDevices: boolean;
  readonly hasWhiteouts: boolean;
}

/** undefined for what this version of cip did not make. */
export function parsePlaceName(name: string): ParsedPlace | undefined {
  const parts = /^2-(.*?)(no-whiteouts-)?(no-devices-)?(layer|chain|flat)-([0-9a-f]{64})$/.exec(name);
  if (parts === null) return undefined;
  const [, owners, noWhiteouts, noDevices, form, hex] = parts;
  return {
    form: form as ParsedPlace['form'],
    hex: hex!,
    hasOwners: owners === '',
    hasDevices: noDevices === undefined,
    hasWhiteouts: noWhiteouts === undefined,
  };
}
