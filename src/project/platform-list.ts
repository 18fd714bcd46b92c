import { formatPlatform, type Platform, parsePlatforms } from '../oci/platform.ts';
import { type Failure, failed, ok, type Result, type SourceSpan } from '../result.ts';
import { emptyPlatforms } from './failure.ts';
import type { PlacedText } from './placed-text.ts';

/**
 * Platforms of texts such as `linux/amd64` or `linux/amd64, linux/arm64`, in the order written, each once. None at
 * all is a failure at `whole`, since an empty list would silently mean the defaults.
 */
export function platformList(texts: readonly PlacedText[], whole: SourceSpan): Result<readonly Platform[]> {
  const written = texts.filter(({ text }) => text.trim() !== '');
  if (written.length === 0) return failed([emptyPlatforms(whole)]);
  const failures: Failure[] = [];
  const platforms = new Map<string, Platform>();
  for (const { text, at } of written) {
    const parsed = parsePlatforms(text);
    if (!parsed.ok) failures.push(...parsed.failure.map((failure) => ({ ...failure, at })));
    else for (const platform of parsed.value) platforms.set(formatPlatform(platform), platform);
  }
  return failures.length > 0 ? failed(failures) : ok([...platforms.values()]);
}
