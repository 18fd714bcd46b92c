/** Each flag that the parser takes means something: a table over all of them, which the parser names itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keywords } from '../../../src/dockerfile/keywords.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse.ts';
import { type Failure, failuresOf } from '../../../src/result.ts';
import { amd64, lowerText } from '../../support/lower-text.ts';

/** Keyword and flag → the flag with a value that is not its default, and the rest of the line. */
const samples: Readonly<Record<string, readonly [flag: string, rest: string]>> = {
  'ADD --chown': ['--chown=1:2', 'a /a'],
  'ADD --chmod': ['--chmod=600', 'a /a'],
  'ADD --link': ['--link', 'a /a'],
  'ADD --checksum': [`--checksum=sha256:${'0'.repeat(64)}`, 'https://example.com/a /a'],
  'ADD --keep-git-dir': ['--keep-git-dir', 'https://example.com/a.git /a'],
  'ADD --unpack': ['--unpack=false', 'a /a'],
  'ADD --exclude': ['--exclude=x', 'a /a'],
  'COPY --from': ['--from=first', 'a /a'],
  'COPY --chown': ['--chown=1:2', 'a /a'],
  'COPY --chmod': ['--chmod=600', 'a /a'],
  'COPY --link': ['--link', 'a /a'],
  'COPY --parents': ['--parents', 'a /a'],
  'COPY --exclude': ['--exclude=x', 'a /a'],
  'FROM --platform': ['--platform=linux/arm64', 'other'],
  'HEALTHCHECK --interval': ['--interval=1s', 'CMD x'],
  'HEALTHCHECK --timeout': ['--timeout=1s', 'CMD x'],
  'HEALTHCHECK --start-period': ['--start-period=1s', 'CMD x'],
  'HEALTHCHECK --start-interval': ['--start-interval=1s', 'CMD x'],
  'HEALTHCHECK --retries': ['--retries=2', 'CMD x'],
  'RUN --mount': ['--mount=type=tmpfs,target=/m', 'x'],
  'RUN --network': ['--network=none', 'x'],
  'RUN --security': ['--security=insecure', 'x'],
  'RUN --device': ['--device=x', 'x'],
};

/** Names of the flags of a keyword, as the failure for one that there is not lists them. */
function flagsOf(keyword: string): readonly string[] {
  const parsed = parseDockerfile(`FROM base\n${keyword} --nothing-of-the-kind=1 a\n`, 'Dockerfile');
  const failures: readonly Failure[] = parsed.ok ? [] : parsed.failure;
  const hint = failures.find(({ reason }) => reason === 'unknown-flag')?.hint ?? '';
  return /^flags of \w+: (.*)$/.exec(hint)?.[1]?.split(', ') ?? [];
}

/** What is built: the graph and the config without its history, which holds the words as they were written. */
function meaningOf(line: string): unknown {
  try {
    const { target, config } = lowerText(`FROM base AS first\nRUN first\nFROM base\n${line}\n`, {
      platform: amd64,
      bases: { other: {} },
    });
    return { graph: target.digest, config };
  } catch (error) {
    return failuresOf(error)?.map(({ reason }) => reason) ?? String(error);
  }
}

test('the table has each flag that the parser takes', () => {
  const known = Object.keys(keywords).flatMap((keyword) => flagsOf(keyword).map((flag) => `${keyword} ${flag}`));
  assert.deepEqual(Object.keys(samples).toSorted(), known.toSorted());
});

for (const [title, [flag, rest]] of Object.entries(samples))
  test(`${title} changes what is built, or is refused`, () => {
    const keyword = title.split(' ')[0]!;
    const without = meaningOf(`${keyword} ${rest}`);
    assert.ok(without instanceof Object && 'graph' in without, `${keyword} ${rest}: ${JSON.stringify(without)}`);
    assert.notDeepEqual(meaningOf(`${keyword} ${flag} ${rest}`), without);
  });
