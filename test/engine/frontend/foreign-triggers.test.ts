/** ONBUILD triggers of a base that the project does not build may use only what the keys of the project count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CountedInputs } from '../../../src/context/counted-inputs.ts';
import { FailuresError } from '../../../src/result.ts';
import { lowerText } from '../../support/lower-text.ts';

type Case = [title: string, triggers: string[], want: string[], counted?: Partial<CountedInputs>, text?: string];

const digest = `sha256:${'0'.repeat(64)}`;
const cases: Case[] = [
  ['an argument that is given', ['ARG X=1'], ['argument-not-counted Dockerfile:1:6']],
  ['the second of a line', ['ARG Y X'], ['argument-not-counted Dockerfile:1:6']],
  ['an argument that is counted', ['ARG X=1'], [], { args: ['X'] }],
  ['an argument that is not given', ['ARG Y=1'], []],
  ['an argument called like what every object has', ['ARG constructor=1'], []],
  [
    'a trigger that the project writes too',
    ['ARG X=1', 'COPY --from=tool:1 / /'],
    [],
    { triggers: ['ARG X=1', 'COPY --from=tool:1 / /'] },
  ],
  [
    'a trigger that the project writes in another way',
    ['ARG X=1'],
    ['argument-not-counted Dockerfile:1:6'],
    { triggers: ['ARG X'] },
  ],
  ['an image', ['COPY --from=tool:1 / /'], ['image-not-counted Dockerfile:1:6']],
  ['an image that is counted', ['COPY --from=tool:1 / /'], [], { images: ['tool:1'] }],
  [
    'another tag of an image that is counted',
    ['COPY --from=tool:2 / /'],
    ['image-not-counted Dockerfile:1:6'],
    { images: ['tool:1'] },
  ],
  ['an image by its digest', [`COPY --from=tool@${digest} / /`], []],
  ['an image that is mounted', ['RUN --mount=from=tool:1,target=/m x'], ['image-not-counted Dockerfile:1:6']],
  [
    'an image that seeds a cache',
    ['RUN --mount=type=cache,from=tool:1,target=/m x'],
    ['image-not-counted Dockerfile:1:6'],
  ],
  ['a stage', ['COPY --from=one / /'], [], {}, 'FROM base AS one\nFROM foreign'],
  ['a stage on a stage', ['ARG X'], ['argument-not-counted Dockerfile:1:6'], {}, 'FROM foreign AS one\nFROM one'],
  [
    'the arguments and images of the Dockerfile itself',
    ['ENV A=1'],
    [],
    {},
    'FROM foreign\nARG X\nCOPY --from=tool:1 / /',
  ],
];

for (const [title, triggers, want, counted, text = 'FROM foreign'] of cases) {
  test(`a trigger of an image from elsewhere uses ${title}`, () => {
    const lower = () =>
      lowerText(text, {
        bases: { foreign: { OnBuild: triggers }, 'tool:1': {}, 'tool:2': {}, [`tool@${digest}`]: {} },
        buildArgs: { X: '2' },
        counted: { args: [], triggers: [], images: [], ...counted },
      });
    assert.deepEqual(failuresIn(lower), want);
  });
}

test('a build that is told nothing of keys may use everything', () => {
  assert.deepEqual(
    failuresIn(() => lowerText('FROM b', { bases: { b: { OnBuild: ['ARG X'] } }, buildArgs: { X: '2' } })),
    [],
  );
});

/** `reason file:line:column` of each. */
function failuresIn(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (!(error instanceof FailuresError)) throw error;
    return error.failures.map(({ reason, at }) => `${reason} ${at?.file}:${at?.line}:${at?.column}`);
  }
}
