/** The oracles hold for small cases; what makes each of them object is in test/mutants/faults/oracles.ts. */
import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { readCase } from './case.ts';
import type { Identity } from './identity.ts';
import { type Oracle, objections } from './oracle.ts';

const options = needs('linux', 'root', 'user namespaces', 'busybox', 'setpriv', 'useradd', 'newuidmap', 'taskset');

interface Small {
  readonly oracle: Oracle;
  readonly dockerfile: string;
  readonly script: string;
  readonly identity?: Identity;
  /** See `neighboursOf()` and `changeContext()`. */
  readonly choice?: number;
}

const running = [
  'FROM scratch',
  'COPY busybox /bin/sh',
  // In two builds the times of what it makes are never the same second.
  'RUN mkdir /t && echo one > /t/f && hostname > /t/h && sleep 1',
  '',
].join('\n');
const withBusybox = 'cp "$(command -v busybox)" busybox';
const copying = 'FROM scratch\nCOPY --chmod=600 d /d/\nCOPY . /\nLABEL a=b\n';
const files = 'mkdir d && echo x > d/x && ln d/x d/y && ln -s x d/z && echo y > y && chmod 755 y';

const cases: Readonly<Record<string, Small>> = {
  'consume, of a RUN': { oracle: 'consume', dockerfile: running, script: withBusybox },
  'consume, of a COPY': { oracle: 'consume', dockerfile: copying, script: files },
  'consume, of a user': { oracle: 'consume', dockerfile: running, script: withBusybox, identity: 'user' },
  'consume, in a chroot': { oracle: 'consume', dockerfile: running, script: withBusybox, identity: 'chroot' },
  'determinism, of a RUN': { oracle: 'determinism', dockerfile: running, script: withBusybox },
  'determinism, of a COPY': { oracle: 'determinism', dockerfile: copying, script: files },
  'shape, of a COPY': { oracle: 'shape', dockerfile: copying, script: files },
  'shape, of a context with an ignore file': {
    oracle: 'shape',
    dockerfile: 'FROM scratch\nCOPY . /\n',
    script: `${files} && printf 'd/x\\n!y\\n' > .dockerignore`,
  },
  // In the Dockerfile: a line without its option; in the context: another content of d/x.
  'collision, of an option and a content': { oracle: 'collision', dockerfile: copying, script: files, choice: 1 + 0 },
  // The mode of the option; the mode of a file.
  'collision, of a mode': {
    oracle: 'collision',
    dockerfile: 'FROM scratch\nCOPY --chmod=600 a /\n',
    script: 'echo a > a; echo b > b',
    choice: 2,
  },
  'collision, of a command': {
    oracle: 'collision',
    dockerfile: 'FROM scratch\nCOPY busybox /bin/sh\nRUN echo one > /f\n',
    script: withBusybox,
    choice: 4,
  },
};

for (const [title, { oracle, dockerfile, script, identity = 'root', choice }] of Object.entries(cases)) {
  test(`oracles: ${title}`, options, async () => {
    await using directory = await tempDir();
    await chmod(directory.path, 0o755);
    const folder = join(directory.path, 'case');
    const scratch = join(directory.path, 'scratch');
    for (const one of [folder, scratch]) await mkdir(one);
    await writeFile(join(folder, 'Dockerfile'), dockerfile);
    await writeFile(join(folder, 'context.sh'), script);
    const one = await readCase(folder, 'small');
    assert.deepEqual(await objections(one, { identity, directory: scratch, oracles: [oracle], choice }), []);
  });
}

test('oracles: a step that is not the same twice is objected to', options, async () => {
  await using directory = await tempDir();
  const folder = join(directory.path, 'case');
  const scratch = join(directory.path, 'scratch');
  for (const one of [folder, scratch]) await mkdir(one);
  await writeFile(join(folder, 'Dockerfile'), running.replace('one', '"$(cat /proc/sys/kernel/random/uuid)"'));
  await writeFile(join(folder, 'context.sh'), withBusybox);
  const one = await readCase(folder, 'small');
  const found = await objections(one, { identity: 'root', directory: scratch, oracles: ['consume', 'determinism'] });
  assert.deepEqual(
    found.map(({ oracle }) => oracle),
    ['determinism'],
  );
});
