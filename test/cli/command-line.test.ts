import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import { commands } from '../../src/cli/commands.ts';
import type { Invocation } from '../../src/cli/invocation.ts';
import type { Option } from '../../src/cli/options/option.ts';
import { type OptionName, options, variableOf } from '../../src/cli/options.ts';
import { formatReference, type Reference } from '../../src/oci/reference.ts';
import type { Failure } from '../../src/result.ts';

const arm64 = { os: 'linux', architecture: 'arm64' };
const amd64 = { os: 'linux', architecture: 'amd64' };
const localhost = { host: 'localhost:5000', path: '' };

async function invocation(argv: readonly string[], env: Record<string, string> = {}): Promise<Invocation> {
  const parsed = await parseCommandLine(argv, env);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  assert.equal(parsed.value.kind, 'run');
  return (parsed.value as Extract<typeof parsed.value, { kind: 'run' }>).invocation;
}

async function reasons(argv: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const parsed = await parseCommandLine(argv, env);
  assert.ok(!parsed.ok, `${argv.join(' ')} was accepted`);
  return parsed.failure.map(({ reason }) => reason);
}

const defaults: [command: string, want: Partial<Record<OptionName, unknown>>][] = [
  ['build', { projectDir: '.', localRegistry: localhost, defaultPlatforms: [arm64, amd64], stopOnFirstError: true }],
  ['publish-locally', { projectDir: '.', localRegistry: localhost, defaultPlatforms: [arm64, amd64] }],
  [
    'build',
    { keepGoing: false, onlyLocalPlatform: false, dryRun: false, noCache: false, json: false, secret: [], ssh: [] },
  ],
  ['build', { platform: undefined, jobs: undefined, insecureRegistry: [], registryCa: undefined }],
  ['build', { progress: 'auto', color: 'auto', quiet: false, verbose: 0 }],
  ['publish --remote-registry r.example.com/group', { remoteRegistry: { host: 'r.example.com', path: 'group' } }],
  ['publish --remote-registry r.example.com', { defaultPlatforms: [arm64, amd64], stopOnFirstError: true }],
  ['upload-all-to-local-registry --remote-registry r.example.com', { projectDir: '.', localRegistry: localhost }],
  ['pull-latest-from-local-registry', { projectDir: '.', localRegistry: localhost }],
  ['pull-latest-from-remote-registry --remote-registry r.example.com', { projectDir: '.' }],
  ['cascade-version-updates', { projectDir: '.', check: false }],
  ['graph', { format: 'tree' }],
  ['pull', { from: 'local' }],
  ['registry serve', { addr: { host: '127.0.0.1', port: 5000 }, storage: undefined }],
];
for (const [line, want] of defaults) {
  test(`without options: ${line} has ${Object.keys(want).join(', ')}`, async () => {
    const { options } = await invocation(line.split(' '));
    assert.deepEqual(pick(options, Object.keys(want)), want);
  });
}

const given: [title: string, argv: string[], want: Partial<Record<OptionName, unknown>>][] = [
  ['value after a space', ['--project-dir', 'a/b'], { projectDir: 'a/b' }],
  ['value after =', ['--project-dir=a=b'], { projectDir: 'a=b' }],
  ['the last one wins', ['--project-dir=a', '-C', 'b'], { projectDir: 'b' }],
  ['short and glued number', ['-j4'], { jobs: 4 }],
  ['short ones in a group', ['-kn'], { keepGoing: true, dryRun: true }],
  ['short and glued path', ['-C../h'], { projectDir: '../h' }],
  ['short and glued with =', ['-C=h'], { projectDir: 'h' }],
  ['short, after a space', ['-C', 'h'], { projectDir: 'h' }],
  ['a value at the end of a group', ['-kvj3'], { keepGoing: true, verbose: 1, jobs: 3 }],
  ['a value after a group', ['-kvC', 'there'], { keepGoing: true, verbose: 1, projectDir: 'there' }],
  ['a value that looks like a group', ['-Cknqh'], { projectDir: 'knqh', keepGoing: false, quiet: false }],
  ['a short one that is off', ['-k=no'], { keepGoing: false }],
  ['flags in a group', ['-qv'], { quiet: true, verbose: 1 }],
  ['counted', ['-vv', '-v'], { verbose: 3 }],
  ['-v alone', ['-v'], { verbose: 1 }],
  ['=false', ['--stop-on-first-error=false'], { stopOnFirstError: false }],
  ['=NO', ['--stop-on-first-error=NO'], { stopOnFirstError: false }],
  ['--no-', ['--no-stop-on-first-error'], { stopOnFirstError: false }],
  ['--no- and back', ['--no-stop-on-first-error', '--stop-on-first-error'], { stopOnFirstError: true }],
  ['there and --no-', ['--stop-on-first-error', '--no-stop-on-first-error'], { stopOnFirstError: false }],
  ['a name that begins with no-', ['--no-cache'], { noCache: true }],
  ['a name that begins with no-, =false', ['--no-cache=false'], { noCache: false }],
  ['--no-color', ['--no-color'], { color: 'never' }],
  [
    'platforms keep their order',
    ['--platform=linux/s390x,linux/amd64'],
    { platform: [{ os: 'linux', architecture: 's390x' }, amd64] },
  ],
  [
    'platforms once each, trimmed, normalised',
    ['--default-platforms', ' linux/amd64 , linux/x86_64,arm64'],
    { defaultPlatforms: [amd64, arm64] },
  ],
  [
    'a registry with scheme and slash',
    ['--local-registry', 'http://r.example.com:5000/'],
    { localRegistry: { host: 'r.example.com:5000', path: '', scheme: 'http' } },
  ],
  ['repeatable', ['--insecure-registry=a:1', '--insecure-registry', 'b:2'], { insecureRegistry: ['a:1', 'b:2'] }],
  [
    'secrets',
    [
      '--secret',
      'id=npm,src=.npmrc',
      '--secret=src=b,id=a',
      '--secret=id=c',
      '--secret=id=d,env=D',
      '--secret=id=e,type=env,src=E',
    ],
    {
      secret: [
        { id: 'npm', src: '.npmrc' },
        { id: 'a', src: 'b' },
        { id: 'c' },
        { id: 'd', env: 'D' },
        { id: 'e', env: 'E' },
      ],
    },
  ],
];
for (const [title, argv, want] of given) {
  test(`options: ${title}: ${argv.join(' ')}`, async () => {
    const before = await invocation([...argv, 'build']);
    const after = await invocation(['build', ...argv]);
    assert.deepEqual(pick(after.options, Object.keys(want)), want);
    assert.deepEqual(before, after);
  });
}

/** What takes a value takes the rest of the word, as with docker, make and tar. */
const glued: [argv: string[], want: Partial<Record<OptionName, unknown>>][] = [
  [['-twhoami', '--push'], { tag: ['docker.io/library/whoami:latest'], push: true }],
  [['-thello'], { tag: ['docker.io/library/hello:latest'] }],
  [['-tlocalhost:5918/foo:1'], { tag: ['localhost:5918/foo:1'] }],
  [['-t=foo'], { tag: ['docker.io/library/foo:latest'] }],
  [['-tfoo', '-tch'], { tag: ['docker.io/library/foo:latest', 'docker.io/library/ch:latest'] }],
  [['-vt', 'name'], { tag: ['docker.io/library/name:latest'], verbose: 1 }],
  [['-qvtname'], { tag: ['docker.io/library/name:latest'], quiet: true, verbose: 1 }],
  [['-fDockerfile'], { file: 'Dockerfile' }],
  [['-f-'], { file: '-' }],
  [['-otype=oci,dest=hh.tar'], { output: [{ type: 'oci', dest: 'hh.tar', tar: true }] }],
];
for (const [argv, want] of glued) {
  test(`short options: build-image . ${argv.join(' ')}`, async () => {
    const before = await invocation(['build-image', ...argv, '.']);
    const after = await invocation(['build-image', '.', ...argv]);
    const { tag, ...rest } = pick(after.options, Object.keys(want));
    const names = want['tag'] === undefined ? {} : { tag: (tag as Reference[]).map(formatReference) };
    assert.deepEqual([{ ...rest, ...names }, after.positionals], [want, ['.']]);
    assert.deepEqual(before, after);
  });
}

const commandNames: [typed: string, want: string][] = [
  ['build', 'build'],
  ['BUILD', 'build'],
  ['Cascade', 'cascade-version-updates'],
  ['mirror --remote-registry=r.example.com', 'upload-all-to-local-registry'],
  ['registry serve', 'registry serve'],
  ['Registry SERVE', 'registry serve'],
];
for (const [typed, want] of commandNames) {
  test(`commands: ${typed} is ${want}`, async () => assert.equal((await invocation(typed.split(' '))).command, want));
}

test('positionals are selectors, wherever they stand', async () => {
  const { positionals } = await invocation(['build', 'jq', '-k', '*-dev', '--jobs', '2', '+x+']);
  assert.deepEqual(positionals, ['jq', '*-dev', '+x+']);
});

test('what follows -- is for the build, whatever it looks like', async () => {
  const { positionals, buildArguments } = await invocation(['build', 'jq', '--', '--build-arg', 'K=V', '-h', '--']);
  assert.deepEqual(
    { positionals, buildArguments },
    { positionals: ['jq'], buildArguments: ['--build-arg', 'K=V', '-h', '--'] },
  );
});

test('the environment gives what the line does not', async () => {
  const env = {
    CIP_JOBS: '3',
    CIP_KEEP_GOING: '1',
    CIP_LOCAL_REGISTRY: 'r:1',
    CIP_PLATFORM: '',
    CIP_INSECURE_REGISTRY: 'a:1, b:2',
  };
  const { options, explicit } = await invocation(['build', '--local-registry', 'r:2'], env);
  const { jobs, keepGoing, localRegistry, platform, insecureRegistry } = options;
  assert.deepEqual(
    { jobs, keepGoing, localRegistry, platform, insecureRegistry },
    {
      jobs: 3,
      keepGoing: true,
      localRegistry: { host: 'r:2', path: '' },
      platform: undefined,
      insecureRegistry: ['a:1', 'b:2'],
    },
  );
  assert.deepEqual([...explicit].sort(), ['insecureRegistry', 'jobs', 'keepGoing', 'localRegistry']);
});

test('a required option may come from the environment', async () => {
  const { options } = await invocation(['publish'], { CIP_REMOTE_REGISTRY: 'r.example.com' });
  assert.deepEqual(options.remoteRegistry, { host: 'r.example.com', path: '' });
});

const help: [title: string, argv: string[], command: string | undefined][] = [
  ['help', ['help'], undefined],
  ['-h', ['-h'], undefined],
  ['--HELP', ['--HELP'], undefined],
  ['-H', ['-H'], undefined],
  ['help of a command', ['help', 'publish'], 'publish'],
  ['help of an alias', ['help', 'CASCADE'], 'cascade-version-updates'],
  ['help of two words', ['help', 'registry', 'serve'], 'registry serve'],
  ['help of a first word', ['help', 'registry'], 'registry serve, registry ls, registry rm'],
  ['help of a first word in capitals', ['help', 'Registry'], 'registry serve, registry ls, registry rm'],
  ['a first word with --help', ['registry', '--help'], 'registry serve, registry ls, registry rm'],
  ['-h and a first word', ['-h', 'registry'], 'registry serve, registry ls, registry rm'],
  ['help with --help', ['help', 'build', '--help'], 'build'],
  ['help help', ['help', 'help'], undefined],
  ['beats an unknown option', ['publish', '--bogus', '-h'], 'publish'],
  ['beats a missing option', ['publish', '--help'], 'publish'],
  ['beats a bad value', ['build', '--jobs=none', '--help'], 'build'],
  ['before the command', ['-h', 'build'], 'build'],
  ['beats an unknown command', ['bild', '-h'], undefined],
  ['in a group', ['build', '-kh'], 'build'],
];
for (const [title, argv, command] of help) {
  test(`help: ${title}: ${argv.join(' ')}`, async () => {
    const parsed = await parseCommandLine(argv, {});
    assert.ok(parsed.ok && parsed.value.kind === 'help');
    assert.deepEqual(
      parsed.value.commands.map(({ name }) => name),
      command === undefined ? [] : command.split(', '),
    );
  });
}

const versions: [title: string, argv: string[], isVersion: boolean][] = [
  ['in full', ['--version'], true],
  ['with a command', ['build', '--version'], true],
  ['as a word', ['version'], true],
  ['as a word of another case', ['Version'], true],
  ['in short', ['-v'], true],
  ['more is verbosity, which needs a command', ['-vv'], false],
  ['in short, with a command', ['check', '-v'], false],
  ['a word too many', ['version', 'build'], false],
  ['a word, and an option that does not exist', ['version', '--bogus'], false],
];
for (const [title, argv, isVersion] of versions) {
  test(`version: ${title}: ${argv.join(' ')}`, async () => {
    const parsed = await parseCommandLine(argv, {});
    assert.equal(parsed.ok && parsed.value.kind === 'version', isVersion);
  });
}

const optionSlips: [argv: string[], hint: string][] = [
  [['--verison'], 'did you mean --version?'],
  [['--hlep'], 'did you mean --help?'],
  [['--keep-gong'], 'did you mean --keep-going?'],
  [['build', '--verison'], 'did you mean --version?'],
];
for (const [argv, hint] of optionSlips) {
  test(`a slip in an option is all that is told: ${argv.join(' ')}`, async () => {
    const parsed = await parseCommandLine(argv, {});
    assert.deepEqual(parsed.ok || parsed.failure.map((failure) => [failure.reason, failure.hint]), [
      ['unknown-option', hint],
    ]);
  });
}

test('-h after -- is not a request for help', async () => {
  assert.deepEqual((await invocation(['build', '--', '-h'])).buildArguments, ['-h']);
});

const mistakes: [title: string, argv: string[], want: string[]][] = [
  ['no command', [], ['missing-command']],
  ['no command, and a bad option', ['--bogus'], ['missing-command', 'unknown-option']],
  ['unknown command', ['bild'], ['unknown-command']],
  ['half a command', ['registry'], ['unknown-command']],
  ['help of an unknown command', ['help', 'bild'], ['unknown-command']],
  ['unknown options', ['build', '--bogus', '-x'], ['unknown-option', 'unknown-option']],
  ['an unknown short option with what may be its value', ['build', '-Dhello'], ['unknown-option']],
  ['an unknown short option in a group', ['build', '-kxh'], ['unknown-option']],
  ['a glued value that is wrong', ['build-image', '.', '-otype=hello'], ['invalid-option-value']],
  ['a glued value that is empty', ['build-image', '.', '-t='], ['option-without-value']],
  ['a short option that is perhaps on', ['build', '-k=perhaps'], ['invalid-option-value']],
  ['no value at the end of a group', ['build-image', '.', '-vt'], ['option-without-value']],
  ['an option of another command', ['build', '--from=local'], ['option-of-other-command']],
  ['missing option', ['publish'], ['missing-option']],
  ['missing value', ['build', '--project-dir'], ['option-without-value']],
  ['missing value before an option', ['build', '--project-dir', '--json'], ['option-without-value']],
  ['missing value of a list', ['build', '--secret'], ['option-without-value']],
  ['empty value', ['build', '--default-platforms='], ['option-without-value']],
  ['all at once', ['publish', '--foo', '--project-dir'], ['unknown-option', 'option-without-value', 'missing-option']],
  ['malformed platform', ['build', '--platform=linux/amd64,,x/y'], ['invalid-option-value']],
  ['unsupported platform', ['build', '--platform=windows/amd64'], ['invalid-option-value']],
  [
    'unsupported default',
    ['publish', '--remote-registry=ghcr.io/x', '--default-platforms=linux/arm64,windows/amd64'],
    ['invalid-option-value'],
  ],
  ['malformed registry', ['build', '--local-registry=ftp://x'], ['invalid-option-value']],
  ['no number', ['build', '-j', 'many'], ['invalid-option-value']],
  ['too small', ['build', '-j0'], ['invalid-option-value']],
  ['half a toggle', ['build', '--json=perhaps'], ['invalid-option-value']],
  ['no such mode', ['build', '--progress=fancy'], ['invalid-option-value']],
  ['a host without an address', ['build-image', '.', '--add-host=db'], ['invalid-option-value']],
  ['a host at no address', ['build-image', '.', '--add-host=db:192.0.2'], ['invalid-option-value']],
  ['a host at the gateway', ['build-image', '.', '--add-host=db:host-gateway'], ['invalid-option-value']],
  ['a host of no name', ['build-image', '.', '--add-host=a b:192.0.2.7'], ['invalid-option-value']],
  ['no host name', ['build-image', '.', '--hostname=a b'], ['invalid-option-value']],
  ['a long host name', ['build-image', '.', `--hostname=${'x'.repeat(65)}`], ['invalid-option-value']],
  ['no network', ['build-image', '.', '--network=bridge'], ['invalid-option-value']],
  ['no size', ['build-image', '.', '--shm-size=big'], ['invalid-option-value']],
  ['a size of nothing', ['build-image', '.', '--shm-size=0'], ['invalid-option-value']],
  ['a limit that there is not', ['build-image', '.', '--ulimit=files=1'], ['invalid-option-value']],
  ['a limit of what would end cip itself', ['build-image', '.', '--ulimit=as=1'], ['invalid-option-value']],
  ['a limit without a number', ['build-image', '.', '--ulimit=nofile'], ['invalid-option-value']],
  ['a soft limit above the hard one', ['build-image', '.', '--ulimit=nofile=2:1'], ['invalid-option-value']],
  ['no soft limit and a hard one', ['build-image', '.', '--ulimit=nofile=-1:1'], ['invalid-option-value']],
  ['no id of an agent', ['build', '--ssh==key'], ['invalid-option-value']],
  ['an agent twice', ['build', '--ssh=a', '--ssh=a=key'], ['invalid-option-value']],
  ['half a secret', ['build', '--secret=src=a'], ['invalid-option-value']],
  ['no secret', ['build', '--secret=foo'], ['invalid-option-value']],
  ['a secret of both', ['build', '--secret=id=a,src=b,env=c'], ['invalid-option-value']],
  ['a secret with more', ['build', '--secret=id=a,src=b,mode=4'], ['invalid-option-value']],
  ['address without port', ['registry', 'serve', '--addr=localhost'], ['invalid-option-value']],
  ['contradiction', ['build', '-k', '--stop-on-first-error'], ['contradictory-options']],
  ['argument where none is taken', ['check', 'jq'], ['unexpected-argument']],
  ['-- where no project is read', ['doctor', '--', '--pull'], ['arguments-after-dashes']],
  ['no such shell', ['completion', 'tcsh'], ['unknown-shell']],
];
for (const [title, argv, want] of mistakes) {
  test(`mistakes: ${title}: ${argv.join(' ')}`, async () => assert.deepEqual(await reasons(argv), want));
}

test('mistakes: a bad value in the environment', async () => {
  assert.deepEqual(await reasons(['build'], { CIP_JOBS: 'x' }), ['invalid-option-value']);
});

const variables = (Object.keys(options) as OptionName[]).flatMap((name) => {
  const variable = variableOf(name);
  const command = commands.find((one) => one.options.includes(name));
  return variable === undefined || command === undefined ? [] : [{ name, variable, command }];
});
for (const { name, variable, command } of variables) {
  test(`mistakes: ${variable}=: has a message with its place and what to do`, async () => {
    const env = { CIP_REMOTE_REGISTRY: 'r.example.com', [variable]: 'maybe:-:' };
    const parsed = await parseCommandLine(command.name.split(' '), env);
    const { kind }: Option = options[name];
    // Any text may be a path, or the name of a host.
    if (parsed.ok) return assert.ok(['projectDir', 'registryCa', 'insecureRegistry', 'trace'].includes(name));
    const [{ reason, message, hint = '' }] = parsed.failure as [Failure];
    assert.equal(reason, 'invalid-option-value');
    assert.ok(message.startsWith(`${variable} can't be "maybe:-:": `) && !/Invalid|undefined/.test(message), message);
    if (kind === 'boolean') assert.equal(hint, `set ${variable} to true or false, or unset it`);
    assert.notEqual(hint, '');
  });
}

for (const { name } of commands) {
  const [first = ''] = name.split(' ');
  test(`help: every command has its help: ${name}`, async () => {
    for (const argv of [
      ['help', ...name.split(' ')],
      [...name.split(' '), '--help'],
      ['help', first],
    ]) {
      const parsed = await parseCommandLine(argv, {});
      assert.ok(parsed.ok && parsed.value.kind === 'help');
      const names = parsed.value.commands.map((command) => command.name);
      assert.deepEqual(names.includes(name), name !== 'help', argv.join(' '));
    }
  });
}

const slips: [argv: string[], hint: string][] = [
  [['biuld'], 'did you mean cip build?'],
  [['publsh'], 'did you mean cip publish?'],
  [['registry'], 'commands are: cip registry serve, cip registry ls, cip registry rm'],
  [['registry', 'sreve'], 'did you mean cip registry serve?'],
  [['help', 'registry', 'sreve'], 'did you mean cip registry serve?'],
  [['help', 'biuld'], 'did you mean cip build?'],
  [['help', 'frobnicate'], 'run cip help for a list of commands'],
  [['build', '--projct-dir=x'], 'did you mean --project-dir?'],
  [['build', '--keep-goin'], 'did you mean --keep-going?'],
  [['build-image', '.', '-push'], 'did you mean --push?'],
  [['build', '-keep-going'], 'did you mean --keep-going?'],
  [['build', '--ssh=a='], 'write --ssh a, or --ssh default=FILE'],
  [['build', '--ssh=a', '--ssh=a=b'], 'give each id once, with all of its keys: --ssh a=FILE,FILE'],
  [['build', '--secret=foo'], 'write --secret id=ID,src=FILE'],
  [['build', '--secret=id=a,type=file'], 'write --secret id=a,src=FILE'],
  [['build', '--secret=id=a,src=b,env=c'], 'write --secret id=a,env=c'],
  [['frobnicate'], 'run cip help for a list of commands'],
];
for (const [argv, hint] of slips) {
  test(`slips: ${argv.join(' ')}: ${hint}`, async () => {
    const parsed = await parseCommandLine(argv, {});
    assert.ok(!parsed.ok);
    assert.deepEqual(
      parsed.failure.map((failure) => failure.hint),
      [hint],
    );
    for (const { message } of parsed.failure) assert.doesNotMatch(message, /undefined|Invalid input/);
  });
}

function pick(values: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, (values as Record<string, unknown>)[name]]));
}
