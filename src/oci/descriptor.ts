import { z } from 'zod';
import { Digest } from './digest.ts';
import type { Platform } from './platform.ts';
import { PlatformSchema } from './platform-schema.ts';

/**
 * Points at bytes: what they are, which they are, how many (of the blob as stored, compressed).
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 */
export const Descriptor = z.looseObject({
  mediaType: z.string(),
  digest: Digest,
  size: z.number().int().nonnegative(),
  platform: PlatformSchema.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  artifactType: z.string().optional(),
  urls: z.array(z.string()).optional(),
  data: z.string().optional(),
});
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: Platform | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly artifactType?: string | undefined;
  readonly urls?: readonly string[] | undefined;
}
