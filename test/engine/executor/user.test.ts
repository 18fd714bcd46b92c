import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookupUser } from '../../../src/engine/executor/user.ts';

const passwd = `root:x:0:0:root:/root:/bin/sh
# a remark
broken:x:no:1::/:
ada:x:1000:100:Ada,,,:/home/ada:/bin/sh
7:x:1007:107::/home/seven:/bin/sh
homeless:x:1001:101:::
twin:x:1000:200::/home/twin:
  lead:x:9:9::/lead:
short
space :x:6:6::/:
neg:x:-1:5::/:
`;
const group = `root:x:0:root
users:x:100:
audio:x:29:ada,bob
video:x:44:bob,ada
wheel:x:10:root
users2:x:100:ada
  blank:x:77:lead 
#rem:x:78:lead
odd:x:five:
`;

const found: [title: string, text: string, want: [uid: number, gid: number, gids: number[], home: string]][] = [
  ['nothing is root, with its groups', '', [0, 0, [0, 10], '/root']],
  ['a name', 'ada', [1000, 100, [100, 29, 44], '/home/ada']],
  ['a number with a line takes its group, groups and home', '1000', [1000, 100, [100, 29, 44], '/home/ada']],
  ['a number without a line has group 0', '4711', [4711, 0, [0], '/']],
  ['a written group is the only one', 'ada:audio', [1000, 29, [29], '/home/ada']],
  ['numbers for both', '1000:55', [1000, 55, [55], '/home/ada']],
  ['numbers without lines', '5:6', [5, 6, [6], '/']],
  ['root in another group', '0:audio', [0, 29, [29], '/root']],
  ['a number is no name, whoever is called that', '7', [7, 0, [0], '/']],
  ['no user is root', ':users', [0, 100, [100], '/root']],
  ['no group is that of the user', 'ada:', [1000, 100, [100, 29, 44], '/home/ada']],
  ['a third part says nothing', '1000:55:3', [1000, 55, [55], '/home/ada']],
  ['no home in the line', 'homeless', [1001, 101, [101], '']],
  ['blanks around a line do not count', 'lead', [9, 9, [9, 77], '/lead']],
  ['a name alone is 0', 'short', [0, 0, [0], '/root']],
  ['an id that is no number is 0', 'broken', [0, 1, [1], '/root']],
  ['blanks inside a line do', 'space ', [6, 6, [6], '/']],
  ['blanks around the line of a group', 'lead:blank', [9, 77, [77], '/lead']],
  ['the id of a group that is no number', 'lead:odd', [9, 0, [0], '/lead']],
  ['the home of a second name is that of the first', 'twin', [1000, 200, [200], '/home/ada']],
  ['the first of two lines counts', '1000:100', [1000, 100, [100], '/home/ada']],
];
for (const [title, text, [uid, gid, additionalGids, home]] of found) {
  test(`lookupUser() ${title}: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(lookupUser(text, passwd, group), { ok: true, value: { uid, gid, additionalGids, home } });
  });
}

test('lookupUser() in an image without passwd and group: numbers work', () => {
  const root = { uid: 0, gid: 0, additionalGids: [0], home: '/' };
  assert.deepEqual(lookupUser('', undefined, undefined), { ok: true, value: root });
  assert.deepEqual(lookupUser('8:9', undefined, undefined), {
    ok: true,
    value: { uid: 8, gid: 9, additionalGids: [9], home: '/' },
  });
});

const refused: [title: string, text: string, reasons: string[]][] = [
  ['an unknown name', 'eve', ['user-unknown']],
  ['a name without the blank behind it', 'space', ['user-unknown']],
  ['an id below zero in the line', 'neg', ['user-invalid']],
  ['a comment as a group', 'ada:#rem', ['group-unknown']],
  ['an unknown group', 'ada:chess', ['group-unknown']],
  ['both at once', 'eve:chess', ['user-unknown', 'group-unknown']],
  ['too great a uid', '4294967296', ['user-invalid']],
  ['too great a gid', '1:2147483648', ['user-invalid']],
  ['a negative uid is a name', '-1', ['user-unknown']],
];
for (const [title, text, reasons] of refused) {
  test(`lookupUser() refuses ${title}: ${text}`, () => {
    const result = lookupUser(text, passwd, group);
    assert.deepEqual(result.ok ? [] : result.failure.map(({ reason }) => reason), reasons);
  });
}
