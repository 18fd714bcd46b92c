/**
 * What RUN --mount=type=cache sees: pairs of mounts, the first of which leaves a mark in its cache that the second finds
 * or does not; and what a cache holds that starts with files of a stage. All by steps of one build of the real program.
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

type Pair = [title: string, first: string, second: string, want: 'seen' | 'not seen'];

/** Options of two mounts besides type, target and an id of the pair's own. Add a row for each option that counts, or not. */
const pairs: readonly Pair[] = [
  ['the same', '', '', 'seen'],
  ['another id', '', 'id=other', 'not seen'],
  ['another owner', '', 'uid=7', 'not seen'],
  ['the same other owner', 'uid=7', 'uid=7', 'seen'],
  ['the owner there is anyway', '', 'uid=0', 'seen'],
  ['another group', '', 'gid=7', 'not seen'],
  ['another mode', '', 'mode=0700', 'not seen'],
  ['the mode there is anyway', '', 'mode=0755', 'seen'],
  ['another way to write a mode', 'mode=0700', 'mode=700', 'seen'],
  ['another way to share', 'sharing=shared', 'sharing=locked', 'seen'],
  ['one that is locked', 'sharing=locked', 'sharing=private', 'seen'],
  ['read-only', '', 'readonly', 'seen'],
  ['a seed', '', 'from=one', 'not seen'],
  ['no seed', 'from=one', '', 'not seen'],
  ['the same seed', 'from=one', 'from=one', 'seen'],
  ['another seed', 'from=one', 'from=two', 'not seen'],
  ['another directory of the seed', 'from=one,source=/s', 'from=one,source=/s/d', 'not seen'],
  ['another way to write it', 'from=one,source=/s', 'from=one,source=s/./d/..', 'seen'],
  ['another owner of the seed', 'from=one,source=/s', 'from=one,source=/s,uid=7', 'not seen'],
  ['another mode of the seed', 'from=one,source=/s', 'from=one,source=/s,mode=0700', 'not seen'],
];

/** Files of a seed as `stat` and `ls` in the step show them. The directory itself has its own owner and mode. */
const seeded: readonly [title: string, command: string, want: string][] = [
  ['owner, mode and time of the directory', 'stat -c "%a %u:%g %Y" /c', '750 5:6 1000000000'],
  ['owner, mode and time of a file', 'stat -c "%a %u:%g %Y" /c/f', '640 7:8 1000000001'],
  ['owner, mode and time of a directory', 'stat -c "%a %u:%g %Y" /c/d', '1777 9:9 1000000002'],
  ['setuid', 'stat -c "%a" /c/suid', '4755'],
  ['a hard link', 'stat -c "%h" /c/f; test /c/f -ef /c/d/hard && echo same', '2 same'],
  ['a relative link', 'readlink /c/d/up', '../f'],
  ['a link out of everything', 'readlink /c/out', '../../../../../../etc'],
  ['an absolute link', 'readlink /c/abs', '/s/f'],
  ['a dangling link', 'readlink /c/none', 'nowhere'],
  ['a FIFO', 'stat -c "%F" /c/fifo', 'fifo'],
  ['a name that is not ASCII', 'cat /c/größe', 'x'],
];

const dockerfile = [
  'FROM scratch AS base',
  'COPY --chmod=755 busybox /bin/busybox',
  'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
  'FROM base AS one',
  [
    'RUN mkdir -p /s/d && cd /s && echo x > f && ln f d/hard && ln -s ../f d/up && ln -s ../../../../../../etc out',
    'ln -s /s/f abs && ln -s nowhere none && mkfifo fifo && echo x > größe && echo x > suid && chmod 4755 suid',
    'chown 7:8 f && chmod 640 f && chown 9:9 d && chmod 1777 d && chown 5:6 . && chmod 750 .',
    'touch -d @1000000001 f && touch -d @1000000002 d && touch -d @1000000000 .',
  ].join(' && '),
  'FROM base AS two',
  'RUN mkdir /s',
  'FROM base',
  ...pairs.flatMap(([, first, second], at) => [
    `RUN --mount=${mount(at, first)} test ! -e /c/mark && echo > /c/mark`,
    `RUN --mount=${mount(at, second)} if test -e /c/mark; then echo "pair ${at}: seen"; else echo "pair ${at}: not seen"; fi`,
  ]),
  ...seeded.map(
    ([, command], at) =>
      `RUN --mount=type=cache,id=seeded,target=/c,from=one,source=/s echo "seed ${at}:" $(${command})`,
  ),
  'RUN --mount=type=cache,id=asked,target=/c,from=one,source=/s,uid=11,gid=12,mode=0711 echo "asked:" $(stat -c "%a %u:%g" /c /c/f)',
  'RUN --mount=type=cache,id=twice,target=/c,sharing=locked --mount=type=cache,id=twice,target=/d echo > /c/x && echo "twice:" $(ls /d)',
  '',
].join('\n');

function mount(at: number, options: string): string {
  return `type=cache,id=pair-${at},target=/c${options === '' ? '' : `,${options}`}`;
}

const options = needs('busybox', 'user namespaces', 'root');
let rig: Rig;
let output = '';

before(async () => {
  if (options.skip) return;
  rig = await Rig.setup({
    files: {
      'contexts/00-image/info.edn': '{:version "1.0.0"}\n',
      'contexts/00-image/Dockerfile': dockerfile,
      'contexts/00-image/busybox': await readFile('/bin/busybox'),
    },
  });
  const { status, stderr } = await rig.cip('build', '--progress=plain');
  assert.equal(status, 0, stderr);
  const [run = ''] = await readdir(join(rig.store, 'logs'));
  output = await readFile(join(rig.store, 'logs', run, 'image.log'), 'utf8');
});
after(() => rig?.[Symbol.asyncDispose]());

function said(prefix: string): string | undefined {
  return new RegExp(`${prefix}: (.*)`).exec(output.replaceAll(/^.*echo.*$/gm, ''))?.[1];
}

for (const [at, [title, , , want]] of pairs.entries())
  test(`a cache with ${title} is ${want}`, options, () => assert.equal(said(`pair ${at}`), want));
for (const [at, [title, , want]] of seeded.entries())
  test(`a cache starts with ${title} of its seed`, options, () => assert.equal(said(`seed ${at}`), want));
test('a cache with a seed has its owner and mode, whatever is asked for', options, () =>
  assert.equal(said('asked'), '750 5:6 640 7:8'),
);
test('a step that mounts a locked cache twice does not wait for itself', options, () =>
  assert.equal(said('twice'), 'x'),
);
