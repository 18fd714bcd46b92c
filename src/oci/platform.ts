import { z } from 'zod';

/** `linux/arm/v7` taken apart and normalised (`aarch64` → `arm64`, `x86_64` → `amd64`, no `v8` on arm64). */
export const Platform = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
});
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}
