import type { History } from '../../oci/image-config.ts';

/**
 * A history with as many entries that are not empty as there are layers, without which Docker refuses an image. A base may
 * have another number: as with BuildKit, nothing of what it says is lost. Entries that are too many become empty, from the
 * end; what is missing stands at the end.
 */
export function completeHistory(history: readonly History[], layers: number): History[] {
  let left = layers;
  const kept = history.map((entry): History => {
    if (entry.empty_layer) return entry;
    left -= 1;
    return left < 0 ? { ...entry, empty_layer: true } : entry;
  });
  const missing = Array.from({ length: Math.max(left, 0) }, () => ({ created_by: 'a layer of the base image' }));
  return [...kept, ...missing];
}
