import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fstab, mountStep, setupScript } from '../../../src/engine/executor/setup-step.ts';
import { tools } from './tools.ts';

test('fstab() keeps blanks, backslashes and remarks out of the way', () => {
  assert.equal(
    fstab([{ source: '/a b\t#c\\', target: '/ü\n', type: 'none', options: ['bind', 'ro'] }]),
    '/a\\040b\\011\\043c\\134 /ü\\012 none bind,ro 0 0\n',
  );
  assert.equal(fstab([{ source: 'x', target: '/x', type: 'tmpfs', options: [] }]), 'x /x tmpfs defaults 0 0\n');
});

test('setupScript() gives mounts that follow each other to one process, and keeps the order', () => {
  const steps = [
    mountStep({ source: 'a', target: '/a', type: 'tmpfs' }),
    mountStep({ source: 'b', target: '/b', type: 'tmpfs' }),
    { kind: 'make-directory', path: "/b/it's", uid: 0, gid: 0 },
    { kind: 'make-directory', path: '/b/c', uid: 5, gid: 6 },
    { kind: 'make-file', path: '/b/f' },
    { kind: 'command', line: 'echo done' },
    mountStep({ source: 'c', target: '/c', type: 'none' }, 'bind'),
  ] as const;
  assert.deepEqual(
    setupScript(steps, (index) => `/run/t${index}`, tools),
    {
      lines: [
        '/bin/mount -n -a -T /run/t0',
        "[ -d '/b/it'\\''s' ] || { /bin/mkdir -m 755 '/b/it'\\''s'; }",
        '[ -d /b/c ] || { /bin/mkdir -m 755 /b/c && /bin/chown 5:6 /b/c; }',
        '[ -e /b/f ] || : > /b/f',
        'echo done',
        '/bin/mount -n -a -T /run/t1',
      ],
      tables: ['a /a tmpfs defaults 0 0\nb /b tmpfs defaults 0 0\n', 'c /c none bind 0 0\n'],
    },
  );
});
