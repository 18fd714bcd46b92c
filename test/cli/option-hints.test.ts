/** Options that are given as other tools have them: what to write instead, so that whoever writes that is done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../../src/cli/command-line.ts';

const value = 'invalid-option-value';
const instead = (text: string) => `write --output type=oci,dest=${text}`;

/** Words → `reason: fix` of each mistake. */
const rows: Readonly<Record<string, readonly [words: readonly string[], ...want: string[]]>> = {
  'an output that is a file': [['-o', 'out.tar'], `${value}: ${instead('out.tar')}`],
  'an output that is a path': [['-o', './a/out.tar'], `${value}: ${instead('./a/out.tar')}`],
  'an output that is a type': [['-o', 'oci'], `${value}: ${instead('image.tar')}`],
  'an output without a place': [['-o', 'type=oci'], `${value}: ${instead('image.tar')}`],
  'an output without a type': [['-o', 'dest=x.tar'], `${value}: ${instead('x.tar')}`],
  'an output for docker load': [['-o', 'type=docker,dest=x.tar'], `${value}: ${instead('x.tar')}`],
  'an output of files': [['-o', 'type=local,dest=x'], `${value}: ${instead('x,tar=false')}`],
  'an output to a registry': [['-o', 'type=registry'], `${value}: write --push to push the image under its --tag`],
  'an output to nowhere': [['-o', 'type=oci,dest='], `${value}: ${instead('image.tar')}`],
  'an output to standard output': [['-o', 'type=oci,dest=-'], `${value}: ${instead('image.tar')}`],
  'an output with more': [['-o', 'type=oci,dest=x,compression=zstd'], `${value}: ${instead('x')}`],
  'an output that is perhaps a tar': [['-o', 'type=oci,dest=x,tar=maybe'], `${value}: ${instead('x')}`],
  'an output that is right': [['-o', 'type=oci,dest=x,tar=false']],
  'a secret of the environment': [['--secret', 'id=x,env=TOKEN'], `${value}: write --secret id=x,src=FILE`],
  'a secret without a file': [['--secret', 'id=x'], `${value}: write --secret id=x,src=FILE`],
  'a secret without an id': [['--secret', 'src=f'], `${value}: write --secret id=ID,src=f`],
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

const projectRows: Readonly<Record<string, readonly [words: string, ...want: string[]]>> = {
  'a build argument': [
    'build --build-arg A=x',
    'option-of-other-command: write it after --: cip build -- --build-arg A=x',
  ],
  'two build arguments and a target': [
    'plan build --build-arg A=x --build-arg B=y --target c',
    'option-of-other-command: write it after --: cip plan -- --build-arg A=x --build-arg B=y',
    'option-of-other-command: write it after --: cip plan -- --target c',
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
