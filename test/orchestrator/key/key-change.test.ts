import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyChanges } from '../../../src/orchestrator/key/key-change.ts';
import { cases } from './key-change-cases.ts';

for (const [title, was, now, want] of cases) {
  test(`keyChanges() tells ${title}`, () => assert.deepEqual(keyChanges(was, now), want));
}
