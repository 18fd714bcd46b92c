import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockedOptions, mountOf, parseMountTable, submountsOf } from '../../../src/engine/executor/mount-table.ts';

const table = parseMountTable(`22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:20 / /sys rw,nosuid,nodev,noexec - sysfs sysfs rw
31 30 0:21 / /sys/fs/cgroup rw,nosuid,nodev - cgroup2 cgroup2 rw
32 22 0:22 / /data ro,nodev shared:1 master:2 - tmpfs tmpfs rw
33 22 0:23 / /data rw,nosuid - tmpfs tmpfs rw
34 22 0:24 /x /my\\040disk\\134 rw - ext4 /dev/vdb rw
`);

test('parseMountTable() reads escaped paths and skips optional fields', () => {
  assert.deepEqual(table[3], { mountPoint: '/data', options: ['ro', 'nodev'], type: 'tmpfs' });
  assert.deepEqual(table[5], { mountPoint: '/my disk\\', options: ['rw'], type: 'ext4' });
});

const cases: [path: string, mountPoint: string, locked: string[]][] = [
  ['/etc/hosts', '/', []],
  ['/system', '/', []],
  ['/sys/kernel', '/sys', ['nosuid', 'nodev', 'noexec']],
  ['/sys/fs/cgroup/a', '/sys/fs/cgroup', ['nosuid', 'nodev']],
  ['/data/x', '/data', ['nosuid']],
];
for (const [path, mountPoint, locked] of cases) {
  test(`mountOf() and lockedOptions() of ${path}: the last mount of the longest mount point`, () => {
    assert.equal(mountOf(table, path)?.mountPoint, mountPoint);
    assert.deepEqual(lockedOptions(table, path), locked);
  });
}

test('submountsOf() names each mount point once, upper ones first', () => {
  assert.deepEqual(submountsOf(table, '/sys'), ['/sys/fs/cgroup']);
  assert.deepEqual(submountsOf(table, '/'), ['/data', '/my disk\\', '/sys', '/sys/fs/cgroup']);
  assert.deepEqual(submountsOf(table, '/data'), []);
});
