/** `--on-fail=shell`: a person at a terminal, in the place of a step that failed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, chown, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { leftovers } from '../support/leftovers.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { Typist, type TypistOptions } from '../support/typist.ts';
import { nobodyInParticular, type Person, personWithSubids, self } from '../worker/people.ts';

/** One that waits for what is never shown is to end. */
const options = {
  timeout: 120_000,
  ...needs('linux', 'root', 'busybox', 'user namespaces', 'setpriv', 'newuidmap', 'script', 'stty'),
};

const head = [
  'FROM scratch',
  'COPY --chmod=755 busybox /bin/busybox',
  'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
  'RUN mkdir -m 777 /w && echo root:x:0:0::/root:/bin/sh >/etc-passwd',
  'ENV GREETING=hello',
  'WORKDIR /w',
];

function setUp(...lines: readonly string[]): Promise<Rig> {
  const files = { 'c/Dockerfile': [...head, ...lines, ''].join('\n'), token: 'the token\n' };
  return Rig.setup({ files: { ...files, 'c/busybox': readFileSync('/bin/busybox') } });
}

const prompt = /[#$] /;
const build = ['build-image', 'c', '--on-fail=shell'] as const;

interface Place {
  readonly args: readonly string[];
  readonly person: Person | (() => Person);
  readonly hasMounts: boolean;
  /** Whom a step may be. */
  readonly user: string;
}

/** Who runs cip, and in what steps run. Add a row for each tier. */
const places: Readonly<Record<string, Place>> = {
  root: { args: [], person: self, hasMounts: true, user: '5:6' },
  'root, chroot': { args: ['--isolation=chroot'], person: self, hasMounts: false, user: '5:6' },
  'a user with subuids': { args: [], person: personWithSubids, hasMounts: true, user: '5:6' },
  'a user without': { args: [], person: nobodyInParticular, hasMounts: true, user: '0:0' },
};

async function runAs(person: Place['person'], rig: Rig): Promise<TypistOptions> {
  const { uid, gid } = typeof person === 'function' ? person() : person;
  if (uid === 0) return {};
  const above = dirname(rig.project);
  await chmod(above, 0o755);
  const home = join(above, 'home');
  for (const path of [above, home, rig.project, join(rig.project, 'c'), join(rig.project, 'token')])
    await chown(path, uid, gid);
  return { through: ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'] };
}

for (const [title, { args, person, hasMounts, user }] of Object.entries(places))
  test(`a shell in the place of a failed step: ${title}`, options, async () => {
    const mounts = hasMounts
      ? '--mount=type=secret,id=token,mode=0444 --mount=type=cache,target=/cache,mode=0777 '
      : '';
    const uses = hasMounts ? 'touch /cache/of-step; ' : '';
    await using rig = await setUp(`USER ${user}`, `RUN ${mounts}${uses}echo made >made; exit 7`);
    const as = await runAs(person, rig);
    const given = hasMounts ? ['--secret', 'id=token,src=token'] : [];
    const at = async () => {
      const typist = new Typist(rig, [...build, ...given, ...args], as);
      await typist.see('in its place');
      await typist.see(prompt);
      return typist;
    };
    {
      await using typist = await at();
      typist.type('echo "$GREETING, $(id -u):$(id -g) in $(pwd) with $TERM: $(cat made)"\n');
      await typist.see(`hello, ${user} in /w with vt100: made\n`);
      if (hasMounts) {
        typist.type('cat /run/secrets/token; ls -1 /cache; touch /cache/of-shell; ls -1 /cache\n');
        await typist.see('the token\nof-step\nof-shell\nof-step\n');
      }
      typist.type('touch /w/of-shell; exit 0\n');
      const shown = await typist.end();
      assert.match(shown, /error\[run-failed\][\s\S]*\nstatus 1\n/);
      const lines = shown.trim().split('\n');
      assert.equal(lines.at(-1), lines[0], 'the terminal is as it was');
    }
    {
      // Again: nothing of the shell is anywhere.
      await using typist = await at();
      typist.type(`echo "there: $(ls -1 /w ${hasMounts ? '/cache' : ''} | tr '\\n' ' ')"\n`);
      await typist.see(hasMounts ? 'there: /cache: of-step  /w: made' : 'there: made');
      typist.type('exit\n');
      await typist.end();
    }
    assert.deepEqual(await readdir(join(rig.store, 'failed-steps')), []);
    assert.deepEqual(await readdir(join(rig.store, 'sessions')), []);
  });

test('keys that end programs are for the shell, and it is told of another size', options, async () => {
  await using rig = await setUp('RUN exit 3');
  // Only while a loop waits for it: a shell that is being typed to would lose keys.
  const resizing =
    'stty rows 33 cols 99; (while sleep 0.1; do [ ! -e go ] || { stty rows 20 cols 50; sleep 3; stty rows 21 cols 51; sleep 0.5; }; done) </dev/tty &';
  await using typist = new Typist(rig, build, { before: `${resizing} resizer=$!; trap 'kill $resizer' EXIT` });
  await typist.see('in its place');
  await typist.see(prompt);
  typist.type('echo be""gun; sleep 1000\n');
  await typist.see('begun\n');
  // A shell that is just about to start the program gets the first one itself.
  const interrupting = setInterval(() => typist.type('\u0003'), 500);
  await typist.see(prompt).finally(() => clearInterval(interrupting));
  typist.type('echo wait""ing; until [ "$(stty size)" = "20 50" ]; do sleep 0.1; done; echo re""sized\n');
  await typist.see('waiting\n');
  await rig.write({ go: '' });
  await typist.see('resized\n');
  await rm(join(rig.project, 'go'));
  await typist.see(prompt);
  // The end of what is typed ends the shell.
  typist.type('\u0004');
  assert.match(await typist.end(), /\nstatus 1\n/);
});

const project = (runs: Readonly<Record<string, string>>) =>
  Rig.setup({
    files: Object.fromEntries(
      Object.entries(runs).flatMap(([name, run]) => [
        [`contexts/00-${name}/Dockerfile`, [...head, `RUN ${run}`, ''].join('\n')],
        [`contexts/00-${name}/info.edn`, '{:version "1.0.0"}\n'],
        [`contexts/00-${name}/busybox`, readFileSync('/bin/busybox')],
      ]),
    ),
  });

test('what else is being built is stopped first', options, async () => {
  await using rig = await project({ fails: 'exit 3', waits: 'sleep 1000; true' });
  await using typist = new Typist(rig, ['build', '--on-fail=shell', '-j', '2']);
  await typist.see('in its place');
  await typist.see(prompt);
  typist.type('exit\n');
  const shown = await typist.end();
  assert.match(shown, /error\[stopped-for-shell\]/);
  assert.match(shown, /\nstatus 1\n/);
});

test('of several steps that fail the first has the terminal', options, async () => {
  await using rig = await project({ a: 'exit 3', b: 'exit 3', c: 'exit 3' });
  await using typist = new Typist(rig, ['build', '--on-fail=shell', '-j', '3']);
  await typist.see('in its place');
  await typist.see(prompt);
  typist.type('exit\n');
  const shown = await typist.end();
  assert.equal(shown.split('in its place').length, 2);
});

test('who is stopped gives the terminal back, and leaves nothing running', options, async () => {
  await using rig = await setUp('RUN exit 3');
  const known = new Set(await leftovers(rig.store, new Set(), 0));
  await using typist = new Typist(rig, build, {
    before: 'echo pid $$',
    through: ['exec sh -c "echo pid \\$\\$; exec \\$0 \\$*"'],
  });
  await typist.see('in its place');
  await typist.see(prompt);
  typist.type('echo be""gun; sleep 1000\n');
  await typist.see('begun\n');
  const pid = Number([...typist.shown.matchAll(/pid (\d+)/g)].at(-1)![1]);
  process.kill(pid, 'SIGTERM');
  await typist.end();
  assert.deepEqual(await leftovers(rig.store, known), []);
});

const refused: Readonly<Record<string, readonly [args: readonly string[], reason: string]>> = {
  'no terminal': [[], 'shell-needs-terminal'],
  'more to do after a failure': [['--keep-going'], 'contradictory-options'],
};
for (const [title, [args, reason]] of Object.entries(refused))
  test(`told before anything is done: ${title}`, options, async () => {
    await using rig = await project({ a: 'exit 0' });
    const { status, stderr } = await rig.cip('build', '--on-fail=shell', ...args);
    assert.equal(status, 2);
    assert.match(stderr, new RegExp(`error\\[${reason}\\]`));
    assert.doesNotMatch(stderr, /Building/);
  });
