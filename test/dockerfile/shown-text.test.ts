import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownText } from '../../src/dockerfile/shown-text.ts';

const rows: readonly (readonly [text: string, shown: string])[] = [
  ['RUN make all', 'RUN make all'],
  ['RUN make \\\n  all', 'RUN make \\ all'],
  ['ENV MODE=fast DB_PASSWORD=one', 'ENV MODE=fast DB_PASSWORD=…'],
  ['ENV DB_PASSWORD "a b" ', 'ENV DB_PASSWORD …'],
  ['ARG API_TOKEN="a b" OTHER=c', 'ARG API_TOKEN=… OTHER=c'],
  ["RUN apiKey='a b' make", 'RUN apiKey=… make'],
  ['ENV AWS_SECRET_ACCESS_KEY=x', 'ENV AWS_SECRET_ACCESS_KEY=…'],
  ['RUN --mount=type=secret,id=npm make', 'RUN --mount=type=secret,id=npm make'],
  ['ENV KEYBOARD=us MONKEY=banana', 'ENV KEYBOARD=us MONKEY=banana'],
  [`RUN ${'x'.repeat(300)}`, `RUN ${'x'.repeat(196)}…`],
];

for (const [text, shown] of rows) {
  test(`an instruction as it is shown: ${shown.slice(0, 40)}`, () => assert.equal(shownText(text), shown));
}
