/**
 * How many of the lowest layers are unpacked into one directory, so that the others and it are no more than overlayfs
 * stacks: the kernel takes 500 lower directories (OVL_MAX_STACK, fs/overlayfs/params.c), and the names of so many must
 * fit in a page of mount options. Counted in groups, so that a stack that grows by a layer at a time keeps its directory.
 */
export function flatLayers(count: number): number {
  return count <= LOWER_LIMIT ? 0 : Math.ceil((count - LOWER_LIMIT) / GROUP) * GROUP;
}

const LOWER_LIMIT = 480;
const GROUP = 256;
