import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chalk } from 'chalk';
import { reportBug, reportFailure, reportFailures, reportGroups } from '../../src/cli/report-failure.ts';
import type { FailureShape } from '../../src/result.ts';

const long = `RUN ${'x'.repeat(500)} here ${'y'.repeat(500)}`;
const dockerfile = ['FROM scratch', '', 'FROM ${REGISTRY}/bas:1.0.0', '\tCOPY a b', long];
const options = {
  colors: new Chalk({ level: 0 }),
  cwd: '/home/me/project',
  readSource: (file: string) => (file === 'contexts/02-web/Dockerfile' ? dockerfile : undefined),
};
const at = { file: 'contexts/02-web/Dockerfile', line: 3, column: 6, offset: 21, length: 21 };

const cases: [title: string, failure: FailureShape, want: string[]][] = [
  ['message alone', { reason: 'a-b', message: 'something is wrong' }, ['error[a-b]: something is wrong']],
  ['message and hint', { reason: 'a', message: 'm', hint: 'do this' }, ['error[a]: m', '   = fix: do this']],
  [
    'place with source line and caret',
    { reason: 'unknown-parent', message: 'web is built FROM bas', hint: 'contexts are: base', at },
    [
      'error[unknown-parent]: web is built FROM bas',
      ' --> contexts/02-web/Dockerfile:3:6',
      '   |',
      ' 3 | FROM ${REGISTRY}/bas:1.0.0',
      '   |      ^^^^^^^^^^^^^^^^^^^^^',
      '   = fix: contexts are: base',
    ],
  ],
  [
    'caret below tabs',
    { reason: 'a', message: 'm', at: { ...at, line: 4, column: 2, length: 4 } },
    ['error[a]: m', ' --> contexts/02-web/Dockerfile:4:2', '   |', ' 4 | \tCOPY a b', '   | \t^^^^'],
  ],
  [
    'a span over several lines is marked on its first',
    { reason: 'a', message: 'm', at: { ...at, column: 1, length: 400 } },
    [
      'error[a]: m',
      ' --> contexts/02-web/Dockerfile:3:1',
      '   |',
      ' 3 | FROM ${REGISTRY}/bas:1.0.0',
      '   | ^^^^^^^^^^^^^^^^^^^^^^^^^^',
    ],
  ],
  [
    'an empty span is one caret',
    { reason: 'a', message: 'm', at: { ...at, line: 2, column: 1, length: 0 } },
    ['error[a]: m', ' --> contexts/02-web/Dockerfile:2:1', '   |', ' 2 | ', '   | ^'],
  ],
  [
    'what a step has said, as a terminal shows it at the end',
    { reason: 'a', message: 'm', details: ['one\r\n\r[=>] 1\r[==>] 2\nend\r\r', 'z'.repeat(3000)] },
    ['error[a]: m', '   | one', '   | [==>] 2', '   | end', `   | ${'z'.repeat(2000)}…`],
  ],
  [
    'a very long line is cut around the place',
    { reason: 'a', message: 'm', at: { ...at, line: 5, column: 506, length: 4 } },
    [
      'error[a]: m',
      ' --> contexts/02-web/Dockerfile:5:506',
      '   |',
      ` 5 | …${'x'.repeat(49)} here ${'y'.repeat(145)}…`,
      `   | ${' '.repeat(51)}^^^^`,
    ],
  ],
  [
    'a place at the end of a very long line',
    { reason: 'a', message: 'm', at: { ...at, line: 5, column: long.length, length: 1 } },
    [
      'error[a]: m',
      ` --> contexts/02-web/Dockerfile:5:${long.length}`,
      '   |',
      ` 5 | …${'y'.repeat(200)}`,
      `   | ${' '.repeat(200)}^`,
    ],
  ],
  [
    'a line of four digits widens the margin; an unreadable file has no excerpt',
    { reason: 'a', message: 'm', hint: 'h', at: { ...at, file: 'gone', line: 1234 } },
    ['error[a]: m', '   --> gone:1234:6', '     = fix: h'],
  ],
  [
    'a place below the working directory as seen from there',
    { reason: 'a', message: 'm', at: { ...at, file: '/home/me/project/contexts/x' } },
    ['error[a]: m', ' --> contexts/x:3:6'],
  ],
  [
    'a place elsewhere in full',
    { reason: 'a', message: 'm', at: { ...at, file: '/home/me/projects/x' } },
    ['error[a]: m', ' --> /home/me/projects/x:3:6'],
  ],
  [
    'details as they are',
    { reason: 'a', message: 'm', details: ['E: failed', '', '  indented'] },
    ['error[a]: m', '   | E: failed', '   |', '   |   indented'],
  ],
];
for (const [title, failure, want] of cases) {
  test(`reportFailure() ${title}`, () => assert.deepEqual(reportFailure(failure, 'error', options).split('\n'), want));
}

test('reportFailure() names its level', () => {
  assert.equal(reportFailure({ reason: 'a', message: 'm' }, 'warning', options), 'warning[a]: m');
});

test('reportFailure() colours by level, and says the same without colours', () => {
  const coloured = reportFailure(cases[2]![1], 'error', { ...options, colors: new Chalk({ level: 1 }) });
  assert.match(coloured, /\u001b\[31m/);
  assert.deepEqual(coloured.replaceAll(/\u001b\[\d+m/g, '').split('\n'), cases[2]![2]);
});

test('reportFailures() puts a blank line between several, and their number below', () => {
  const text = reportFailures(
    [
      { reason: 'a', message: 'm' },
      { reason: 'b', message: 'n' },
    ],
    options,
  );
  assert.equal(text, 'error[a]: m\n\nerror[b]: n\n\n2 errors\n');
});

test('reportFailures() does not count one', () => {
  assert.equal(reportFailures([{ reason: 'a', message: 'm' }], options), 'error[a]: m\n');
});

test('reportGroups() has a rule with a title, the failures, and notes', () => {
  const text = reportGroups(
    [{ title: 'web 1.0.0', failures: [{ reason: 'run-failed', message: 'm' }], notes: ['full log: /x/web.log'] }],
    options,
  );
  assert.deepEqual(text.split('\n'), [
    `── web 1.0.0 ${'─'.repeat(63)}`,
    'error[run-failed]: m',
    '   = full log: /x/web.log',
    '',
  ]);
});

test('reportBug() has the stack and the cause', () => {
  const text = reportBug(new Error('broken promise', { cause: new Error('deeper') }), '1.2.3');
  assert.match(text, /^cip 1\.2\.3 has a bug/);
  assert.match(text, /Error: broken promise\n {4}at /);
  assert.match(text, /caused by: Error: deeper\n$/);
});
