import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerText } from '../../support/lower-text.ts';

const text = `FROM base
ARG V=1
ENV A=b
RUN echo hi
COPY --chown=1:2 a b /dst/
COPY <<one /x
body
one
WORKDIR /w
WORKDIR /
CMD ["a", "b"]
EXPOSE 80
ENV P="443 53/udp"
EXPOSE 9-10/udp 8 $P 8
`;

test('history has one entry per instruction, in the words that Docker prints', () => {
  assert.deepEqual(lowerText(text).history, [
    'the past of base',
    'ARG V=1',
    'ENV A=b',
    'RUN |1 V=1 /bin/sh -c echo hi # buildkit',
    'COPY --chown=1:2 a b /dst/ # buildkit',
    'COPY <<one /x # buildkit',
    'WORKDIR /w',
    'WORKDIR /',
    'CMD ["a" "b"]',
    'EXPOSE [80/tcp]',
    'ENV P=443 53/udp',
    'EXPOSE [443/tcp 53/udp 8/tcp 8/tcp 9/udp 10/udp]',
  ]);
});

test('entries that are not empty are as many as there are layers', () => {
  const lowered = lowerText(text);
  assert.deepEqual(lowered.layers, [
    'the past of base',
    'RUN |1 V=1 /bin/sh -c echo hi # buildkit',
    'COPY --chown=1:2 a b /dst/ # buildkit',
    'COPY <<one /x # buildkit',
    'WORKDIR /w',
  ]);
  const makers = lowered.ops.filter(({ kind }) => kind !== 'scratch' && kind !== 'image');
  assert.equal(makers.length + 1, lowered.layers.length);
});

test('stages do not mix', () => {
  assert.deepEqual(lowerText('FROM base AS a\nRUN x\nFROM base\nCOPY --from=a /f /f').layers, [
    'the past of base',
    'COPY /f /f # buildkit',
  ]);
});

test('the history does not say for which registry an image was built', () => {
  const { history } = lowerText('FROM base\nARG REGISTRY\nARG OTHER\n', {
    buildArgs: { REGISTRY: 'r.example', OTHER: 'o' },
  });
  assert.deepEqual(history.slice(1), ['ARG REGISTRY', 'ARG OTHER=o']);
});
