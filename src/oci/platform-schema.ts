import { z } from 'zod';

/** A platform as documents have it. Apart from its words: these are read before it is known whether any document will be. */
export const PlatformSchema = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
});
