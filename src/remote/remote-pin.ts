import { z } from 'zod';
import { canonicalDigest } from '../oci/canonical.ts';
import { Digest } from '../oci/digest.ts';

/** One file that a server gave out. */
export const HttpFile = z.object({
  type: z.literal('http'),
  digest: Digest,
  /** Bytes. */
  size: z.number(),
  /** Seconds since 1970: when the server says that it changed last; 0 where it does not say. */
  modified: z.number(),
  /** What the server calls it; absent where its address has a name, which counts. */
  name: z.string().optional(),
});
export type HttpFile = z.infer<typeof HttpFile>;

/** What a remote source was when a build was decided: what the build uses. Plain data. */
export type RemotePin = HttpFile | { readonly type: 'git'; readonly commit: string };

/** Equal for what comes to be the same files in an image. */
export function identityOfPin(pin: RemotePin): Digest {
  if (pin.type === 'git') return canonicalDigest(['git', pin.commit]);
  return canonicalDigest(['http', pin.digest, String(pin.modified), pin.name]);
}
