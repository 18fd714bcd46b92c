import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookupOwner } from '../../../src/engine/op/owner.ts';
import { failuresOf } from '../../../src/result.ts';

const files: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:9:9::/:\napp:x:1000:1001::/:\n  lead:x:9:10::/:\nshort\nspace :x:6:6\n',
  'etc/group': 'extra:x:44:\n\tblank:x:77\n#rem:x:78:\nodd:x:five:\n',
};
const image = (path: string) => Promise.resolve(files[path]);
const empty = () => Promise.resolve(undefined);

const cases: [text: string, read: typeof image, want: string][] = [
  ['app', image, '1000:1001'],
  ['app:extra', image, '1000:44'],
  ['app:7', image, '1000:7'],
  ['lead', image, '9:10'],
  ['short', image, '0:0'],
  ['space ', image, '6:6'],
  ['lead:blank', image, '9:77'],
  ['lead:odd', image, '9:0'],
  ['space', image, 'unknown-owner'],
  ['lead:#rem', image, 'unknown-owner'],
  ['app:', image, '1000:0'],
  [':extra', image, '0:44'],
  ['', image, '0:0'],
  // A number is also the group, whatever passwd says of it.
  ['1000', image, '1000:1000'],
  ['7:8', empty, '7:8'],
  ['+7', empty, '7:7'],
  ['root', image, '0:0'],
  ['root', empty, '0:0'],
  ['root:root', empty, '0:0'],
  ['7:root', empty, '7:0'],
  ['nobody', image, 'unknown-owner'],
  ['app:nobody', image, 'unknown-owner'],
  ['app', empty, 'unknown-owner'],
  ['99999999999', image, 'unknown-owner'],
  ['1:2:3', image, 'unknown-owner'],
];
for (const [text, read, want] of cases) {
  test(`lookupOwner(): "${text}"${read === empty ? ' of an empty image' : ''}`, async () => {
    const found = await lookupOwner(text, read).then(
      ({ uid, gid }) => `${uid}:${gid}`,
      (error: unknown) => failuresOf(error)?.[0]?.reason,
    );
    assert.equal(found, want);
  });
}

test('lookupOwner() tells of each name that nobody knows: a user is 0, a group that of the user', async () => {
  const told: string[] = [];
  const unknown = (name: string, file: string) => told.push(`${name} ${file}`);
  assert.deepEqual(await lookupOwner('nobody:none', image, { unknown }), { uid: 0, gid: 0 });
  assert.deepEqual(told, ['nobody /etc/passwd', 'none /etc/group']);
  assert.deepEqual(await lookupOwner('app:none', image, { unknown }), { uid: 1000, gid: 1001 });
});
