/** Options that are given as other tools have them: what to write instead, so that whoever writes that is done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import { commands } from '../../src/cli/commands.ts';
import { dockerOptions } from '../../src/cli/docker-options.ts';
import { flagOf, type OptionName, options } from '../../src/cli/options.ts';

const nameOfFlag = new Map((Object.keys(options) as OptionName[]).map((name) => [flagOf(name), name]));

const value = 'invalid-option-value';
const instead = (text: string) => `write --output type=oci,dest=${text}`;

/** Words → `reason: fix` of each mistake. */
const rows: Readonly<Record<string, readonly [words: readonly string[], ...want: string[]]>> = {
  'an output that is a directory of files': [['-o', 'out']],
  'an output for Docker itself': [['-o', 'type=docker']],
  'an output for Docker itself, compressed': [
    ['-o', 'type=docker,compression=zstd'],
    `${value}: write --output type=docker,dest=image.tar`,
  ],
  'an output without a place': [['-o', 'type=oci'], `${value}: ${instead('image.tar')}`],
  'an output without a type': [['-o', 'dest=x.tar'], `${value}: ${instead('x.tar')}`],
  'an output of no type': [['-o', 'type=,dest=x.tar'], `${value}: ${instead('x.tar')}`],
  'an output of another type': [['-o', 'type=ship,dest=x.tar'], `${value}: ${instead('x.tar')}`],
  'an output of a type of objects': [['-o', 'type=constructor,dest=x.tar'], `${value}: ${instead('x.tar')}`],
  'an output for docker load': [['-o', 'type=docker,dest=x.tar']],
  'an output of files': [['-o', 'type=local,dest=x']],
  'an output to a registry': [['-o', 'type=registry,name=example.com/x:1']],
  'an output to nowhere': [['-o', 'type=oci,dest='], `${value}: ${instead('image.tar')}`],
  'an output to standard output': [['-o', 'type=oci,dest=-']],
  'a directory to standard output': [['-o', 'type=oci,dest=-,tar=false'], `${value}: ${instead('-')}`],
  'the files to standard output': [['-o', '-']],
  'the files to standard output, at length': [['--output=type=tar,dest=-']],
  'a directory of files to standard output': [['-o', 'type=local,dest=-'], `${value}: write --output type=tar,dest=-`],
  'the files as a tar': [['--output=type=tar,dest=x.tar']],
  'the files to nowhere': [['--output=type=tar'], `${value}: write --output type=tar,dest=image.tar`],
  'files of a name': [['-o', 'type=tar,dest=x,name=y'], `${value}: write --output type=tar,dest=x`],
  'files of all platforms in one place': [['-o', 'type=local,dest=x,platform-split=false']],
  'a directory that is emptied': [['-o', 'type=local,dest=x,mode=delete']],
  'a tar that is emptied': [['-o', 'type=tar,dest=x,mode=delete'], `${value}: write --output type=tar,dest=x`],
  'a directory that is mirrored': [
    ['-o', 'type=local,dest=x,mode=mirror'],
    `${value}: write --output type=local,dest=x,mode=delete`,
  ],
  'an output with more': [['-o', 'type=oci,dest=x,store=true'], `${value}: ${instead('x')}`],
  'an output with more, and with several names': [
    ['-o', 'type=oci,dest=x,"name=a,b",store=true'],
    `${value}: write --output type=oci,dest=x,"name=a,b"`,
  ],
  'an output that is perhaps a tar': [['-o', 'type=oci,dest=x,tar=maybe'], `${value}: ${instead('x')}`],
  'an output that is right': [['-o', 'type=oci,dest=x,tar=false']],
  'an output as BuildKit has it': [
    [
      '-o',
      'type=docker,dest=x,tar=0,oci-mediatypes=f,compression=gzip,compression-level=9,force-compression=TRUE,rewrite-timestamp=1',
    ],
  ],
  'an output with a compression that cip has not': [
    ['-o', 'type=oci,dest=x,compression=estargz'],
    `${value}: write compression=zstd, or leave it out for gzip`,
  ],
  'an output with a level of nothing': [
    ['-o', 'type=oci,dest=x,compression=uncompressed,compression-level=1'],
    `${value}: leave it out, or write compression=gzip`,
  ],
  'an output with a level that gzip has not': [
    ['-o', 'type=oci,dest=x,compression-level=10'],
    `${value}: write compression-level=9, or leave it out`,
  ],
  'an output with the highest level of zstd': [['-o', 'type=oci,dest=x,compression=zstd,compression-level=22']],
  'an output with a level that is no number': [
    ['-o', 'type=oci,dest=x,compression-level=fast'],
    `${value}: write compression-level=9, or leave it out`,
  ],
  'an output of Docker with zstd': [
    ['-o', 'type=docker,dest=x,oci-mediatypes=false,compression=zstd'],
    `${value}: leave oci-mediatypes=false out, or use gzip`,
  ],
  'an output with times as they are': [['-o', 'type=oci,dest=x,rewrite-timestamp=false'], `${value}: leave it out`],
  'an output with a digest for a name': [
    ['-o', `type=registry,name=x@sha256:${'0'.repeat(64)}`],
    `${value}: write name=NAME:TAG`,
  ],
  'an output with a name in upper case': [
    ['-o', 'type=registry,name=X'],
    `${value}: only the host and the tag may have them; write the repository in lower case`,
  ],
  'a secret of the environment': [['--secret', 'id=x,env=TOKEN']],
  'a secret of the environment by its type': [['--secret', 'id=x,type=env,src=TOKEN']],
  'a secret of both': [['--secret', 'id=x,env=TOKEN,src=f'], `${value}: write --secret id=x,env=TOKEN`],
  'a secret of its id': [['--secret', 'id=x']],
  'a secret without an id': [['--secret', 'src=f'], `${value}: write --secret id=ID,src=f`],
  'a secret as docker has it': [['--secret', 'id=x,source=f']],
  'a secret of a type': [['--secret', 'type=file,id=x,source=f']],
  'a secret with more': [['--secret', 'id=x,source=f,mode=0400'], `${value}: write --secret id=x,src=f`],
  'a secret twice': [['--secret', 'id=x,src=f', '--secret', 'id=x,source=f']],
  'a secret with two files': [['--secret', 'id=x,src=f', '--secret', 'id=x,src=g'], `${value}: give each id once`],
  'two targets': [['--target', 'a', '--target=b'], 'option-repeated: give it once'],
  'a target twice': [['--target', 'a', '--target=a']],
  'two Dockerfiles': [['-f', 'a', '--file=b'], 'option-repeated: give it once'],
  'standard input as well': [['-'], 'unexpected-argument: write --file - to read the Dockerfile from standard input'],
};
for (const [title, [words, ...want]] of Object.entries(rows)) {
  test(`build-image: ${title}`, async () => {
    const mistakes = await mistakesOf(['build-image', '.', ...words]);
    assert.deepEqual(mistakes, want);
    // What is to be written is right, or says nothing that is a circle.
    for (const hint of want.map((one) => / write (--(?:output|secret) \S+=\S+)$/.exec(one)?.[1]))
      if (hint !== undefined) assert.deepEqual(await mistakesOf(['build-image', '.', ...hint.split(' ')]), []);
  });
}

for (const [typed, instead] of dockerOptions) {
  test(`build-image ${typed} is no slip, and has a hint of its own`, async () => {
    for (const words of [[typed], [typed, 'x']]) {
      const mistakes = await mistakesOf(['build-image', '.', ...words]);
      assert.deepEqual(mistakes, [`unknown-option: ${instead}`]);
    }
    const elsewhere = await mistakesOf(['build', typed]);
    assert.deepEqual(elsewhere, ['unknown-option: run cip build --help for a list of options']);
  });

  test(`build-image has every option that the hint of ${typed} names`, async () => {
    assert.equal(nameOfFlag.has(typed.slice(2)), false);
    const named = instead.replace(/RUN --\S+|COPY --\S+|systemd-run --\S+/g, '').match(/--[a-z-]+/g) ?? [];
    const { options: own } = commands.find(({ name }) => name === 'build-image')!;
    for (const flag of named) assert.ok(own.includes(nameOfFlag.get(flag.slice(2))!), flag);
  });
}

test('the options of docker build that people give most have a hint', () => {
  const words = `pull builder
    provenance sbom attest rm compress memory call`;
  for (const word of words.split(/\s+/)) assert.ok(dockerOptions.has(`--${word}`), word);
});

/** Words → what is said to be wrong. */
const problems: Readonly<Record<string, string>> = {
  'id=x,source=f,mode=0400': 'it can have id, src, env and type, not mode',
  'id=x,src=f,type=env,env=g': 'it is a file or a variable, not both',
  'id=x,env=f,type=file': 'it is a file or a variable, not both',
  'id=x,src=f,type=fil': 'the type is file or env, not fil',
  'id=x,type=file': 'it needs the file',
  'id=x,type=env': 'it needs the variable',
  'src=x': 'it needs the id of the secret',
};
for (const [secret, want] of Object.entries(problems)) {
  test(`--secret ${secret}: ${want}`, async () => {
    const line = await parseCommandLine(['build', `--secret=${secret}`], {});
    assert.deepEqual(line.ok || line.failure.map(({ message }) => message), [`--secret can't be "${secret}": ${want}`]);
  });
}

const projectRows: Readonly<Record<string, readonly [words: string, ...want: string[]]>> = {
  'a build argument': [
    'build --build-arg A=x',
    'option-of-other-command: write it after --: cip build -- --build-arg A=x',
  ],
  'two build arguments and a target': [
    'plan build --build-arg A=x --build-arg B=y --target c',
    'option-of-other-command: write it after --: cip plan build -- --build-arg A=x --build-arg B=y',
    'option-of-other-command: write it after --: cip plan build -- --target c',
  ],
  'a build argument where nothing is built': [
    'doctor --build-arg A=x',
    'option-of-other-command: it is one of: cip build-image',
  ],
};
for (const [title, [words, ...want]] of Object.entries(projectRows)) {
  test(`${title} before the dashes`, async () => assert.deepEqual(await mistakesOf(words.split(' ')), want));
}

async function mistakesOf(words: readonly string[]): Promise<readonly string[]> {
  const line = await parseCommandLine(words, {});
  return line.ok ? [] : line.failure.map(({ reason, hint }) => `${reason}: ${hint}`);
}
