import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeDirectory } from '../../src/cli/settings.ts';

const cases: [title: string, env: Record<string, string>, want: string][] = [
  ['CIP_STORE', { CIP_STORE: '/s', XDG_DATA_HOME: '/x', HOME: '/h' }, '/s'],
  ['a relative CIP_STORE', { CIP_STORE: 's' }, '/cwd/s'],
  ['XDG_DATA_HOME', { XDG_DATA_HOME: '/x', HOME: '/h' }, '/x/cip'],
  ['HOME', { HOME: '/h', CIP_STORE: '', XDG_DATA_HOME: '' }, '/h/.local/share/cip'],
];
for (const [title, env, want] of cases) {
  test(`storeDirectory() ${title}`, () => assert.equal(storeDirectory(env, '/cwd'), want));
}
