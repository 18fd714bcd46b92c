/**
 * What steps leave behind, as umoci unpacks it: each case is an image of one project on a base with busybox, all built
 * by one run of the real program; what is compared is what is below /t.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { treeOf } from '../support/tree-of.ts';

const exec = promisify(execFile);

interface Case {
  readonly dockerfile: string;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Below /t. */
  readonly want: Readonly<Record<string, string>>;
}

const longName = `${'long'.repeat(40)}/${'deeper'.repeat(40)}`;

const cases: Readonly<Record<string, Case>> = {
  'copy-files': {
    files: { a: 'A\n', b: 'B\n', 'dir/x': 'X\n', 'dir/sub/y': 'Y\n' },
    dockerfile: 'COPY a /t/renamed\nCOPY a b /t/many/\nCOPY dir /t/dir\nCOPY d* /t/flat/\nCOPY nothing* /t/none/',
    want: {
      dir: 'dir 755 0:0',
      'dir/sub': 'dir 755 0:0',
      'dir/sub/y': 'file 644 0:0 Y',
      'dir/x': 'file 644 0:0 X',
      flat: 'dir 755 0:0',
      'flat/sub': 'dir 755 0:0',
      'flat/sub/y': 'file 644 0:0 Y',
      'flat/x': 'file 644 0:0 X',
      many: 'dir 755 0:0',
      'many/a': 'file 644 0:0 A',
      'many/b': 'file 644 0:0 B',
      renamed: 'file 644 0:0 A',
    },
  },
  'copy-owners': {
    files: { a: 'A\n' },
    dockerfile: [
      'USER app',
      'COPY a /t/as-root',
      'COPY --chown=app a /t/by-name',
      'COPY --chown=app:other a /t/new/by-group',
      'COPY --chown=77 a /t/by-number',
      'COPY --chmod=4750 a /t/setuid',
      'COPY --chmod=u=rwX,go=rX --chown=5:6 a /t/symbolic/',
    ].join('\n'),
    want: {
      'as-root': 'file 644 0:0 A',
      'by-name': 'file 644 1000:1001 A',
      'by-number': 'file 644 77:77 A',
      new: 'dir 755 1000:1002',
      'new/by-group': 'file 644 1000:1002 A',
      setuid: 'file 4750 0:0 A',
      symbolic: 'dir 755 5:6',
      'symbolic/a': 'file 644 5:6 A',
    },
  },
  'copy-through-links': {
    files: { a: 'A\n', 'dir/link': 'new\n' },
    dockerfile:
      'RUN mkdir -p /t/real && ln -s real /t/link && ln -s /t/real/file /t/to-file\nCOPY a /t/link/a\nCOPY a /t/to-file\nCOPY dir /t',
    want: {
      link: 'file 644 0:0 new',
      real: 'dir 755 0:0',
      'real/a': 'file 644 0:0 A',
      'real/file': 'file 644 0:0 A',
      'to-file': 'link /t/real/file',
    },
  },
  'copy-from-stage': {
    dockerfile: 'COPY --from=made /t/kept /t/\nCOPY --from=made --chown=0:0 /t/kept/f /t/reset',
    want: { f: 'file 640 1000:1001 F', l: 'link f', reset: 'file 640 0:0 F', same: 'same as t/f' },
  },
  'run-leaves-nothing': {
    dockerfile:
      'RUN true\nRUN --mount=type=tmpfs,target=/t/tmp --mount=type=cache,target=/t/cache touch /t/tmp/x /t/cache/x\nRUN test ! -e /t/tmp',
    want: {},
  },
  'run-removes': {
    dockerfile: [
      'RUN mkdir -p /t/d/e && echo 1 > /t/d/e/f && echo 2 > /t/g && mkdir /t/again && echo old > /t/again/old && echo f > /t/file-then-dir',
      'RUN rm -r /t/d/e /t/g && rm -r /t/again && mkdir /t/again && echo new > /t/again/new && rm /t/file-then-dir && mkdir /t/file-then-dir',
    ].join('\n'),
    want: { again: 'dir 755 0:0', 'again/new': 'file 644 0:0 new', d: 'dir 755 0:0', 'file-then-dir': 'dir 755 0:0' },
  },
  'run-links-and-special-files': {
    dockerfile:
      'RUN mkdir /t && cd /t && echo 1 > a && ln a b && ln -s a c && mkfifo p && mkdir sticky && chmod 1777 sticky && chown 5:5 a && echo 3 > suid && chown 5:5 suid && chmod 4755 suid\nRUN chmod 600 /t/p',
    want: {
      a: 'file 644 5:5 1',
      b: 'same as t/a',
      c: 'link a',
      p: 'fifo 600 0:0',
      sticky: 'dir 1777 0:0',
      suid: 'file 4755 5:5 3',
    },
  },
  'run-as-user': {
    dockerfile:
      'USER app:other\nWORKDIR /t/job/deep\nRUN echo "$(id -u):$(id -g) $HOME $PWD" > out\nUSER 77\nRUN id -g > /tmp/gid\nUSER root\nRUN mv /tmp/gid /t/gid',
    want: {
      gid: 'file 644 77:0 0',
      job: 'dir 755 1000:1002',
      'job/deep': 'dir 755 1000:1002',
      'job/deep/out': 'file 644 1000:1002 1000:1002 /home/app /t/job/deep',
    },
  },
  'run-forms': {
    dockerfile: [
      'ARG A=arg',
      'ENV E=env',
      'RUN ["/bin/sh", "-c", "mkdir /t && echo exec > /t/exec"]',
      'RUN echo "$A $E" \\',
      '  # a comment inside',
      '  > /t/shell',
      'RUN <<EOF',
      'set -e',
      'echo "heredoc $A" > /t/heredoc',
      'EOF',
      'RUN cat <<one <<"two" > /t/cat',
      '$E',
      'one',
      'ignored',
      'two',
      'RUN <<EOF',
      '#!/bin/cat',
      'EOF',
      'SHELL ["/bin/sh", "-ec"]',
      'RUN false; echo unreachable || true',
    ]
      .slice(0, -2)
      .join('\n'),
    want: {
      cat: 'file 644 0:0 ignored',
      exec: 'file 644 0:0 exec',
      heredoc: 'file 644 0:0 heredoc arg',
      shell: 'file 644 0:0 arg env',
    },
  },
  'run-mounts': {
    files: { 'in/f': 'F\n', 'in/ignored': 'I\n', '.dockerignore': 'in/ignored\n' },
    dockerfile: [
      'RUN --mount=type=bind,source=in,target=/m mkdir /t && ls /m > /t/bind && (echo x > /m/f 2>/dev/null || echo refused > /t/readonly)',
      'RUN --mount=type=bind,source=in/f,target=/m,rw echo y > /m && cat /m > /t/written',
      'RUN --mount=type=bind,from=made,source=/t/kept,target=/m cp /m/f /t/from-stage',
      'RUN --mount=type=cache,target=/c echo 1 >> /c/n',
      'RUN --mount=type=cache,target=/c echo 2 >> /c/n && cp /c/n /t/cache',
      'RUN --mount=type=secret,id=token cp /run/secrets/token /t/secret && ls -l /run/secrets/token | cut -c1-10 >> /t/secret',
      'RUN --mount=type=secret,id=token,env=TOKEN echo "$TOKEN" | wc -c > /t/secret-size',
      'RUN --mount=type=secret,id=absent ls /run/secrets 2>/dev/null | wc -l > /t/absent',
    ].join('\n'),
    want: {
      absent: 'file 644 0:0 0',
      bind: 'file 644 0:0 f',
      cache: 'file 644 0:0 1\n2',
      'from-stage': 'file 640 0:0 F',
      readonly: 'file 644 0:0 refused',
      secret: 'file 400 0:0 hush-hush\n-r--------',
      'secret-size': 'file 644 0:0 11',
      written: 'file 644 0:0 y',
    },
  },
  'run-network': {
    dockerfile: 'RUN --network=none mkdir /t && ls /sys/class/net > /t/none',
    want: { none: 'file 644 0:0 lo' },
  },
  'add-archives': {
    files: { 'archive.tar': tar(), 'packed.whatever': gzipSync(tar()), 'text.gz': gzipSync('just text') },
    dockerfile:
      'ADD archive.tar /t/one/\nADD packed.whatever /t/two\nADD --unpack=false archive.tar /t/as-it-is\nADD text.gz /t/',
    want: {
      'as-it-is': 'file 644 0:0 (10240 characters)',
      one: 'dir 755 0:0',
      'one/d': 'dir 700 3:4',
      'one/d/f': 'file 600 3:4 in tar',
      'text.gz': 'file 644 0:0 (kept)',
      two: 'dir 755 0:0',
      'two/d': 'dir 700 3:4',
      'two/d/f': 'file 600 3:4 in tar',
    },
  },
  'copy-flags': {
    files: { 'src/a/keep': 'K\n', 'src/a/drop.log': 'D\n', 'src/b/deep/f': 'F\n', 'src/l': 'L\n' },
    dockerfile: [
      'RUN mkdir /t && ln -s real /t/link && mkdir /t/real',
      'COPY --exclude=**/*.log src/a /t/excluded/',
      'COPY --parents src/./b/*/f src/a/keep /t/parents/',
      'COPY --link src/l /t/linked/l',
    ].join('\n'),
    want: {
      excluded: 'dir 755 0:0',
      'excluded/keep': 'file 644 0:0 K',
      link: 'link real',
      linked: 'dir 755 0:0',
      'linked/l': 'file 644 0:0 L',
      parents: 'dir 755 0:0',
      'parents/b': 'dir 755 0:0',
      'parents/b/deep': 'dir 755 0:0',
      'parents/b/deep/f': 'file 644 0:0 F',
      'parents/src': 'dir 755 0:0',
      'parents/src/a': 'dir 755 0:0',
      'parents/src/a/keep': 'file 644 0:0 K',
      real: 'dir 755 0:0',
    },
  },
  'onbuild-of-a-stage': {
    files: { a: 'A\n' },
    dockerfile:
      'FROM ${REGISTRY}/base:1.0.0 AS trigger\nONBUILD COPY a /t/triggered\nONBUILD RUN echo run > /t/run\nFROM trigger',
    want: { run: 'file 644 0:0 run', triggered: 'file 644 0:0 A' },
  },
  'copy-heredoc': {
    dockerfile: 'ENV E=env\nCOPY <<one <<"two" /t/\n$E "quoted"\none\n$E\ntwo',
    want: { one: 'file 644 0:0 env "quoted"', two: 'file 644 0:0 $E' },
  },
  names: {
    files: { [longName]: 'L\n', 'ünï/cödé 😀': 'U\n', 'blank name': 'B\n' },
    dockerfile: 'COPY . /t/\nRUN rm /t/Dockerfile /t/info.edn',
    want: {
      'blank name': 'file 644 0:0 B',
      [longName.split('/')[0]!]: 'dir 755 0:0',
      [longName]: 'file 644 0:0 L',
      ünï: 'dir 755 0:0',
      'ünï/cödé 😀': 'file 644 0:0 U',
    },
  },
};

/** An archive with a directory and a file that belong to 3:4. */
function tar(): Uint8Array {
  const header = (name: string, type: string, mode: string, size: number) => {
    const block = Buffer.alloc(512);
    block.write(name, 0);
    block.write(mode.padStart(7, '0'), 100);
    block.write('0000003', 108);
    block.write('0000004', 116);
    block.write(size.toString(8).padStart(11, '0'), 124);
    block.write('00000000001', 136);
    block.write(' '.repeat(8), 148);
    block.write(type, 156);
    block.write('ustar\u000000', 257);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148);
    return block;
  };
  const content = Buffer.alloc(512);
  content.write('in tar\n');
  return Buffer.concat([
    header('d/', '5', '700', 0),
    header('d/f', '0', '600', 7),
    content,
    Buffer.alloc(10240 - 2048 + 512),
  ]);
}

const base = `FROM scratch
COPY --chmod=755 busybox /bin/busybox
COPY passwd group /etc/
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -m 1777 /tmp
`;

const made =
  'RUN mkdir -p /t/kept && cd /t/kept && echo F > f && ln f same && ln -s f l && chown 1000:1001 f && chmod 640 f';

const options = needs('umoci', 'skopeo', 'busybox', 'user namespaces', 'root');
let rig: Rig | undefined;

before(async () => {
  if (options.skip) return;
  const files: Record<string, string | Uint8Array> = {
    'contexts/00-base/Dockerfile': base,
    'contexts/00-base/info.edn': '{:version "1.0.0"}',
    'contexts/00-base/busybox': await readFile('/bin/busybox'),
    'contexts/00-base/passwd': 'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n',
    'contexts/00-base/group': 'root:x:0:\napp:x:1001:\nother:x:1002:app\n',
    token: 'hush-hush\n',
  };
  for (const [name, { dockerfile, files: own = {} }] of Object.entries(cases)) {
    const from = 'FROM ${REGISTRY}/base:1.0.0';
    files[`contexts/01-${name}/Dockerfile`] = `ARG REGISTRY\n${from} AS made\n${made}\n${from}\n${dockerfile}\n`;
    files[`contexts/01-${name}/info.edn`] = '{:version "1.0.0"}';
    for (const [path, content] of Object.entries(own)) files[`contexts/01-${name}/${path}`] = content;
  }
  rig = await Rig.setup({ files });
  const built = await rig.cip('build', '-k', '--secret', 'id=token,src=token');
  if (built.status !== 0) console.error(built.stderr);
});

after(async () => {
  await rig?.[Symbol.asyncDispose]();
});

for (const [name, { want }] of Object.entries(cases)) {
  test(`what is built is what the Dockerfile says: ${name}`, options, async () => {
    const bundle = join(rig!.project, '..', `unpacked-${name}`);
    await exec('umoci', ['unpack', '--image', `${join(rig!.store, 'images')}:localhost:5000/${name}:1.0.0`, bundle]);
    const tree = await treeOf(join(bundle, 'rootfs'), 't').catch(() => ({}));
    if ('text.gz' in tree) tree['text.gz'] = 'file 644 0:0 (kept)';
    assert.deepEqual(tree, want);
    const top = Object.keys(await treeOf(join(bundle, 'rootfs'))).filter((path) => !path.includes('/'));
    assert.deepEqual(
      // A RUN leaves the directories of the kernel, as BuildKit's does, and nothing else that it needed.
      top.filter((path) => !['t', 'c', 'dev', 'proc', 'sys'].includes(path)),
      ['bin', 'etc', 'tmp'],
    );
  });
}
