import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ContextDirectory, parseContextDirectory } from '../../src/project/context-directory.ts';
import type { ImageName } from '../../src/project/image-name.ts';

const name = (text: string) => text as ImageName;

const cases: [title: string, basename: string, want: ContextDirectory][] = [
  ['takes the prefix off', '02-java-dev', { kind: 'context', order: 2, name: name('java-dev') }],
  ['takes the prefix off once (1.1)', '08-09-two', { kind: 'context', order: 8, name: name('09-two') }],
  ['takes no prefix without a dash', '7_under', { kind: 'context', name: name('7_under') }],
  ['needs no prefix (Q20)', 'jq', { kind: 'context', name: name('jq') }],
  ['reads a long prefix', '100-z', { kind: 'context', order: 100, name: name('z') }],
  ['allows what registries allow', '1-a.b__c--d', { kind: 'context', order: 1, name: name('a.b__c--d') }],
  ['refuses an empty name (Q21)', '09-', { kind: 'invalid', name: '' }],
  ['refuses upper case (Q21)', 'B-upper', { kind: 'invalid', name: 'B-upper' }],
  ['refuses other characters', '01-a b', { kind: 'invalid', name: 'a b' }],
  ['refuses a separator at the end', '01-a-', { kind: 'invalid', name: 'a-' }],
  ['refuses three underscores', 'a___b', { kind: 'invalid', name: 'a___b' }],
  ['ignores hidden names (Q18)', '.cache', { kind: 'ignored' }],
  ['ignores names with an underscore (Q18)', '_draft', { kind: 'ignored' }],
];
for (const [title, basename, want] of cases) {
  test(`parseContextDirectory() ${title}: ${basename}`, () => assert.deepEqual(parseContextDirectory(basename), want));
}
