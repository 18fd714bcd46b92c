import { loadZod } from '../load-zod.ts';

/**
 * Loads what the engine consists of, lower rooms first. Node opens all files that an import needs at once, which where a
 * process may have few files open (ulimit -n) is too many for the whole engine.
 */
export async function loadEngineInParts(): Promise<void> {
  await loadZod();
  await import('../dockerfile/parse.ts');
  await import('../store/store.ts');
  await import('../registry/registry.ts');
  await import('../layer/unpack.ts');
  await import('../context/dockerfile-context.ts');
  await import('./executor/chroot-executor.ts');
  await import('./executor/namespaces-executor.ts');
  await import('./snapshot/overlay.ts');
  await import('./op/runners.ts');
  await import('./frontend/lower.ts');
  await import('./exporter/exporters.ts');
}
