import { linkSync } from 'node:fs';
import { isWhiteoutDevice } from './disk-entry.ts';
import type { DeviceEntry, FifoEntry, HardlinkEntry } from './layer-entry.ts';
import { scopedPath } from './scoped-path.ts';
import { makeDevice, makeFifos } from './special-files.ts';
import type { UnpackDirectory } from './unpack-directory.ts';

/** FIFOs and devices of a layer, and links to them: made at the end, because making them takes programs. */
export class UnpackSpecials {
  readonly #directory: UnpackDirectory;
  readonly #entries = new Map<string, FifoEntry | DeviceEntry>();
  readonly #links = new Map<string, HardlinkEntry>();

  constructor(directory: UnpackDirectory) {
    this.#directory = directory;
  }

  add(entry: FifoEntry | DeviceEntry): void {
    this.#directory.reserve(entry.path);
    this.#entries.set(entry.path, entry);
  }

  /** false for a link to something else. */
  addLink(entry: HardlinkEntry): boolean {
    const target = this.#links.get(entry.target)?.target ?? entry.target;
    if (!this.#entries.has(target)) return false;
    this.#directory.reserve(entry.path);
    this.#links.set(entry.path, { ...entry, target });
    return true;
  }

  /** Forgets what is at `path` or below. */
  delete(path: string): void {
    for (const known of [this.#entries, this.#links])
      for (const key of known.keys()) if (key === path || key.startsWith(`${path}/`)) known.delete(key);
  }

  /** Calls `onMade` for each, to have its metadata set. Returns the paths of what this user may not make. */
  async make(onMade: (entry: FifoEntry | DeviceEntry) => void, signal: AbortSignal): Promise<readonly string[]> {
    const entries = [...this.#entries.values()];
    const fifos = entries.filter((entry) => entry.type === 'fifo');
    await makeFifos(
      fifos.map(({ path }) => this.#directory.unreserve(path)),
      signal,
    );
    fifos.forEach(onMade);
    const skipped = new Set<string>();
    for (const device of entries) {
      if (device.type === 'fifo') continue;
      const place = this.#directory.unreserve(device.path);
      // A device 0/0 would be a whiteout to overlayfs, which a layer has to say by name.
      if (!isWhiteoutDevice(device) && (await makeDevice(place, device, signal))) onMade(device);
      else skipped.add(device.path);
    }
    for (const { path, target } of this.#links.values()) {
      const place = this.#directory.unreserve(path);
      if (skipped.has(target)) skipped.add(path);
      else linkSync(scopedPath(this.#directory.root, target), place);
    }
    return [...skipped];
  }
}
