import { readFile } from 'node:fs/promises';
import { resolveSource } from '../../context/source-tree.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { ReadText } from './owner.ts';
import type { RunnerServices } from './runner-services.ts';
import { SnapshotTree } from './snapshot-tree.ts';

type Services = Pick<RunnerServices, 'layers'>;

export async function snapshotTree(services: Services, snapshot: Snapshot, signal: AbortSignal): Promise<SnapshotTree> {
  return new SnapshotTree({
    description: 'the stage or image it is copied from',
    tree: await services.layers.tree(snapshot, signal),
    diskPath: (path) => services.layers.diskPath(snapshot, path, signal),
  });
}

/** Bytes; what BuildKit allows for /etc/passwd and /etc/group. */
const MAX_TEXT = 10 * 1024 * 1024;

/** Reads small regular files of an image, links followed inside it; undefined for what is missing, too big or special. */
export function readText(services: Services, snapshot: Snapshot, signal: AbortSignal): ReadText {
  return async (path) => {
    const tree = await snapshotTree(services, snapshot, signal);
    const node = await resolveSource(tree, path);
    if (node?.type !== 'file' || (node.size ?? 0) > MAX_TEXT) return undefined;
    return readFile(await tree.fileOf(node), 'utf8');
  };
}
