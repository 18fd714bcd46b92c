import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlacedRead } from '../../../src/context/context-reads.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse.ts';
import { firstUseOfArgument, firstUseOfFile } from '../../../src/orchestrator/key/first-use.ts';

function dockerfile(...lines: readonly string[]) {
  const parsed = parseDockerfile(`${lines.join('\n')}\n`, 'Dockerfile');
  assert(parsed.ok);
  return parsed.value;
}

const args: readonly (readonly [title: string, lines: readonly string[], line: number | undefined])[] = [
  ['named by a RUN', ['FROM scratch', 'ARG X', 'RUN a', 'RUN echo $X'], 4],
  ['named with braces', ['FROM scratch', 'ARG X', 'LABEL a=${X:-b}'], 3],
  ['in the environment of a RUN', ['FROM scratch', 'ARG X', 'ENV A=b', 'RUN a'], 4],
  ['named only in another word', ['FROM scratch', 'ARG X', 'LABEL a=$XY', 'RUN a'], 4],
  ['above the first FROM', ['ARG X=1', 'FROM base:$X'], 2],
  ['declared and not used', ['FROM scratch', 'ARG X', 'LABEL a=b'], 2],
  ['above its ARG', ['FROM scratch', 'RUN echo $X', 'ARG X', 'RUN b'], 4],
  ['in a heredoc', ['FROM scratch', 'ARG X', 'RUN a', 'RUN <<E', 'echo $X', 'E'], 4],
  ['not declared in this stage', ['FROM scratch AS a', 'ARG X', 'FROM scratch', 'RUN echo $X'], 2],
  ['nowhere', ['FROM scratch'], undefined],
];

for (const [title, lines, line] of args) {
  test(`the first use of an argument: ${title}`, () => {
    assert.equal(firstUseOfArgument('X', dockerfile(...lines), new Set([0, 1]))?.line, line);
  });
}

test('the first use of an argument: not in a stage that is not built', () => {
  const file = dockerfile('FROM scratch', 'ARG X', 'RUN a', 'FROM scratch', 'ARG X', 'RUN b');
  assert.equal(firstUseOfArgument('X', file, new Set([1]))?.line, 6);
});

const files: readonly (readonly [path: string, line: number | undefined])[] = [
  ['a.sh', 2],
  ['etc/deep/one', 3],
  ['src/x.go', 4],
  ['src/deep/x.go', undefined],
];

for (const [path, line] of files) {
  test(`the first use of a file: ${path}`, () => {
    const file = dockerfile('FROM scratch', 'COPY a.sh /', 'COPY etc /etc', 'COPY src/*.go ./a.sh /');
    const patterns = [['a.sh'], ['etc'], ['src/*.go', './a.sh']];
    const places = file.stages[0]!.instructions.map(({ at }, index): PlacedRead => {
      const masks = { mode: false, owner: false };
      return { at, read: { patterns: patterns[index]!, exclude: [], parents: false, masks } };
    });
    assert.equal(firstUseOfFile(path, places.toReversed(), file)?.line, line);
  });
}
