import { linkSync } from 'node:fs';
import { isWhiteoutDevice } from './disk-entry.ts';
import type { DeviceEntry, FifoEntry, HardlinkEntry } from './layer-entry.ts';
import type { PathState } from './path-states.ts';
import { scopedPath } from './scoped-path.ts';
import { makeDevice, makeFifos } from './special-files.ts';
import type { UnpackDirectory } from './unpack-directory.ts';

/** FIFOs and devices of a layer, and links to them: made at the end, because making them takes programs. */
export class UnpackSpecials {
  readonly #directory: UnpackDirectory;

  constructor(directory: UnpackDirectory) {
    this.#directory = directory;
  }

  add(entry: FifoEntry | DeviceEntry): PathState {
    const state = this.#directory.reserve(entry.path);
    state.special = entry;
    return state;
  }

  /** false for a link to something else. */
  addLink(entry: HardlinkEntry): boolean {
    const target = this.#directory.find(entry.target)?.specialLink?.target ?? entry.target;
    if (this.#directory.find(target)?.special === undefined) return false;
    this.#directory.reserve(entry.path).specialLink = { ...entry, target };
    return true;
  }

  /** Calls `onMade` for each, to have its metadata set. Returns the paths of what this user may not make. */
  async make(onMade: (entry: FifoEntry | DeviceEntry) => void, signal: AbortSignal): Promise<readonly string[]> {
    const entries: (FifoEntry | DeviceEntry)[] = [];
    const links: HardlinkEntry[] = [];
    for (const { state } of this.#directory.all()) {
      if (state.special) entries.push(state.special);
      if (state.specialLink) links.push(state.specialLink);
    }
    const fifos = entries.filter((entry) => entry.type === 'fifo');
    await makeFifos(
      fifos.map(({ path }) => this.#directory.unreserve(path)),
      signal,
    );
    fifos.forEach(onMade);
    const skipped = new Set<string>();
    for (const device of entries) {
      if (device.type === 'fifo') continue;
      const file = this.#directory.unreserve(device.path);
      // A device 0/0 would be a whiteout to overlayfs, which a layer has to say by name.
      if (!isWhiteoutDevice(device) && (await makeDevice(file, device, signal))) onMade(device);
      else skipped.add(device.path);
    }
    for (const { path, target } of links) {
      const file = this.#directory.unreserve(path);
      if (skipped.has(target)) skipped.add(path);
      else linkSync(scopedPath(this.#directory.root, target), file);
    }
    return [...skipped];
  }
}
