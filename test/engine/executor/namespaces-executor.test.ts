import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { elfTargets, tinyProgram } from '../../../src/engine/executor/elf.ts';
import type { Mount, ProcessSpec } from '../../../src/engine/executor/executor.ts';
import { hostPlatform } from '../../../src/oci/platform.ts';
import { needs } from '../../support/needs.ts';
import { self } from '../../worker/people.ts';
import { argumentsOf, commandOf, eventually, processesWith } from '../../worker/processes.ts';
import { ProcessRunner, type Ran } from './process-runner.ts';
import { makeRoot } from './root-fixture.ts';
import { paths, tree } from './tree.ts';

const ada = { uid: 1000, gid: 1000, additionalGids: [1000, 29] };
const host = hostPlatform(process.arch);
/** The default 14, as a mask. */
const DEFAULT_CAPABILITIES = '00000000a80425fb';
const NONE = '0000000000000000';

describe('as root', needs('linux', 'root', 'user namespaces', 'busybox'), () => {
  let root: Awaited<ReturnType<typeof makeRoot>>;
  let runner: ProcessRunner;
  before(async () => {
    root = await makeRoot(0);
    runner = new ProcessRunner(self, root.path);
  });
  after(async () => {
    await runner[Symbol.asyncDispose]();
    await root[Symbol.asyncDispose]();
  });
  const run = (...args: Parameters<ProcessRunner['run']>) => runner.run(...args);
  const output = async (script: string | readonly string[], changed: Partial<ProcessSpec> = {}): Promise<string> => {
    const ran = await run(script, changed);
    assert.deepEqual(
      { status: ran.status, stderr: ran.stderr, failure: ran.failure },
      { status: { code: 0 }, stderr: '', failure: undefined },
    );
    return ran.stdout;
  };
  /** What is in the root afterwards is what was in it before, with its times. */
  const leavesNothing = async (act: () => Promise<Ran>): Promise<Ran> => {
    const before = tree(root.path);
    const ran = await act();
    assert.deepEqual(tree(root.path), before);
    return ran;
  };

  describe('outcome', () => {
    test('a working directory in /proc that is not there cannot be made, and nothing is left', async () => {
      const { failure } = await leavesNothing(() => run(['/bin/ls'], { cwd: '/proc/nothing' }));
      assert.equal(failure?.reason, 'working-directory-invalid');
    });
  });

  describe('identity', () => {
    const status = async (changed: Partial<ProcessSpec>) => {
      const text = await output(['/bin/cat', '/proc/self/status'], changed);
      const field = (name: string) => new RegExp(`^${name}:\\s*(.*?)\\s*$`, 'm').exec(text)?.[1]?.split(/\s+/);
      return {
        uids: field('Uid'),
        gids: field('Gid'),
        groups: field('Groups'),
        capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => field(name)![0]),
      };
    };

    test('root has exactly the 14 default capabilities', async () => {
      assert.deepEqual(await status({}), {
        uids: ['0', '0', '0', '0'],
        gids: ['0', '0', '0', '0'],
        groups: ['0'],
        capabilities: [NONE, DEFAULT_CAPABILITIES, DEFAULT_CAPABILITIES, DEFAULT_CAPABILITIES, NONE],
      });
    });

    test('another user has none, and its groups', async () => {
      assert.deepEqual(await status({ user: ada }), {
        uids: ['1000', '1000', '1000', '1000'],
        gids: ['1000', '1000', '1000', '1000'],
        groups: ['29', '1000'],
        capabilities: [NONE, NONE, NONE, DEFAULT_CAPABILITIES, NONE],
      });
    });

    test('a program that is set-user-ID root still makes root', async () => {
      // Ends with the effective uid as its status.
      const program = { amd64: 'b86b000000 0f05 89c7 b83c000000 0f05', arm64: 'e81580d2 010000d4 a80b80d2 010000d4' };
      const code = program[host.architecture as keyof typeof program];
      for (const [mode, status] of [
        [0o755, 1000 & 0xff],
        [0o4755, 0],
      ] as const) {
        const file = join(root.path, 'tmp', 'euid');
        writeFileSync(file, tinyProgram(elfTargets[host.architecture]!, code));
        chmodSync(file, mode);
        assert.deepEqual((await run(['/tmp/euid'], { user: ada })).status, { code: status });
      }
    });
  });

  describe('what it is given', () => {
    test('a value cannot be seen by others: it is no argument of anything', async () => {
      const secret = randomUUID();
      const running = run(['/bin/sleep', '1'], { env: ['PATH=/bin', `SECRET=${secret}`] });
      const pids = await eventually(
        () => processesWith(secret),
        (found) => found.some((pid) => commandOf(pid) === 'sleep'),
      );
      assert.deepEqual(
        pids.filter((pid) => argumentsOf(pid).includes(secret)),
        [],
      );
      await running;
    });

    test('variables of the loader reach the program and not the tools of the machine', async () => {
      const { stdout, stderr } = await run(['/bin/sh', '-c', 'echo $LD_PRELOAD'], {
        env: ['PATH=/bin', 'LD_PRELOAD=/proc/self/cwd/evil.so', 'LD_LIBRARY_PATH=/x'],
      });
      assert.deepEqual({ stdout, stderr }, { stdout: '/proc/self/cwd/evil.so\n', stderr: '' });
    });

    test('standard input is empty, output a pipe that can be opened again by any user, and nothing else is open', async () => {
      const script =
        'ls /proc/self/fd; cat; echo again > /dev/stdout; [ -p /proc/self/fd/1 ] && [ -p /proc/self/fd/2 ] && echo pipes';
      // 3 is the directory that ls reads.
      assert.equal(await output(script, { user: ada }), '0\n1\n2\n3\nagain\npipes\n');
    });

    test('umask 022', async () => assert.equal(await output('umask'), '0022\n'));

    test('it is pid 1, alone, in a session that began outside', async () => {
      const script = 'echo $$; ls -d /proc/[0-9]*; busybox cut -d" " -f6 /proc/self/stat';
      assert.equal(await output(script), '1\n/proc/1\n0\n');
    });

    test('host name, hosts, resolv.conf', async () => {
      const text = await output('hostname; cat /etc/hosts; cat /etc/resolv.conf', { hostname: 'box-1' });
      const own = readFileSync('/etc/resolv.conf', 'utf8');
      assert.equal(text, `box-1\n127.0.0.1\tlocalhost box-1\n::1\tlocalhost ip6-localhost ip6-loopback\n${own}`);
    });

    test('a missing working directory is made, each level for the user, and stays', async () => {
      assert.equal(await output('pwd; touch here', { cwd: '/made/by/ada', user: ada }), '/made/by/ada\n');
      const made = tree(join(root.path, 'made')).map((line) => line.replace(/ \d+$/, ''));
      assert.deepEqual(made, [
        '/ 755 1000:1000',
        'by/ 755 1000:1000',
        'by/ada/ 755 1000:1000',
        'by/ada/here 644 1000:1000 ""',
      ]);
    });

    test('a working directory behind links is found inside the root', async () => {
      symlinkSync('/home/../../../home', join(root.path, 'tmp', 'away'));
      assert.equal(await output(['/bin/busybox', 'pwd'], { cwd: '/tmp/away/new' }), '/home/new\n');
    });
  });

  describe('/dev, /proc, /sys', () => {
    test('/dev holds the usual', async () => {
      assert.deepEqual((await output('cd /dev; find . | grep -v "pts/[0-9]"')).split('\n').filter(Boolean).sort(), [
        '.',
        './fd',
        './full',
        './mqueue',
        './null',
        './ptmx',
        './pts',
        './pts/ptmx',
        './random',
        './shm',
        './stderr',
        './stdin',
        './stdout',
        './tty',
        './urandom',
        './zero',
      ]);
    });

    test('devices work for any user', async () => {
      const script =
        'echo x > /dev/null && head -c4 /dev/zero | wc -c && head -c9 /dev/urandom | wc -c && echo x > /dev/shm/x; echo y 2>/dev/null > /dev/full || echo full';
      assert.equal(await output(script, { user: ada }), '4\n9\nfull\n');
    });

    test('/dev/shm has 64 MiB', async () => {
      assert.equal(await output('busybox df -k /dev/shm | busybox tail -1 | busybox awk "{print \\$2}"'), '65536\n');
    });

    test('what of /proc and /sys is hidden or read-only', async () => {
      const hidden = await output(
        'for f in keys timer_list interrupts kcore; do [ -e /proc/$f ] && wc -c < /proc/$f; done; true',
      );
      assert.match(hidden, /^(0\n)*$/);
      const writes = ['/proc/sys/kernel/domainname', '/proc/sysrq-trigger', '/sys/kernel/uevent_seqnum'];
      for (const file of writes) {
        const { stderr, status } = await run(`echo x > ${file}`);
        assert.equal(status?.code, 1);
        assert.match(stderr, /Read-only file system|Permission denied|nonexistent directory/);
      }
    });

    test('no mount below /sys can be written to', async () => {
      const mounts = (await output('cat /proc/self/mountinfo')).split('\n').filter((line) => / \/sys(\/| )/.test(line));
      const last = new Map(mounts.map((line) => [line.split(' ')[4]!, line.split(' ')[5]!]));
      assert.ok(last.has('/sys'));
      assert.deepEqual(
        [...last].filter(([, options]) => !options.split(',').includes('ro')),
        [],
      );
    });

    test('nothing can be mounted or unmounted', async () => {
      for (const command of ['mount -t tmpfs x /tmp', 'umount /proc', 'mount -o remount,rw /sys']) {
        assert.notEqual((await run(`busybox ${command}`)).status?.code, 0);
      }
    });
  });

  describe('network', () => {
    const interfaces = async (network: 'none' | 'host') =>
      (await output('for i in /sys/class/net/*; do echo ${i##*/}; done', { network }))
        .split('\n')
        .filter(Boolean)
        .sort();

    test('none is a loopback interface that is up', async () => {
      assert.deepEqual(await interfaces('none'), ['lo']);
      const script =
        'cat /sys/class/net/lo/flags; busybox ip addr show lo | grep -o "inet 127.0.0.1"; echo 0 2>/dev/null > /sys/class/net/lo/flags || echo read-only';
      assert.equal(await output(script, { network: 'none' }), '0x9\ninet 127.0.0.1\nread-only\n');
    });

    test('host is that of the machine', async () => {
      const shown = await interfaces('host');
      for (const name of Object.keys(networkInterfaces())) assert.ok(shown.includes(name), name);
    });

    test('resolv.conf of a process without network names no server on loopback', async () => {
      assert.doesNotMatch(await output('cat /etc/resolv.conf', { network: 'none' }), /127\.|::1/);
    });
  });

  describe('escape', () => {
    test('a chroot inside, left through an open directory, leads no further up than the root', async () => {
      writeFileSync(join(root.path, 'tmp', 'landmark'), 'here');
      // /1/root and /self/fd are jumps of /proc: they lead out of a chroot to /proc.
      const inside = 'cd -P /self/fd/9 && cd -P ../../../../../.. && /1/root/bin/busybox ls';
      const { stdout, status } = await run(
        `exec 9< /tmp; busybox chroot /proc /1/root/bin/busybox sh -c '${inside}' 2>&1; exit $?`,
      );
      assert.equal(status?.code, 0, stdout);
      const seen = new Set(stdout.split('\n').filter(Boolean));
      assert.ok(seen.has('bin') && seen.has('proc'), stdout);
      assert.ok(!seen.has('usr') && !seen.has('boot') && !seen.has('lib'), stdout);
    });

    test('the root of pid 1 is its own', async () => {
      assert.equal(await output('ls /proc/1/root/'), await output('ls /'));
    });
  });

  describe('mounts', () => {
    let outside: string;
    before(() => {
      outside = join(root.dir, 'outside');
      for (const name of ['', 'sub', 'cache']) mkdirSync(join(outside, name));
      writeFileSync(join(outside, 'file'), 'text');
      writeFileSync(join(outside, 'sub', 'deep'), 'deep');
      mkdirSync(join(outside, 'blank # name'));
    });
    const bind = (target: string, source = '', readonly = true): Mount => ({
      type: 'bind',
      source: join(outside, source),
      target,
      readonly,
    });

    const cases: [title: string, mounts: () => Mount[], script: string, want: string][] = [
      ['a directory, read-only', () => [bind('/m')], 'cat /m/sub/deep; touch /m/x 2>/dev/null || echo ro', 'deepro\n'],
      [
        'a file, over nothing',
        () => [bind('/run/secrets/s', 'file')],
        'cat /run/secrets/s; ls /run/secrets',
        'texts\n',
      ],
      ['a file, over a file', () => [bind('/etc/passwd', 'file')], 'cat /etc/passwd', 'text'],
      [
        'a tmpfs of a size',
        () => [{ type: 'tmpfs', target: '/t', size: 1 << 20 }],
        'busybox df -k /t | busybox tail -1 | busybox awk "{print \\$2}"',
        '1024\n',
      ],
      [
        'a tmpfs has the mode of the directory that it covers, and is for all where there was none',
        () => ['/home', '/new'].map((target) => ({ type: 'tmpfs', target })),
        'busybox stat -c %a /home /new',
        '755\n1777\n',
      ],
      ['a tmpfs hides what is there', () => [{ type: 'tmpfs', target: '/home' }], 'ls /home; touch /home/x', ''],
      [
        'the lower one is mounted last, in whatever order they come',
        () => [bind('/m/sub', 'cache'), bind('/m')],
        'ls /m/sub; ls /m',
        'blank # name\ncache\nfile\nsub\n',
      ],
      ['of two at one place the later counts', () => [bind('/m'), bind('/m', 'sub')], 'ls /m', 'deep\n'],
      ['a file in a tmpfs', () => [bind('/t/a/b/f', 'file'), { type: 'tmpfs', target: '/t' }], 'cat /t/a/b/f', 'text'],
      ['a directory in /dev', () => [bind('/dev/m/n', 'sub')], 'ls /dev/m/n', 'deep\n'],
      [
        'a target with blanks, a # and dots',
        () => [bind('/with blank/../with blank/# x', 'blank # name')],
        'ls -d "/with blank/# x"',
        '/with blank/# x\n',
      ],
      ['over /etc/hosts', () => [bind('/etc/hosts', 'file')], 'cat /etc/hosts', 'text'],
    ];
    for (const [title, mounts, script, want] of cases) {
      test(`${title}; and nothing is left`, async () => {
        const { stdout, stderr } = await leavesNothing(() => run(script, { mounts: mounts() }));
        assert.deepEqual({ stdout, stderr }, { stdout: want, stderr: '' });
      });
    }

    test('a cache can be written to, and what is made in it to mount on stays', async () => {
      const mounts = [bind('/c', 'cache', false), bind('/c/in/file', 'file')];
      const { stdout } = await leavesNothing(() => run('echo kept > /c/x; cat /c/in/file', { mounts }));
      assert.equal(stdout, 'text');
      assert.deepEqual(paths(join(outside, 'cache')), ['in', 'in/file', 'x']);
    });

    test('a link as a target is followed inside the root', async () => {
      symlinkSync('../../../../run/somewhere/else', join(root.path, 'etc', 'link'));
      const { stdout } = await leavesNothing(() =>
        run('cat /etc/link /run/somewhere/else', { mounts: [bind('/etc/link', 'file')] }),
      );
      assert.equal(stdout, 'texttext');
    });

    test('/etc/resolv.conf may be a link to nowhere', async () => {
      await using other = await makeRoot(0);
      symlinkSync('/run/systemd/resolve/stub-resolv.conf', join(other.path, 'etc', 'resolv.conf'));
      const before = tree(other.path);
      const { stdout } = await run('cat /etc/resolv.conf', {}, { rootfs: other.path });
      assert.equal(stdout, readFileSync('/etc/resolv.conf', 'utf8'));
      assert.deepEqual(tree(other.path), before);
    });

    const invalid: [title: string, mounts: () => Mount[], reason: string][] = [
      ['the root', () => [bind('/')], 'mount-target-invalid'],
      ['the root in disguise', () => [bind('/etc/..')], 'mount-target-invalid'],
      ['a relative target', () => [bind('m')], 'mount-target-invalid'],
      ['a file over a directory', () => [bind('/etc', 'file')], 'mount-target-invalid'],
      ['a directory over a file', () => [bind('/etc/passwd', 'sub')], 'mount-target-invalid'],
      ['below a file', () => [bind('/etc/passwd/x', 'sub')], 'mount-target-invalid'],
      ['missing in what is read-only', () => [bind('/m'), bind('/m/none', 'sub')], 'mount-target-invalid'],
      ['missing in /proc', () => [bind('/proc/none', 'sub')], 'mount-target-invalid'],
      ['a source that is not there', () => [bind('/m', 'none')], 'mount-source-missing'],
      ['a loop of links', () => [bind('/tmp/loop/x', 'sub')], 'mount-target-invalid'],
    ];
    for (const [title, mounts, reason] of invalid) {
      test(`refuses ${title}; and nothing is left`, async () => {
        if (title.includes('loop')) symlinkSync('loop', join(root.path, 'tmp', 'loop'));
        const { failure } = await leavesNothing(() => run('true', { mounts: mounts() }));
        assert.equal(failure?.reason, reason);
      });
    }

    test('stubs that are put to use stay', async () => {
      const { status } = await run('touch /kept/x; true', { mounts: [bind('/kept/m', 'sub')] });
      assert.deepEqual(status, { code: 0 });
      assert.deepEqual(paths(join(root.path, 'kept')), ['x']);
    });

    test('a directory that the process replaces by a link does not lead the clean-up astray', async () => {
      const precious = join(root.dir, 'precious');
      mkdirSync(precious);
      writeFileSync(join(precious, 'f'), '');
      mkdirSync(join(root.path, 'victim'));
      const { status } = await run(`mv /victim /gone && ln -s ${precious} /victim`, {
        mounts: [bind('/victim/f', 'file')],
      });
      assert.deepEqual(status, { code: 0 });
      assert.deepEqual(paths(precious), ['f']);
    });
  });

  describe('leftovers', () => {
    const endings: [title: string, script: string, code: number][] = [
      ['success', 'true', 0],
      ['failure', 'exit 3', 3],
    ];
    for (const [title, script, code] of endings) {
      test(`${title} leaves no file and no process, not even daemons`, async () => {
        const mark = randomUUID();
        const daemons = 'setsid sleep 1000 >/dev/null 2>&1 & (sleep 1000 &) & sleep 0.1;';
        const ran = await leavesNothing(() => run(daemons + script, { env: ['PATH=/bin', `MARK=${mark}`] }));
        assert.deepEqual(processesWith(mark), []);
        assert.deepEqual(ran.status, { code });
      });
    }

    test('abort ends everything at once, with the reason', async () => {
      const mark = randomUUID();
      const env = ['PATH=/bin', `MARK=${mark}`];
      const script = 'trap "" TERM INT; (setsid sleep 1000 &); sleep 1000';
      const { error } = await leavesNothing(() => run(script, { env }, { abortAfter: 500 }));
      assert.deepEqual(processesWith(mark), []);
      assert.match(error ?? '', /^TimeoutError/);
    });

    test('abort at any moment of the start leaves nothing', async () => {
      const mark = randomUUID();
      const env = ['PATH=/bin', `MARK=${mark}`];
      await leavesNothing(async () => {
        for (let after = 0; after < 60; after += 6) await run('sleep 1000', { env }, { abortAfter: after });
        return { stdout: '', stderr: '' };
      });
      assert.deepEqual(processesWith(mark), []);
    });

    test('an overlay gets what the process wrote, and the directories that were in the way', async () => {
      await using fresh = await makeRoot(0);
      const { upper } = await run('echo x > /tmp/new; rm /bin/wc', {}, { overlay: true, rootfs: fresh.path });
      assert.deepEqual(
        upper!.map((line) => line.replace(/ (?!2000000000)\d+$/, '')),
        [
          '/ 755 0:0',
          'bin/ 755 0:0',
          'bin/wc is a device',
          'etc/ 755 0:0 2000000000',
          'tmp/ 1777 0:0',
          'tmp/new 644 0:0 "x\\n"',
        ],
      );
    });

    test('several at once in roots of their own', async () => {
      const outputs = await Promise.all(
        [1, 2, 3, 4].map((n) => run(`echo ${n}; hostname`, { hostname: `h${n}` }, { overlay: true })),
      );
      assert.deepEqual(
        outputs.map(({ stdout }) => stdout),
        ['1\nh1\n', '2\nh2\n', '3\nh3\n', '4\nh4\n'],
      );
    });
  });

  test('a root that has nothing but the program', async () => {
    const scratch = join(root.dir, 'scratch');
    mkdirSync(scratch);
    writeFileSync(
      join(scratch, 'exit'),
      tinyProgram(elfTargets[host.architecture]!, elfTargets[host.architecture]!.exit),
    );
    chmodSync(join(scratch, 'exit'), 0o755);
    assert.deepEqual((await run(['/exit'], {}, { rootfs: scratch })).status, { code: 0 });
    const made = tree(scratch).map((line) => line.split(' ', 3).slice(0, 3).join(' '));
    assert.deepEqual(made.slice(1), ['dev/ 755 0:0', 'exit 755 0:0', 'proc/ 755 0:0', 'sys/ 755 0:0']);
  });
});
