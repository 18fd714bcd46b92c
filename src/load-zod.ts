import type * as Zod from 'zod';

/**
 * Loads zod in parts. Node opens all files that an import needs at once, and zod has one for each of its languages: where a
 * process may have few files open (ulimit -n), that is too many together with the rest of it.
 */
export async function loadZod(): Promise<typeof Zod> {
  await import('zod/v4/core');
  await import('zod/v4/locales');
  return await import('zod');
}
