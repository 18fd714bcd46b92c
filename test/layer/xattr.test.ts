import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWanted, portableXattr, sameXattrs, wantedXattrs, type XattrKind } from '../../src/layer/xattr.ts';

const v3 = '0100000300200000000000000000000000000000e8030000';
const v2 = '0100000200200000000000000000000000000000';
const portable: [title: string, name: string, bytes: string, want: string][] = [
  ['version 3 without its root', 'security.capability', v3, v2],
  ['version 2 as it is', 'security.capability', v2, v2],
  ['other attributes as they are', 'user.a', v3, v3],
];
for (const [title, name, bytes, want] of portable) {
  test(`portableXattr() leaves ${title}`, () => {
    assert.equal(portableXattr(name, Buffer.from(bytes, 'hex')).toString('hex'), want);
  });
}

const all: readonly XattrKind[] = ['capability', 'user', 'acl'];
const wanted: [name: string, kinds: readonly XattrKind[], want: boolean][] = [
  ['security.capability', ['capability'], true],
  ['security.capability', ['user', 'acl'], false],
  ['user.a', ['user'], true],
  ['user.a', ['capability'], false],
  ['system.posix_acl_default', ['acl'], true],
  ['user.overlay.opaque', all, false],
  ['trusted.overlay.opaque', all, false],
  ['security.selinux', all, false],
  ['trusted.a', all, false],
];
for (const [name, kinds, want] of wanted) {
  test(`isWanted() ${name} of ${kinds.join(', ')}`, () => assert.equal(isWanted(name, kinds), want));
}

test('wantedXattrs() is undefined where none is left', () => {
  assert.equal(wantedXattrs({ 'user.a': '' }, ['capability']), undefined);
  assert.deepEqual(wantedXattrs({ 'user.a': 'YQ==', 'security.capability': 'Yg==' }, ['user']), { 'user.a': 'YQ==' });
});

test('sameXattrs() compares names and values in any order', () => {
  assert.ok(sameXattrs({ a: '1', b: '2' }, { b: '2', a: '1' }));
  assert.ok(sameXattrs(undefined, {}));
  assert.ok(!sameXattrs({ a: '1' }, { a: '2' }));
  assert.ok(!sameXattrs({ a: '1' }, { a: '1', b: '2' }));
  assert.ok(!sameXattrs({ a: '1', b: '2' }, { a: '1' }));
});
