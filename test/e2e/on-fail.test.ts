/** `--on-fail`: what is left of a RUN that failed, by whom it was run, and that nothing else has any of it. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, chown, lstat, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needs } from '../support/needs.ts';
import { Rig, type RunOptions } from '../support/rig.ts';
import { nobodyInParticular, type Person, personWithSubids, self, subids } from '../worker/people.ts';

const options = needs('linux', 'root', 'busybox', 'user namespaces', 'setpriv', 'newuidmap');

const head = [
  'FROM scratch',
  'COPY --chmod=755 busybox /bin/busybox',
  'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
  'RUN mkdir /old && echo a >/old/x && echo b >/gone',
];
const failing = 'echo made >/made; rm /gone; echo b >>/old/x; exit 7';

function setUp(run: string, more: readonly string[] = []): Promise<Rig> {
  const files = { 'c/Dockerfile': [...head, `RUN ${run}`, ...more, ''].join('\n') };
  return Rig.setup({ files: { ...files, 'c/busybox': readFileSync('/bin/busybox'), token: 'a very secret token' } });
}

interface Place {
  readonly args: readonly string[];
  readonly person: () => Person;
  /** Whether steps have mounts. */
  readonly hasMounts: boolean;
  /** Owner on disk of a file that belongs to 5:6 in the image. */
  readonly owner?: () => readonly [number, number];
}

/** Who runs cip, and in what steps run. Add a row for each tier. */
const places: Readonly<Record<string, Place>> = {
  root: { args: [], person: () => self, hasMounts: true, owner: () => [5, 6] },
  'root, chroot': { args: ['--isolation=chroot'], person: () => self, hasMounts: false, owner: () => [5, 6] },
  'a user with subuids': {
    args: [],
    person: personWithSubids,
    hasMounts: true,
    owner: () => [subids('/etc/subuid', personWithSubids())[0] + 4, subids('/etc/subgid', personWithSubids())[0] + 5],
  },
  'a user without': { args: [], person: () => nobodyInParticular, hasMounts: true },
};

/** A store and a copy of the program that the person may use. */
async function runAs({ uid, gid }: Person, rig: Rig): Promise<RunOptions> {
  if (uid === 0) return {};
  const home = dirname(rig.project);
  await chmod(home, 0o755);
  for (const path of [home, rig.project, join(rig.project, 'c'), join(rig.project, 'token')])
    await chown(path, uid, gid);
  const own = join(home, 'home');
  await chown(own, uid, gid);
  return {
    through: ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'],
    env: { HOME: own, USER: String(uid) },
  };
}

interface Failed {
  readonly failures: readonly {
    readonly reason: string;
    readonly kept?: string;
    readonly details: readonly string[];
  }[];
}

async function built(rig: Rig, ...args: (string | RunOptions)[]) {
  const { status, stdout, stderr } = await rig.cip('build-image', 'c', '--json', ...args);
  assert.equal(status, 1, stderr);
  const [failure] = (JSON.parse(stdout) as Failed).failures;
  assert.equal(failure?.reason, 'run-failed', stderr);
  return { ...failure, stderr };
}

for (const [title, { args, person, hasMounts, owner }] of Object.entries(places)) {
  test(`the files of a failed step are kept: ${title}`, options, async () => {
    const mounts = hasMounts
      ? '--mount=type=secret,id=token --mount=type=cache,target=/cache --mount=type=tmpfs,target=/t '
      : '';
    const uses = hasMounts ? 'touch /cache/cached /t/temporary; cat /run/secrets/token >/dev/null; ' : '';
    const gives = owner === undefined ? '' : 'chown 5:6 /old/x; ';
    await using rig = await setUp(`${mounts}${uses}${gives}${failing}`);
    const as = await runAs(person(), rig);
    const through = as.through ?? [];
    const { kept, details } = await built(rig, '--on-fail=keep', '--secret', 'id=token,src=token', ...args, as);
    assert.ok(kept !== undefined, details.join('\n'));
    assert.equal(kept.startsWith(join(rig.store, 'failed-steps/')), true);
    assert.equal(await readFile(join(kept, 'changes'), 'utf8'), 'D /gone\nA /made\nC /old\nC /old/x\n');
    const root = join(kept, 'root');
    assert.equal(await readFile(join(root, 'old/x'), 'utf8'), 'a\nb\n');
    assert.deepEqual((await readdir(root)).sort(), ['bin', 'dev', 'made', 'old', 'proc', 'sys']);
    for (const name of ['dev', 'proc', 'sys']) assert.deepEqual(await readdir(join(root, name)), []);
    const { uid, gid } = await lstat(join(root, 'old/x'));
    assert.deepEqual([uid, gid], owner?.() ?? [person().uid, person().gid]);

    const enter = details.find((line) => line.startsWith('to look around:'))!.slice('to look around:'.length);
    const script = `echo 'cat /made; stat -c %u:%g /old/x; id -u' | ${enter}`;
    const [program, ...rest] = [...through, 'sh', '-c', script];
    const seen = execFileSync(program!, rest, { encoding: 'utf8' });
    assert.equal(seen, `made\n${owner === undefined ? '0:0' : '5:6'}\n0\n`);

    // Nothing of it is a result: the step runs, and fails, once more.
    assert.equal((await built(rig, '--secret', 'id=token,src=token', ...args, as)).kept, undefined);
    assert.deepEqual(await readdir(join(rig.store, 'failed-steps')), [kept.split('/').at(-1)]);
    const { stdout } = await rig.cip('cache', 'prune', '--filter', 'type=failed-step', as);
    assert.match(stdout, /: 1 failed-step$/m);
    assert.deepEqual(await readdir(join(rig.store, 'failed-steps')), []);
  });
}

test('what is kept is where a build finds it, whatever limits the store has', options, async () => {
  await using rig = await setUp(failing);
  const { kept } = await built(rig, '--on-fail=keep', '--cache-max-size=0');
  assert.ok((await readdir(kept!)).includes('root'));
});

test('several platforms and images: each step that failed is kept for itself', options, async () => {
  await using rig = await Rig.setup({
    files: Object.fromEntries(
      ['a', 'b'].flatMap((name) => [
        [`contexts/00-${name}/Dockerfile`, [...head, `RUN touch /${name}; exit 3`, ''].join('\n')],
        [`contexts/00-${name}/info.edn`, '{:version "1.0.0"}\n'],
        [`contexts/00-${name}/busybox`, readFileSync('/bin/busybox')],
      ]),
    ),
  });
  const { status, stdout } = await rig.cip('build', '--json', '-k', '--on-fail=keep');
  assert.equal(status, 1);
  const { images } = JSON.parse(stdout) as { readonly images: readonly (Failed & { readonly name: string })[] };
  for (const { name, failures } of images) {
    const [failure] = failures;
    assert.equal(await readFile(join(failure!.kept!, 'changes'), 'utf8'), `A /${name}\n`);
  }
  assert.equal(images.length, 2);
});

/** Kills cip as soon as it begins to keep files, and some milliseconds later. */
async function killWhenKeeping(child: ChildProcess, store: string, wait: number): Promise<void> {
  const before = (await readdir(join(store, 'failed-steps'))).length;
  const hasBegun = async () => {
    if ((await readdir(join(store, 'failed-steps'))).length > before) return true;
    const sessions = await readdir(join(store, 'sessions'));
    const names = await Promise.all(sessions.map((name) => readdir(join(store, 'sessions', name)).catch(() => [])));
    return names.flat().some((name) => name.startsWith('failed-step'));
  };
  while (child.exitCode === null && !(await hasBegun())) await delay(1);
  await delay(wait);
  child.kill('SIGKILL');
}

test('a kill at any moment leaves nothing that prune does not take', options, async () => {
  await using rig = await setUp(`for i in $(seq 500); do echo $i >/file-$i; done; ${failing}`);
  await built(rig);
  for (const wait of [0, 0, 2, 5, 10, 20, 30, 50, 80, 150]) {
    await rig.cip('build-image', 'c', '--on-fail=keep', {
      onStart: (child) => void killWhenKeeping(child, rig.store, wait),
    });
    for (const name of await readdir(join(rig.store, 'failed-steps'))) {
      const names = await readdir(join(rig.store, 'failed-steps', name));
      assert.deepEqual(names.sort(), ['changes', 'root', 'step.json']);
    }
  }
  await built(rig);
  const { status } = await rig.cip('cache', 'prune');
  assert.equal(status, 0);
  for (const directory of ['failed-steps', 'sessions', 'trash'])
    assert.deepEqual(await readdir(join(rig.store, directory)), [], directory);
});
