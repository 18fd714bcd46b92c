/** Where a process may have few files open (`ulimit -n`): it works, or it is said, with what to do; it is no bug of cip. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const options = needs('linux', 'root', 'user namespaces', 'busybox');
const dockerfile = [
  'FROM scratch AS base',
  'COPY --chmod=755 busybox /bin/busybox',
  'COPY files /files',
  'FROM base AS one',
  'RUN ["/bin/busybox", "touch", "/one"]',
  'FROM base AS two',
  'RUN ["/bin/busybox", "touch", "/two"]',
  'FROM base',
  'COPY --from=one /one /',
  'COPY --from=two /two /',
  '',
].join('\n');
const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`files/${index}`, `${index}`]));
const files = (directory: string) => {
  const inside = { Dockerfile: dockerfile, busybox: readFileSync('/bin/busybox'), ...many };
  return Object.fromEntries(Object.entries(inside).map(([path, content]) => [`${directory}${path}`, content]));
};

/** `undefined`: it works. */
const cases: readonly [limit: number, args: readonly string[], fails: 'too-many-open-files' | undefined][] = [
  [128, ['build-image', '.'], undefined],
  [128, ['build'], undefined],
  [128, ['doctor'], undefined],
  [75, ['build-image', '.'], 'too-many-open-files'],
  [50, ['build-image', '.'], 'too-many-open-files'],
  [25, ['build-image', '.'], 'too-many-open-files'],
];
for (const [limit, args, fails] of cases) {
  test(`cip ${args.join(' ')} with ${limit} open files: ${fails ?? 'works'}`, options, async () => {
    await using rig = await Rig.setup({
      files:
        args[0] === 'build'
          ? { ...files('contexts/00-many/'), 'contexts/00-many/info.edn': '{:version "1.0.0"}' }
          : files(''),
    });
    const through = ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh'];
    const { status, stderr } = await rig.cip(...args, { through });
    if (fails === undefined) assert.equal(status, 0, stderr);
    else {
      assert.equal(status, 5, stderr);
      assert.match(stderr, new RegExp(`^error\\[${fails}\\]: `, 'm'));
      assert.match(stderr, /fix: raise it.*ulimit -n/);
    }
    assert.doesNotMatch(stderr, /has a bug/);
  });
}
