import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { ignoredVariables, registryOptions, storeDirectory } from '../../src/cli/settings.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';
import { failuresOf } from '../../src/result.ts';
import { Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';

const cases: [title: string, env: Record<string, string>, want: string][] = [
  ['CIP_STORE', { CIP_STORE: '/s', XDG_DATA_HOME: '/x', HOME: '/h' }, '/s'],
  ['a relative CIP_STORE', { CIP_STORE: 's' }, '/cwd/s'],
  ['XDG_DATA_HOME', { XDG_DATA_HOME: '/x', HOME: '/h' }, '/x/cip'],
  ['a relative XDG_DATA_HOME', { XDG_DATA_HOME: 'x', HOME: '/h' }, '/h/.local/share/cip'],
  ['an XDG_DATA_HOME of dots', { XDG_DATA_HOME: './x', HOME: '/h' }, '/h/.local/share/cip'],
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

for (const [env, want] of [
  [{ XDG_DATA_HOME: 'x' }, ['variable-ignored']],
  [{ XDG_DATA_HOME: 'x', CIP_STORE: 's' }, []],
  [{ XDG_DATA_HOME: '/x' }, []],
  [{ XDG_DATA_HOME: '' }, []],
  [{}, []],
] as const) {
  test(`ignoredVariables() of ${JSON.stringify(env)}`, () =>
    assert.deepEqual(
      ignoredVariables(env, '/store').map(({ reason }) => reason),
      want,
    ));
}

test('a relative XDG_DATA_HOME is said once, and makes nothing in the current directory', async () => {
  await using rig = await Rig.setup({ files: { a: '' } });
  for (const [args, want] of [
    [['graph'], ['variable-ignored']],
    [['graph', '-q'], []],
  ] as const) {
    const { stderr } = await rig.cip(...args, { env: { CIP_STORE: '', XDG_DATA_HOME: 'x' } });
    assert.deepEqual(
      [...stderr.matchAll(/^warning\[(.*?)\]/gm)].map(([, reason]) => reason),
      want,
    );
    assert.deepEqual(await readdir(rig.project), ['a']);
  }
});

const [one, other] = rootCertificates as [string, string];
const key = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n';
const files: readonly (readonly [title: string, content: string | undefined, reason: string | undefined])[] = [
  ['a certificate', one, undefined],
  ['two, with text between them', `# first\n${one}\n# second\n${other}\n`, undefined],
  ['a certificate and its key', `${key}${one}`, undefined],
  ['a certificate with the ends of lines of Windows', one.replaceAll('\n', '\r\n'), undefined],
  ['nothing', '', 'registry-ca-invalid'],
  ['a Dockerfile', 'FROM scratch\n', 'registry-ca-invalid'],
  ['a key alone', key, 'registry-ca-invalid'],
  ['bytes', '\u0000\u0001\ufffd', 'registry-ca-invalid'],
  ['a certificate that was cut off', one.slice(0, 300), 'registry-ca-invalid'],
  ['a good one and a damaged one', `${one}\n${other.replace(/\n\S{8}/, '\n????????')}`, 'registry-ca-invalid'],
  ['no file', undefined, 'registry-ca-not-readable'],
];
for (const [title, content, reason] of files) {
  test(`--registry-ca with ${title}: ${reason ?? 'taken'}`, async () => {
    await using dir = await tempDir();
    if (content !== undefined) await writeFile(join(dir.path, 'ca.pem'), content);
    const read = () => registryOptions({ registryCa: 'ca.pem' }, { env: {}, cwd: dir.path } as Surroundings);
    if (reason === undefined) assert.equal(read().ca, content);
    else
      assert.throws(read, (error) => {
        const [failure] = failuresOf(error) ?? [];
        assert.ok(failure?.message.includes(join(dir.path, 'ca.pem')));
        return failure?.reason === reason;
      });
  });
}
