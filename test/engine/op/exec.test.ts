/** RUN on real layers, with an executor that does to the root what a process would do. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, symlink as link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ExecutorRun } from '../../../src/engine/executor/executor.ts';
import { type ExecutorName, keyWords } from '../../../src/engine/executor/executor-name.ts';
import type { ExecMount, ExecOp, Step } from '../../../src/engine/op/op-definition.ts';
import type { LayerInput } from '../../../src/layer/layer-input.ts';
import { canonicalText } from '../../../src/oci/canonical.ts';
import { digestOfFields } from '../../../src/oci/fields-digest.ts';
import { failuresOf } from '../../../src/result.ts';
import { directory, input } from '../../layer/entries.ts';
import { type Act, OpRig } from './op-rig.ts';

const me = { uid: process.getuid!(), gid: process.getgid!() };
const own = `${me.uid}:${me.gid}`;

const exec = (more: Partial<ExecOp> = {}): ExecOp => ({
  kind: 'exec',
  args: ['/bin/sh', '-c', 'make'],
  env: ['PATH=/bin'],
  keylessEnv: [],
  cwd: '/work',
  user: '',
  mounts: [],
  network: 'default',
  platform: { os: 'linux', architecture: 'amd64' },
  ...more,
});
const base: readonly LayerInput[] = [
  directory('etc', me),
  input('etc/passwd', 'root:x:0:0::/root:\nada:x:1000:100::/home/ada:\n', me),
  input('etc/group', 'staff:x:50:ada\n', me),
  directory('d', { ...me, mtime: 1000 }),
  input('d/file', 'old', { ...me, mtime: 1000 }),
  input('d/other', 'other', { ...me, mtime: 1000 }),
];

/** What a step does to its root, and the layer that comes of it. */
const changes: Readonly<Record<string, readonly [act: (root: string) => Promise<unknown>, layer: readonly string[]]>> =
  {
    'nothing: an empty layer': [async () => {}, []],
    'a new file': [(root) => writeFile(join(root, 'new'), 'new'), [`new 644 ${own} new`]],
    'a file that is changed': [
      (root) => writeFile(join(root, 'd/file'), 'changed'),
      [`d/ 755 ${own}`, `d/file 644 ${own} changed`],
    ],
    'a mode that is changed': [
      (root) => chmod(join(root, 'd/file'), 0o600),
      [`d/ 755 ${own}`, `d/file 600 ${own} old`],
    ],
    'a new link': [(root) => link('d/file', join(root, 'link')), [`link 777 ${own} -> d/file`]],
    'a directory below a directory': [
      (root) => mkdir(join(root, 'x/y'), { recursive: true, mode: 0o755 }),
      [`x/ 755 ${own}`, `x/y/ 755 ${own}`],
    ],
  };
for (const [title, [act, layer]] of Object.entries(changes))
  test(`what a step changes is its layer: ${title}`, async () => {
    await using rig = await OpRig.open();
    const below = await rig.snapshot(base);
    rig.act = async ({ rootfs }) => {
      await act(rootfs);
      return { code: 0 };
    };
    const made = await rig.exec({ op: exec() }, [below]);
    assert.equal(made.layers.length, 2);
    assert.deepEqual(await rig.top(made), layer);
  });

test('what a step removes is gone, and only that', async () => {
  await using rig = await OpRig.open();
  const below = await rig.snapshot(base);
  rig.act = async ({ rootfs }) => {
    await rm(join(rootfs, 'd/file'));
    return { code: 0 };
  };
  const made = await rig.exec({ op: exec() }, [below]);
  const names = (await rig.tree(made)).map((line) => line.split(' ')[0]!);
  assert.deepEqual(names, ['d/', 'd/other', 'etc/', 'etc/group', 'etc/passwd']);
});

test('no file of a layer is newer than the epoch', async () => {
  await using rig = await OpRig.open();
  rig.act = async ({ rootfs }) => {
    await writeFile(join(rootfs, 'new'), '');
    return { code: 0 };
  };
  const made = await rig.exec({ op: exec({ epoch: 1234 }) }, [await rig.snapshot(base)]);
  assert.deepEqual(await rig.top(made, { times: true }), [`new 644 ${own} @1234 `]);
});

/** What the executor is asked for. */
const asked: Readonly<Record<string, readonly [op: ExecOp, of: (order: ExecutorRun) => unknown, expected: unknown]>> = {
  'arguments and directory': [
    exec(),
    ({ process: { args, cwd } }) => [args, cwd],
    [['/bin/sh', '-c', 'make'], '/work'],
  ],
  'HOME is that of the user': [exec({ user: 'ada' }), ({ process: { env } }) => env, ['PATH=/bin', 'HOME=/home/ada']],
  'HOME that is empty is not set': [
    exec({ env: ['HOME=', 'A=1'], user: 'ada' }),
    ({ process: { env } }) => env,
    ['A=1', 'HOME=/home/ada'],
  ],
  'HOME that is set stays': [exec({ env: ['HOME=/x'], user: 'ada' }), ({ process: { env } }) => env, ['HOME=/x']],
  'proxies win over what the image says, and there is one of each': [
    exec({ env: ['http_proxy=i', 'A=1'], keylessEnv: ['http_proxy=p'] }),
    ({ process: { env } }) => env,
    ['http_proxy=p', 'A=1', 'HOME=/root'],
  ],
  'a user of the image with its groups': [
    exec({ user: 'ada' }),
    ({ process: { user } }) => [user.uid, user.gid, user.additionalGids.toSorted((a, b) => a - b)],
    [1000, 100, [50, 100]],
  ],
  'a number that the image does not know': [
    exec({ user: '77:88' }),
    ({ process: { user } }) => [user.uid, user.gid],
    [77, 88],
  ],
  'the host name of every step': [exec(), ({ process: { hostname } }) => hostname, 'buildkitsandbox'],
  'its network': [exec({ network: 'none' }), ({ process: { network } }) => network, 'none'],
  'its platform': [
    exec({ platform: { os: 'linux', architecture: 'arm64' } }),
    ({ process: { platform } }) => platform.architecture,
    'arm64',
  ],
  'a tmpfs': [
    exec({ mounts: [{ type: 'tmpfs', target: '/t', size: 42 }] }),
    ({ process: { mounts } }) => mounts,
    [{ type: 'tmpfs', target: '/t', size: 42 }],
  ],
};
for (const [title, [op, of, expected]] of Object.entries(asked))
  test(`the executor is asked for ${title}`, async () => {
    await using rig = await OpRig.open();
    const seen: unknown[] = [];
    rig.act = async (order) => {
      seen.push(of(order));
      return { code: 0 };
    };
    await rig.exec({ op }, [await rig.snapshot(base)]);
    assert.deepEqual(seen, [expected]);
  });

/** What stands at the target of a mount while the step runs; `target` is taken from the mounts it is given. */
async function mounted(
  rig: OpRig,
  mounts: readonly ExecMount[],
  more: { readonly secrets?: Step['secrets']; readonly look?: (source: string) => Promise<unknown> } = {},
): Promise<unknown[]> {
  const seen: unknown[] = [];
  const look = more.look ?? ((source: string) => readFile(source, 'utf8'));
  rig.act = async ({ process }) => {
    for (const mount of process.mounts) if (mount.type === 'bind') seen.push([mount.target, await look(mount.source)]);
    return { code: 0 };
  };
  const inputs = [await rig.snapshot([]), await rig.snapshot(base)];
  await rig.exec({ op: exec({ mounts }), secrets: more.secrets }, inputs);
  return seen;
}

test('a bind mount has files of another input, and what is written there is gone', async () => {
  await using rig = await OpRig.open();
  const bind = { type: 'bind', input: 1, source: 'd/file', target: '/m', readonly: false } as const;
  const write = async (source: string) => {
    const before = await readFile(source, 'utf8');
    await writeFile(source, 'written');
    return before;
  };
  assert.deepEqual(await mounted(rig, [bind], { look: write }), [['/m', 'old']]);
  assert.deepEqual(await mounted(rig, [bind]), [['/m', 'old']]);
});

test('a cache mount is there for the next step, and not in the layer', async () => {
  await using rig = await OpRig.open();
  const cache = { type: 'cache', id: 'c', target: '/c', sharing: 'shared', readonly: false, ...me } as const;
  await mounted(rig, [cache], { look: (source) => writeFile(join(source, 'kept'), 'kept') });
  const look = (source: string) => readFile(join(source, 'kept'), 'utf8');
  assert.deepEqual(await mounted(rig, [cache], { look }), [['/c', 'kept']]);
});

test('a secret is a file with a mode and in the environment, and hidden in what the step says', async () => {
  await using rig = await OpRig.open();
  const file = join(rig.dir, 'secret');
  await writeFile(file, 'very secret\n');
  const secret: ExecMount = { type: 'secret', id: 's', target: '/s', env: 'S', required: true, mode: 0o400, ...me };
  let path = '';
  rig.act = async ({ process, onOutput }) => {
    const [mount] = process.mounts;
    assert.ok(mount?.type === 'bind' && mount.readonly);
    path = mount.source;
    assert.equal(await readFile(path, 'utf8'), 'very secret\n');
    assert.equal((await stat(path)).mode & 0o777, 0o400);
    assert.ok(process.env.includes('S=very secret\n'));
    await onOutput('stdout', 'it is very secret indeed\n');
    return { code: 0 };
  };
  await rig.exec({ op: exec({ mounts: [secret] }), secrets: { s: file } }, [await rig.snapshot(base)]);
  const said = rig.events.flatMap((event) => (event.type === 'step-output' ? [event.text] : [])).join('');
  assert.ok(said.includes('indeed') && !said.includes('very secret'), said);
});

const refused: Readonly<Record<string, readonly [op: ExecOp, reason: string]>> = {
  'a user that the image does not know': [exec({ user: 'nobody-here' }), 'user-unknown'],
  'a secret that is required and was not given': [
    exec({ mounts: [{ type: 'secret', id: 's', required: true, mode: 0o400, ...me }] }),
    'secret-missing',
  ],
  'a bind of what is not there': [
    exec({ mounts: [{ type: 'bind', input: 1, source: 'nothing', target: '/m', readonly: true }] }),
    'mount-source-missing',
  ],
  'a cache that starts with a file': [
    exec({
      mounts: [
        {
          type: 'cache',
          id: 'c',
          target: '/c',
          sharing: 'shared',
          readonly: false,
          seed: { input: 1, source: 'd/file' },
        },
      ],
    }),
    'cache-seed-not-directory',
  ],
};
for (const [title, [op, reason]] of Object.entries(refused))
  test(`${title}: ${reason}, and nothing runs`, async () => {
    await using rig = await OpRig.open();
    let ran = false;
    rig.act = async () => {
      ran = true;
      return { code: 0 };
    };
    const inputs = [await rig.snapshot(base), await rig.snapshot(base)];
    assert.equal(await rig.reason({ op }, inputs), reason);
    assert.equal(ran, false);
  });

test('a secret that was not given and is not required is not there', async () => {
  await using rig = await OpRig.open();
  const secret = { type: 'secret', id: 's', target: '/s', required: false, mode: 0o400, ...me } as const;
  assert.deepEqual(await mounted(rig, [secret]), []);
});

/** A row may leave its file out. */
const secret: Extract<ExecMount, { type: 'secret' }> = {
  ...{ type: 'secret', id: 's', target: '/s' },
  ...{ required: true, mode: 0o400, uid: 0, gid: 0 },
};

const absent: Readonly<Record<string, readonly [more: Partial<typeof secret>, env: readonly string[]]>> = {
  'for the environment is empty there': [{ target: undefined, env: 'S' }, ['S=']],
  'for both is empty in the environment': [{ env: 'S' }, ['S=']],
  'for a file leaves the environment alone': [{}, []],
};
for (const [title, [more, env]] of Object.entries(absent))
  test(`a secret that was not given ${title}, and no file`, async () => {
    await using rig = await OpRig.open();
    let seen: unknown;
    rig.act = async ({ process }) => {
      const added = process.env.filter((one) => one.startsWith('S='));
      seen = { env: added, files: process.mounts.filter(({ target }) => target === '/s').length };
      return { code: 0 };
    };
    const mounts = [{ ...secret, required: false, ...more }];
    await rig.exec({ op: exec({ mounts }) }, [await rig.snapshot(base)]);
    assert.deepEqual(seen, { env, files: 0 });
  });

test('a step that fails says its status and its last lines, and leaves no layer', async () => {
  await using rig = await OpRig.open();
  rig.act = async ({ onOutput, rootfs }) => {
    await writeFile(join(rootfs, 'new'), '');
    await onOutput('stderr', 'first\nlast');
    return { code: 7 };
  };
  await assert.rejects(rig.exec({ op: exec() }, [await rig.snapshot(base)]), (error) => {
    const [failure] = failuresOf(error) ?? [];
    assert.equal(failure?.reason, 'run-failed');
    assert.match(JSON.stringify(failure), /\b7\b/);
    assert.match(JSON.stringify(failure), /first.*last/);
    return true;
  });
});

test('a step that fails for what this executor lacks is told so', async () => {
  await using rig = await OpRig.open();
  rig.act = async () => ({ code: 1 });
  const op = exec({ args: ['/bin/sh', '-c', 'mknod /dev/x c 1 3'] });
  await assert.rejects(rig.exec({ op }, [await rig.snapshot(base)]), (error) => {
    const [failure] = failuresOf(error) ?? [];
    return failure?.reason === 'run-failed' && failure.hint?.startsWith('if mknod failed: ') === true;
  });
});

const optional = (id: string): ExecMount => ({ type: 'secret', id, required: false, mode: 0o400, ...me });
const toNeither: Readonly<
  Record<string, readonly [given: readonly string[], hint: string | undefined, code?: number]>
> = {
  'a secret that was given': [['npm_token'], undefined],
  'a secret that was not given': [
    [],
    'if it needs the secret npm_token, which was not given: add --secret id=npm_token,src=FILE',
  ],
  'a secret that was given under another id': [
    ['other', 'npmtoken'],
    'if it needs the secret npm_token, which was not given: did you mean --secret id=npm_token instead of id=npmtoken?',
  ],
  'a program that is not there, and no secret': [
    [],
    'the command, the shell that runs it, or the interpreter in the first line of a script is not in the image; a script with CRLF line ends names one that is nowhere',
    127,
  ],
  'a program that may not be run': [
    ['npm_token'],
    'the command is there and cannot be run: make it executable, with COPY --chmod=755 or RUN chmod +x, or give it to its interpreter',
    126,
  ],
};
for (const [title, [given, hint, code = 1]] of Object.entries(toNeither))
  test(`a step that fails with ${title}`, async () => {
    await using rig = await OpRig.open();
    const file = join(rig.dir, 'secret');
    await writeFile(file, 'value');
    rig.act = async () => ({ code });
    const order = {
      op: exec({ mounts: [optional('npm_token')] }),
      secrets: Object.fromEntries(given.map((id) => [id, file])),
    };
    await assert.rejects(rig.exec(order, [await rig.snapshot(base)]), (error) => {
      const [failure] = failuresOf(error) ?? [];
      assert.deepEqual([failure?.reason, failure?.hint], ['run-failed', hint]);
      return true;
    });
  });

const endings: Readonly<Record<string, Act>> = {
  ends: async () => ({ code: 0 }),
  fails: async () => ({ code: 1 }),
  'cannot be started': async () => {
    throw new Error('no such thing');
  },
};
for (const [title, act] of Object.entries(endings))
  test(`the root of a step that ${title} is gone`, async () => {
    await using rig = await OpRig.open();
    let root = '';
    rig.act = async (order, signal) => {
      root = order.rootfs;
      assert.ok(existsSync(root));
      return act(order, signal);
    };
    await rig.exec({ op: exec() }, [await rig.snapshot(base)]).catch(() => undefined);
    assert.ok(root !== '' && !existsSync(root));
  });

test('an abort reaches the executor, and is what the step rejects with', async () => {
  await using rig = await OpRig.open();
  const stop = new AbortController();
  rig.act = async (_, signal) => {
    stop.abort(new Error('enough'));
    signal.throwIfAborted();
    return { code: 0 };
  };
  await assert.rejects(rig.exec({ op: exec() }, [await rig.snapshot(base)], stop.signal), /enough/);
});

const cache = { type: 'cache', id: 'c', target: '/c', sharing: 'shared', readonly: false } as const;
const keys: readonly [title: string, one: ExecOp, other: ExecOp, isSame: boolean][] = [
  ['the command', exec(), exec({ args: ['x'] }), false],
  ['the environment', exec(), exec({ env: ['PATH=/x'] }), false],
  ['the user', exec(), exec({ user: '1' }), false],
  ['the directory', exec(), exec({ cwd: '/' }), false],
  ['the platform', exec(), exec({ platform: { os: 'linux', architecture: 'arm64' } }), false],
  ['that there is no network', exec(), exec({ network: 'none' }), false],
  ['that it is the network of the machine', exec(), exec({ network: 'host' }), false],
  ['proxies', exec(), exec({ keylessEnv: ['http_proxy=x'] }), true],
  ['the epoch', exec(), exec({ epoch: 1 }), false],
  ['a mount', exec(), exec({ mounts: [cache] }), false],
  ['how a cache is shared', exec({ mounts: [cache] }), exec({ mounts: [{ ...cache, sharing: 'locked' }] }), true],
  ['the id of a cache', exec({ mounts: [cache] }), exec({ mounts: [{ ...cache, id: 'd' }] }), false],
  ['defaults of a cache', exec({ mounts: [cache] }), exec({ mounts: [{ ...cache, mode: 0o755, uid: 0 }] }), true],
  ['where a secret is', exec({ mounts: [secret] }), exec({ mounts: [{ ...secret, target: '/t' }] }), false],
];
for (const [title, one, other, isSame] of keys)
  test(`the key of a step ${isSame ? 'does not know' : 'knows'} ${title}`, async () => {
    await using rig = await OpRig.open();
    const below = await rig.snapshot(base);
    assert.equal((await rig.key({ op: one }, below)) === (await rig.key({ op: other }, below)), isSame);
  });

const settingKeys: Readonly<Record<string, readonly [one: Partial<ExecOp>, other: Partial<ExecOp>, isSame: boolean]>> =
  {
    'where a host is': [{ hosts: [{ name: 'a', ip: '192.0.2.1' }] }, { hosts: [{ name: 'a', ip: '192.0.2.2' }] }, true],
    'which hosts there are': [
      { hosts: [{ name: 'a', ip: '192.0.2.1' }] },
      { hosts: [{ name: 'b', ip: '192.0.2.1' }] },
      false,
    ],
    'that there is one more host': [{}, { hosts: [{ name: 'a', ip: '192.0.2.1' }] }, false],
    'its host name': [{}, { hostname: 'other' }, false],
    'the size of /dev/shm': [{ shmSize: 1 }, { shmSize: 2 }, false],
    'a limit': [{}, { ulimits: [{ name: 'nofile', soft: 1, hard: 2 }] }, false],
    'settings that nobody gave': [
      {},
      { hostname: undefined, hosts: undefined, shmSize: undefined, ulimits: undefined },
      true,
    ],
  };
for (const [title, [one, other, isSame]] of Object.entries(settingKeys))
  test(`the key of a step ${isSame ? 'does not know' : 'knows'} ${title}`, async () => {
    await using rig = await OpRig.open();
    assert.equal((await rig.key({ op: exec(one) })) === (await rig.key({ op: exec(other) })), isSame);
  });

const executorKeys: readonly [one: ExecutorName, other: ExecutorName, isSame: boolean][] = [
  ['namespaces', 'namespaces', true],
  ['chroot', 'chroot', true],
  ['namespaces', 'chroot', false],
];
for (const [one, other, isSame] of executorKeys)
  test(`what ${one} made is ${isSame ? '' : 'not '}found by ${other}`, async () => {
    await using rig = await OpRig.open();
    const below = await rig.snapshot(base);
    const keyBy = (name: ExecutorName) => {
      rig.isolationWords = keyWords[name];
      return rig.key({ op: exec() }, below);
    };
    assert.equal((await keyBy(one)) === (await keyBy(other)), isSame);
  });

test('a step in namespaces is keyed as it was before there was another executor', async () => {
  await using rig = await OpRig.open();
  rig.isolationWords = keyWords.namespaces;
  const owners = rig.layers.owners.areKept ? [] : ['one id'];
  const fields = ['exec', canonicalText({ ...exec(), network: 'host' }), ...owners];
  assert.equal(await rig.key({ op: exec() }), digestOfFields(fields));
});

test('the key of a step knows its base by its layers, and not what a secret holds', async () => {
  await using rig = await OpRig.open();
  const [one, same, other] = [await rig.snapshot(base), await rig.snapshot(base), await rig.snapshot([input('x', '')])];
  const key = (below: typeof one, secrets = {}) => rig.key({ op: exec({ mounts: [secret] }), secrets }, below);
  assert.equal(await key(one), await key(same));
  assert.notEqual(await key(one), await key(other));
  assert.equal(await key(one, { s: '/a' }), await key(one, { s: '/b' }));
});

/** What a step that fails does to its root → the lines of `changes`. */
const leftBehind: Readonly<
  Record<string, readonly [act: (root: string) => Promise<unknown>, lines: readonly string[]]>
> = {
  nothing: [async () => {}, []],
  'a new file': [(root) => writeFile(join(root, 'new'), ''), ['A /new']],
  'a file that is changed': [(root) => writeFile(join(root, 'd/file'), 'changed'), ['C /d', 'C /d/file']],
  'a file that is gone': [(root) => rm(join(root, 'd/file')), ['C /d', 'D /d/file']],
  'a name with an end of line': [(root) => writeFile(join(root, 'a\nD \\b'), ''), ['A /a\\012D \\134b']],
};
for (const [title, [act, lines]] of Object.entries(leftBehind))
  test(`what a failed step has left is kept: ${title}`, async () => {
    await using rig = await OpRig.open();
    rig.onFail = 'keep';
    const below = await rig.snapshot(base);
    rig.act = async ({ rootfs }) => {
      await act(rootfs);
      return { code: 3 };
    };
    const failed = await rig.exec({ op: exec() }, [below]).catch((error: unknown) => failuresOf(error)?.[0]);
    assert.ok(failed !== undefined && 'kept' in failed && typeof failed.kept === 'string');
    const changes = await readFile(join(failed.kept, 'changes'), 'utf8');
    assert.deepEqual(changes.split('\n').slice(0, -1), lines);
    assert.equal(await readFile(join(failed.kept, 'root/d/other'), 'utf8'), 'other');
    assert.equal(JSON.parse(await readFile(join(failed.kept, 'step.json'), 'utf8')).cwd, '/work');
    assert.equal((await stat(failed.kept)).mode & 0o777, 0o700);
  });

test('that the files of a failed step cannot be kept changes nothing about its failure', async () => {
  await using rig = await OpRig.open();
  rig.onFail = 'keep';
  rig.act = async () => {
    await rm(rig.store.paths.failedSteps, { recursive: true });
    await writeFile(rig.store.paths.failedSteps, '');
    return { code: 3 };
  };
  const step = { op: exec() };
  const failed = await rig.exec(step, [await rig.snapshot(base)]).catch((error: unknown) => failuresOf(error)?.[0]);
  assert.ok(failed !== undefined && 'reason' in failed);
  assert.deepEqual([failed.reason, failed.kept], ['run-failed', undefined]);
  assert.match(failed.details!.join('\n'), /^its files could not be kept: /);
});

test('without being asked nothing is kept', async () => {
  await using rig = await OpRig.open();
  rig.act = async () => ({ code: 3 });
  assert.equal(await rig.reason({ op: exec() }, [await rig.snapshot(base)]), 'run-failed');
  assert.deepEqual(await readdir(rig.store.paths.failedSteps), []);
});
