/** `--secret` of files and of variables: what steps get, and what nobody else sees. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { nobodyInParticular } from '../worker/people.ts';

const options = needs('linux', 'root', 'user namespaces', 'busybox', 'setpriv');

function dockerfile(...runs: string[]): string {
  const links = ['RUN ["/bin/busybox", "--install", "-s", "/bin"]'];
  return ['FROM scratch', 'COPY --chmod=755 busybox /bin/busybox', ...links, ...runs, ''].join('\n');
}

const setUp = (text: string, files: Readonly<Record<string, string>> = {}) =>
  Rig.setup({ files: { 'image/Dockerfile': text, 'image/busybox': readFileSync('/bin/busybox'), ...files } });

interface Document {
  readonly digest?: string;
  readonly failures: readonly { readonly reason: string; readonly details?: readonly string[] }[];
}

/** What is given → what a step finds. */
const given: Readonly<Record<string, readonly [secret: string, value: string]>> = {
  'a file': ['id=token,src=file', 'of a file'],
  'a variable': ['id=token,env=NAME', 'of a variable'],
  'a variable by type': ['id=token,type=env,src=NAME', 'of a variable'],
  'the variable of its id before the file': ['id=both', 'both as a variable'],
  'the file of its id': ['id=only', 'only a file'],
  'the file of its id, for a variable is not asked': ['id=both,src=both', 'both as a file'],
  'an empty variable': ['id=token,env=EMPTY', ''],
};
for (const [title, [secret, value]] of Object.entries(given))
  test(`a secret is ${title}, and nowhere but in its step`, options, async () => {
    const id = /id=(\w+)/.exec(secret)![1]!;
    const files = { file: 'of a file', both: 'both as a file', only: 'only a file' };
    const text = dockerfile(
      `RUN --mount=type=secret,id=${id},required [ $(wc -c < /run/secrets/${id}) = ${value.length} ]`,
      `RUN --mount=type=secret,id=${id},env=S echo "say $S"; env | grep -c "^S="`,
      'RUN test ! -e /run/secrets',
    );
    await using rig = await setUp(text, files);
    const env = { NAME: 'of a variable', both: 'both as a variable', EMPTY: '' };
    const { status, stdout, stderr } = await rig.cip('build-image', 'image', '-v', '--secret', secret, { env });
    assert.equal(status, 0, stderr);
    if (value === '') return;
    assert.match(stderr, /say \*\*\*/);
    assert.equal(`${stdout}${stderr}`.includes(`say ${value}`), false);
    // Nothing of it is on disk: not in layers, records, logs.
    const found = spawnSync('grep', ['-rl', `say ${value}`, rig.store]);
    assert.equal(found.stdout.toString(), '');
  });

const refused: Readonly<Record<string, readonly [secret: string, reason: string]>> = {
  'a variable that is not set': ['id=s,env=NOWHERE', 'secret-variable-unset'],
  'neither a variable nor a file': ['id=nowhere', 'secret-not-readable'],
  'a file that is not there': ['id=s,src=nowhere', 'secret-not-readable'],
  'a directory': ['id=image', 'secret-not-a-file'],
  'a file of more than 500 KiB': ['id=s,src=big', 'secret-too-big'],
};
test('a secret that cannot be given is told before anything runs', options, async (t) => {
  const big = 'x'.repeat(500 * 1024);
  await using rig = await setUp(dockerfile('RUN --mount=type=secret,id=s [ $(wc -c < /run/secrets/s) = 512000 ]'), {
    big: `${big}x`,
    fits: big,
  });
  for (const [title, [secret, reason]] of Object.entries(refused))
    await t.test(title, async () => {
      const { status, stdout, stderr } = await rig.cip('build-image', 'image', '--json', '--secret', secret);
      const reasons = stdout === '' ? /error\[([^\]]+)/.exec(stderr)?.slice(1) : reasonsIn(stdout);
      assert.deepEqual([status, reasons], [2, [reason]], stderr);
    });
  const { status, stderr } = await rig.cip('build-image', 'image', '--secret', 'id=s,src=fits');
  assert.equal(status, 0, stderr);
});

test('in a chroot a secret is a variable, if it is no file', options, async () => {
  await using rig = await setUp(dockerfile('RUN --mount=type=secret,id=s,env=S [ "$S" = hidden ]'));
  const flags = ['--isolation', 'chroot', '--secret', 'id=s,env=S'];
  const { status, stderr } = await rig.cip('build-image', 'image', ...flags, { env: { S: 'hidden' } });
  assert.equal(status, 0, stderr);
});

/** What a step of a chroot does to its secret, and whether it finds the file of the image there afterwards. */
const inChroot: Readonly<Record<string, string>> = {
  'is read': '[ "$(cat /s)" = HIDDEN-"$(echo 7f3a)" ]',
  'is linked to': 'ln /s /made/linked',
  'is moved': 'mv /s /made/moved',
  'is removed': 'rm /s',
  'is written to': 'echo more >>/s',
  'is replaced': 'rm /s; mkdir /s; echo x >/s/x',
  'is executed': 'stat -c %a:%u:%g /s | grep -x 751:5:6',
};
for (const [title, script] of Object.entries(inChroot))
  for (const [at, target] of Object.entries({ 'over a file': '/s', 'where nothing was': '/new/s' }))
    test(`in a chroot nothing of a secret ${at} stays that ${title}`, options, async () => {
      const links = ['RUN echo image >/s; chmod 640 /s; mkdir /made'];
      const step = script.replaceAll('/s', target);
      const after = target === '/s' ? '[ "$(cat /s) $(stat -c %a /s)" = "image 640" ]' : '[ ! -e /new ]';
      const mount = `--mount=type=secret,id=s,target=${target},mode=0751,uid=5,gid=6`;
      await using rig = await setUp(
        dockerfile(...links, `RUN ${mount} ${step}`, `RUN ${after}; ! grep -r HIDDEN /made; [ ! -e /made/moved ]`),
      );
      const flags = ['--isolation', 'chroot', '--secret', 'id=s,env=S'];
      const { status, stderr } = await rig.cip('build-image', 'image', ...flags, { env: { S: 'HIDDEN-7f3a' } });
      assert.equal(status, 0, stderr);
      assert.deepEqual(filesWith('HIDDEN-7f3a', rig.store), []);
    });

test('in a chroot nothing of a secret is left by a build that was killed', options, async () => {
  await using rig = await setUp(
    dockerfile('RUN mkdir /made', 'RUN --mount=type=secret,id=s ln /run/secrets/s /made/s; echo up; sleep 300'),
    { 'other/Dockerfile': 'FROM scratch\nLABEL a=b\n' },
  );
  const flags = ['-v', '--isolation', 'chroot', '--secret', 'id=s,env=S'];
  let isHeld = false;
  await rig.cip('build-image', 'image', ...flags, {
    env: { S: 'HIDDEN-7f3a' },
    onStart: (child) => {
      const look = setInterval(() => {
        if (child.exitCode !== null || child.signalCode !== null) return clearInterval(look);
        isHeld = filesWith('HIDDEN-7f3a', rig.store).length > 0;
        if (isHeld) child.kill('SIGKILL');
      }, 50);
    },
  });
  assert.equal(isHeld, true);
  const { status, stderr } = await rig.cip('build-image', 'other');
  assert.equal(status, 0, stderr);
  assert.deepEqual(filesWith('HIDDEN-7f3a', rig.store), []);
});

test('an owner of a secret that nobody is here is told', options, async () => {
  await using rig = await setUp(dockerfile('RUN --mount=type=secret,id=s,uid=1000 true'));
  const { uid, gid } = nobodyInParticular;
  execFileSync('chown', ['-R', `${uid}:${gid}`, dirname(rig.project)]);
  const { stdout, stderr } = await rig.cip('build-image', 'image', '--json', '--secret', 'id=s,env=S', {
    env: { S: 'hidden' },
    through: ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'],
  });
  assert.deepEqual(reasonsIn(stdout), ['mount-owner-refused'], stderr);
});

function filesWith(text: string, directory: string): readonly string[] {
  const { stdout } = spawnSync('grep', ['-rls', '--devices=skip', text, directory]);
  return stdout.toString().split('\n').filter(Boolean);
}

function reasonsIn(stdout: string): readonly string[] {
  return (JSON.parse(stdout) as Document).failures.map(({ reason }) => reason);
}
