import type { Source } from '../dockerfile/source.ts';
import { failed, ok, type Result } from '../result.ts';
import { type ContextInfo, checkVersion } from './context-info.ts';
import { missingVersion } from './failure.ts';
import { platformList } from './platform-list.ts';

/**
 * The older pair of files: `VERSION` holds nothing but the version, `PLATFORMS_OVERRIDE` (if there is one) platforms
 * with commas or line ends between them. Blanks around them do not count.
 */
export function parseVersionFile(version: Source, platforms: Source | undefined): Result<ContextInfo> {
  const checkedVersion = versionOf(version);
  const checkedPlatforms = platforms === undefined ? ok([]) : platformsOf(platforms);
  if (!checkedVersion.ok || !checkedPlatforms.ok) {
    return failed([checkedVersion, checkedPlatforms].flatMap((result) => (result.ok ? [] : result.failure)));
  }
  const { versionAt, ...checked } = checkedVersion.value;
  return ok({
    ...checked,
    platforms: checkedPlatforms.value,
    variants: [],
    metadata: { kind: 'version-file', file: version.file, text: version.text, versionAt, other: new Map() },
  });
}

function versionOf(source: Source) {
  // A byte order mark counts as blank, too.
  const text = source.text.trim();
  const offset = source.text.length - source.text.trimStart().length;
  const versionAt = source.span(offset, offset + text.length);
  if (text === '') return failed([missingVersion(versionAt)]);
  const checked = checkVersion(text, versionAt);
  return checked.ok ? ok({ ...checked.value, versionAt }) : checked;
}

function platformsOf(source: Source) {
  const words = source.text.matchAll(/[^\s,\ufeff]+/g);
  const texts = [...words].map(({ 0: text, index }) => ({ text, at: source.span(index, index + text.length) }));
  return platformList(texts, source.span(0, source.text.length));
}
