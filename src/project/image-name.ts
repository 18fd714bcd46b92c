import { z } from 'zod';

/**
 * Last path component of an image's repository: `java-dev`. Lower case letters and digits, in between single dots,
 * one or two underscores, or dashes. At most 128 characters, which leaves room for a registry in front.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export const ImageName = z
  .string()
  .max(128)
  .regex(/^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/)
  .brand<'ImageName'>();
export type ImageName = z.infer<typeof ImageName>;

/** The name, if the text is one. */
export function parseImageName(text: string): ImageName | undefined {
  const parsed = ImageName.safeParse(text);
  return parsed.success ? parsed.data : undefined;
}
