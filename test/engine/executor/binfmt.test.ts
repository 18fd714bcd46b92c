import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elfTargets } from '../../../src/engine/executor/elf.ts';
import { binfmtRegistration } from '../../../src/engine/executor/emulation.ts';

const ff = (count: number) => '\\xff'.repeat(count);
const zero = (count: number) => '\\x00'.repeat(count);

const cases: [architecture: string, magic: string, mask: string][] = [
  [
    'arm64',
    `\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01${zero(9)}\\x02\\x00\\xb7\\x00`,
    `${ff(7)}\\x00${ff(8)}\\xfe\\xff\\xff\\xff`,
  ],
  [
    'arm',
    `\\x7f\\x45\\x4c\\x46\\x01\\x01\\x01${zero(9)}\\x02\\x00\\x28\\x00`,
    `${ff(7)}\\x00${ff(8)}\\xfe\\xff\\xff\\xff`,
  ],
  [
    's390x',
    `\\x7f\\x45\\x4c\\x46\\x02\\x02\\x01${zero(9)}\\x00\\x02\\x00\\x16`,
    `${ff(7)}\\x00${ff(8)}\\xff\\xfe\\xff\\xff`,
  ],
];
for (const [architecture, magic, mask] of cases) {
  test(`binfmtRegistration() for ${architecture}`, () => {
    assert.equal(
      binfmtRegistration('cip-x', elfTargets[architecture]!, { interpreter: '/usr/bin/qemu', flags: 'FC' }),
      `:cip-x:M::${magic}:${mask}:/usr/bin/qemu:FC`,
    );
  });
}

test('binfmtRegistration() takes another separator where the path has the usual one', () => {
  assert.match(
    binfmtRegistration('n', elfTargets['arm64']!, { interpreter: '/a:b/qemu', flags: 'FCP' }),
    /^\|n\|M\|\|.*\|\/a:b\/qemu\|FCP$/,
  );
});
