import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Source } from '../../src/dockerfile/source.ts';
import { formatPlatform } from '../../src/oci/platform.ts';
import { parseVersionFile } from '../../src/project/version-file.ts';
import { failuresOf, placed, succeeded } from './support/project-files.ts';

const parse = (version: string, platforms?: string) =>
  parseVersionFile(
    new Source('VERSION', version),
    platforms === undefined ? undefined : new Source('PLATFORMS_OVERRIDE', platforms),
  );

const cases: [title: string, version: string, platforms: string | undefined, want: string, wantPlatforms: string[]][] =
  [
    ['a version alone', '1.2.3', undefined, '1.2.3', []],
    ['blanks around it', '\n 1.2.3 \r\n', undefined, '1.2.3', []],
    ['a byte order mark', '\ufeff1.2.3\n', undefined, '1.2.3', []],
    ['platforms with commas', '1.2.3\n', 'linux/amd64,linux/arm64\n', '1.2.3', ['linux/amd64', 'linux/arm64']],
    ['platforms in lines', '1.2.3\n', 'linux/arm64\n\nlinux/amd64, \n', '1.2.3', ['linux/arm64', 'linux/amd64']],
  ];
for (const [title, text, platforms, want, wantPlatforms] of cases) {
  test(`parseVersionFile() reads ${title}`, () => {
    const info = succeeded(parse(text, platforms));
    const { offset, length } = info.metadata.versionAt;
    assert.deepEqual([info.version, text.slice(offset, offset + length)], [want, want]);
    assert.deepEqual(info.platforms.map(formatPlatform), wantPlatforms);
  });
}

const failures: [title: string, version: string, platforms: string | undefined, want: string[]][] = [
  ['an empty VERSION', ' \n', undefined, ['missing-version VERSION:2:1']],
  ['two versions', '1.0.0\n2.0.0\n', undefined, ['illegal-version VERSION:1:1']],
  ['an empty PLATFORMS_OVERRIDE', '1.0.0', '\n', ['empty-platforms PLATFORMS_OVERRIDE:1:1']],
  ['another system', '1.0.0', 'windows/amd64\n', ['platform-unsupported PLATFORMS_OVERRIDE:1:1']],
  ['both', '?', 'linux/amd64\nplan9', ['illegal-version VERSION:1:1', 'platform-unknown PLATFORMS_OVERRIDE:2:1']],
];
for (const [title, text, platforms, want] of failures) {
  test(`parseVersionFile() fails: ${title}`, () => assert.deepEqual(failuresOf(parse(text, platforms)), want));
}

test('parseVersionFile() warns of a version that is not semver', () =>
  assert.deepEqual(succeeded(parse('1.2')).notices.map(placed), ['version-not-semver VERSION:1:1']));
