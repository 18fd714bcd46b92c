import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import { couldCopy } from '../../src/orchestrator/copyable.ts';
import { unwrap } from './workshop.ts';

const cases: [instruction: string, want: boolean][] = [
  ['COPY . /', true],
  ['COPY / /', true],
  ['COPY ./info.edn /', true],
  ['COPY sub/../info.edn /', true],
  ['COPY ../info.edn /', true],
  ['COPY *.edn /', true],
  ['COPY inf?.edn /', true],
  ['COPY [i]nfo.edn /', true],
  ['COPY ["info.edn", "/"]', true],
  ['COPY $file /', true],
  ['COPY --from=build . /', false],
  ['COPY info /', false],
  ['COPY *.lua /', false],
  ['COPY sub/* /', false],
  ['COPY info.edn/x /', false],
  ['COPY infoxedn /', false],
  ['ADD . /', true],
  ['ADD https://example.com/info.edn /', false],
  ['RUN --mount=type=bind,target=/src make', true],
  ['RUN --mount=type=bind,source=sub,target=/src make', false],
  ['RUN --mount=type=bind,from=build,target=/src make', false],
  ['RUN --mount=type=cache,target=/src make', false],
  ['ONBUILD COPY . /', true],
  ['ONBUILD RUN make', false],
  ['COPY <<info.edn /\nx\ninfo.edn', false],
];
for (const [instruction, want] of cases) {
  test(`couldCopy() of info.edn is ${want} for ${instruction}`, () => {
    const dockerfile = unwrap(parseDockerfile(`FROM scratch AS build\nFROM scratch\n${instruction}\n`, 'Dockerfile'));
    assert.equal(couldCopy(dockerfile, 'info.edn'), want);
  });
}
