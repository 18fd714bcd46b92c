import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { storeDirectory } from '../../src/cli/settings.ts';
import { failuresOf } from '../../src/result.ts';

const cases: [title: string, env: Record<string, string>, want: string][] = [
  ['CIP_STORE', { CIP_STORE: '/s', XDG_DATA_HOME: '/x', HOME: '/h' }, '/s'],
  ['a relative CIP_STORE', { CIP_STORE: 's' }, '/cwd/s'],
  ['XDG_DATA_HOME', { XDG_DATA_HOME: '/x', HOME: '/h' }, '/x/cip'],
  ['HOME', { HOME: '/h', CIP_STORE: '', XDG_DATA_HOME: '' }, '/h/.local/share/cip'],
];
for (const [title, env, want] of cases) {
  test(`storeDirectory() ${title}`, () =>
    assert.equal(
      storeDirectory(env, '/cwd', () => '/account'),
      want,
    ));
}

for (const env of [{}, { HOME: '' }, { HOME: '', XDG_DATA_HOME: '', CIP_STORE: '' }]) {
  test(`storeDirectory() without a home, in ${JSON.stringify(env)}`, () => {
    assert.equal(
      storeDirectory(env, '/cwd', () => '/account'),
      '/account/.local/share/cip',
    );
    assert.equal(storeDirectory(env, '/cwd'), join(userInfo().homedir, '.local/share/cip'));
    assert.throws(
      () => storeDirectory(env, '/cwd', () => undefined),
      (error) => failuresOf(error)?.[0]?.reason === 'no-home',
    );
  });
}
