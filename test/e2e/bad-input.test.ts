/**
 * Projects with mistakes, as a person meets them: each has its own reason and place, is told with all the others, leads
 * to the documented exit status, and leaves sources and store as they were.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { type Files, Rig, type RunOptions } from '../support/rig.ts';
import { treeOf } from '../support/tree-of.ts';

interface Case {
  /** Below contexts/. */
  readonly contexts?: Files;
  readonly prepare?: (rig: Rig) => Promise<unknown>;
  readonly args?: readonly string[];
  readonly run?: RunOptions;
  readonly needs?: readonly string[];
  /** `reason` or `reason file:line:column`, places below contexts/; sorted. */
  readonly want: readonly string[];
  /** 4 unless given. */
  readonly status?: number;
  /** What else a person has to be told. */
  readonly says?: readonly RegExp[];
}

const exec = promisify(execFile);
const info = '{:version "1.0.0"}\n';
const scratch = 'FROM scratch\n';
const base: Files = { '00-base/Dockerfile': scratch, '00-base/info.edn': info };
const child = (from: string): Files => ({
  ...base,
  '01-web/Dockerfile': `ARG REGISTRY\nFROM ${from}\n`,
  '01-web/info.edn': info,
});
const withInfo = (text: string | Uint8Array): Files => ({ ...base, '00-base/info.edn': text });
const withDockerfile = (text: string | Uint8Array): Files => ({ ...base, '00-base/Dockerfile': text });

/** For root: root without the right to read what others may not. */
const plainUser =
  process.getuid?.() === 0
    ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', '--inh-caps', '-dac_override,-dac_read_search']
    : [];

const invalidProjects: Readonly<Record<string, Case>> = {
  'no contexts/': { want: ['missing-contexts'] },
  'contexts/ is a file': {
    prepare: (rig) => rig.write({ contexts: '' }),
    want: ['missing-contexts'],
  },
  'no Dockerfile': {
    contexts: { '00-base/info.edn': info },
    want: ['missing-dockerfile'],
    says: [/contexts\/00-base/],
  },
  'no info.edn': {
    contexts: { '00-base/Dockerfile': scratch },
    want: ['missing-metadata'],
    says: [/fix: .*info\.edn/],
  },
  'a Dockerfile that may not be read': {
    contexts: base,
    prepare: (rig) => chmod(join(rig.project, 'contexts/00-base/Dockerfile'), 0),
    run: { through: plainUser },
    needs: ['setpriv'],
    want: ['unreadable'],
    says: [/contexts\/00-base\/Dockerfile/],
  },
  'an info.edn that may not be read': {
    contexts: base,
    prepare: (rig) => chmod(join(rig.project, 'contexts/00-base/info.edn'), 0),
    run: { through: plainUser },
    needs: ['setpriv'],
    want: ['unreadable'],
    says: [/contexts\/00-base\/info\.edn/],
  },
  'a directory in the place of a Dockerfile': {
    contexts: { '00-base/info.edn': info, '00-base/Dockerfile/x': '' },
    want: ['not-a-file'],
  },
  'a directory in the place of an info.edn': {
    contexts: { '00-base/Dockerfile': scratch, '00-base/info.edn/x': '' },
    want: ['not-a-file'],
  },
  ...Object.fromEntries(
    ['Dockerfile', 'info.edn', 'VERSION', '.dockerignore', 'Dockerfile.dockerignore'].flatMap((name) => {
      const others = {
        '00-base/Dockerfile': 'FROM scratch\nCOPY . /\n',
        '00-base/info.edn': info,
        '01-b/Dockerfile': scratch,
      };
      const contexts = Object.fromEntries(
        Object.entries(others).filter(
          ([path]) => path !== `00-base/${name}` && (name !== 'VERSION' || path !== '00-base/info.edn'),
        ),
      );
      const at = (rig: Rig) => join(rig.project, 'contexts/00-base', name);
      const want = ['missing-metadata', 'not-a-file'];
      return [
        [
          `a pipe in the place of a ${name}`,
          { contexts, prepare: (rig: Rig) => exec('mkfifo', [at(rig)]), want, args: ['check'] },
        ],
        [
          `a device that never ends in the place of a ${name}`,
          { contexts, prepare: (rig: Rig) => symlink('/dev/zero', at(rig)), want, args: ['check'] },
        ],
      ] as const;
    }),
  ),
  'a pipe as the ignore file, to build': {
    contexts: { ...base, '00-base/Dockerfile': 'FROM scratch\nCOPY . /\n' },
    prepare: (rig) => exec('mkfifo', [join(rig.project, 'contexts/00-base/.dockerignore')]),
    want: ['not-a-file'],
  },
  'a link that leads to itself in the place of an info.edn': {
    contexts: { '00-base/Dockerfile': scratch },
    prepare: (rig) => symlink('info.edn', join(rig.project, 'contexts/00-base/info.edn')),
    want: ['unreadable'],
  },
  'EDN without its closing brace': {
    contexts: withInfo('{:version "1.0.0"\n'),
    want: ['edn-syntax 00-base/info.edn:1:1'],
  },
  'EDN with a closing brace too many': {
    contexts: withInfo('{:version "1.0.0"}}\n'),
    want: ['edn-syntax 00-base/info.edn:1:19'],
  },
  'EDN with a key without value': { contexts: withInfo('{:version}\n'), want: ['edn-syntax 00-base/info.edn:1:2'] },
  'EDN with a string without end': {
    contexts: withInfo('{:version "1.0.0}\n'),
    want: ['edn-syntax 00-base/info.edn:1:11'],
  },
  'EDN with a key twice': {
    contexts: withInfo('{:version "1.0.0"\n :version "2.0.0"}\n'),
    want: ['edn-duplicate 00-base/info.edn:2:2'],
  },
  'EDN that is no map': { contexts: withInfo('\n["1.0.0"]\n'), want: ['info-not-a-map 00-base/info.edn:2:1'] },
  'EDN without content': { contexts: withInfo(''), want: ['info-not-a-map 00-base/info.edn:1:1'] },
  'EDN without a version': { contexts: withInfo('{:name "x"}\n'), want: ['missing-version 00-base/info.edn:1:1'] },
  'a version that is a list': {
    contexts: withInfo('{:version ["1.0.0"]}\n'),
    want: ['wrong-type 00-base/info.edn:1:11'],
  },
  'a version that is no tag': {
    contexts: withInfo('{:version "1.0.0+x"}\n'),
    want: ['illegal-version 00-base/info.edn:1:12'],
  },
  'platforms of the wrong type': {
    contexts: withInfo('{:version "1.0.0"\n :platforms [1 "linux/amd64"]}\n'),
    want: ['wrong-type 00-base/info.edn:2:14'],
  },
  'an unknown platform': {
    contexts: withInfo('{:version "1.0.0"\n :platforms ["linux/amd65"]}\n'),
    want: ['platform-unknown 00-base/info.edn:2:14'],
    says: [/linux\/amd65/],
  },
  'invalid UTF-8 in an info.edn': {
    contexts: withInfo(Buffer.from('{:version "1.0.0"\n :x "\xff"}\n', 'latin1')),
    want: ['invalid-utf8 00-base/info.edn:2:6'],
  },
  'invalid UTF-8 in a Dockerfile': {
    contexts: withDockerfile(Buffer.from('FROM scratch\nLABEL a=\xff\n', 'latin1')),
    want: ['invalid-utf8 00-base/Dockerfile:2:9'],
  },
  'two contexts with one name': {
    contexts: { ...base, '01-base/Dockerfile': scratch, '01-base/info.edn': info },
    want: ['duplicate-image-name'],
    says: [/contexts\/00-base and contexts\/01-base/],
  },
  'a name that no registry takes': {
    contexts: { '00-Base!/Dockerfile': scratch, '00-Base!/info.edn': info },
    want: ['invalid-image-name'],
    says: [/fix: .*base/],
  },
  'a cycle': {
    contexts: {
      'a/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/b:1.0.0\n',
      'a/info.edn': info,
      'b/Dockerfile': 'ARG REGISTRY\nFROM scratch\nCOPY --from=${REGISTRY}/a:1.0.0 / /\n',
      'b/info.edn': info,
    },
    want: ['dependency-cycle a/Dockerfile:2:6'],
    says: [/a → b → a/, /b\/Dockerfile:3:13: b is built from a/],
  },
  'an image that needs itself': {
    contexts: { ...base, '00-base/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\n' },
    want: ['self-reference 00-base/Dockerfile:2:6'],
  },
  'an unknown parent': {
    contexts: child('${REGISTRY}/bsae:1.0.0'),
    want: ['unknown-parent 01-web/Dockerfile:2:6'],
    says: [/fix: did you mean base\?/],
  },
  'a parent with a greater prefix': {
    contexts: {
      '05-base/Dockerfile': scratch,
      '05-base/info.edn': info,
      '01-web/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\n',
      '01-web/info.edn': info,
    },
    want: ['prefix-contradiction 01-web/Dockerfile:2:6'],
  },
  'a reference that is none': {
    contexts: child('${REGISTRY}/Base:1.0.0'),
    want: ['invalid-reference 01-web/Dockerfile:2:6'],
  },
  'a slash missing after REGISTRY': {
    contexts: { ...base, '01-web/Dockerfile': 'FROM ${REGISTRY}base:1.0.0\n', '01-web/info.edn': info },
    want: ['invalid-reference 01-web/Dockerfile:1:6'],
    says: [/fix: write \$\{REGISTRY\}\/base:1\.0\.0/],
  },
  'a reference whose variable has no value': {
    contexts: child('${REGISTRY}/${NAME}:1.0.0'),
    want: ['unresolvable-reference 01-web/Dockerfile:2:6'],
    says: [/NAME is not defined/],
  },
  'an instruction that does not exist': {
    contexts: withDockerfile('FROM scratch\nRUNN true\n'),
    want: ['unknown-instruction 00-base/Dockerfile:2:1'],
    says: [/RUN/],
  },
  'a Dockerfile without content': { contexts: withDockerfile(''), want: ['no-instructions 00-base/Dockerfile:1:1'] },
  'an unknown flag': {
    contexts: withDockerfile('FROM scratch\nCOPY --chwon=1 a /\n'),
    want: ['unknown-flag 00-base/Dockerfile:2:6'],
  },
  'a heredoc without end': {
    contexts: withDockerfile('FROM scratch\nCOPY <<EOF /x\ntext\n'),
    want: ['unterminated-heredoc 00-base/Dockerfile:2:6'],
  },
  'several mistakes in several contexts, all at once': {
    contexts: {
      ...withInfo('{:version true}\n'),
      '01-one/Dockerfile': 'FRM scratch\nCOPY a\nENV =\n',
      '01-one/info.edn': info,
      '02-two/Dockerfile': 'FROM scratch\nCOPY --chmod a /\n',
      '02-two/info.edn': '{:version "1.0.0"',
      '03-three/info.edn': info,
    },
    want: [
      'blank-name 01-one/Dockerfile:3:5',
      'edn-syntax 02-two/info.edn:1:1',
      'missing-arguments 01-one/Dockerfile:2:1',
      'missing-dockerfile',
      'missing-flag-value 02-two/Dockerfile:2:6',
      'unknown-instruction 01-one/Dockerfile:1:1',
      'wrong-type 00-base/info.edn:1:11',
    ],
    says: [/^7 errors$/m],
  },
  'a reference to a version that the project does not have, for cip check': {
    contexts: child('${REGISTRY}/base:0.9.0'),
    args: ['check'],
    status: 3,
    want: ['stale-reference 01-web/Dockerfile:2:6'],
  },
};

const wrongCommands: Readonly<Record<string, Case>> = {
  'an unknown option': {
    args: ['build', '--keep-gong'],
    want: ['unknown-option'],
    says: [/did you mean --keep-going\?/],
  },
  'an option of another command': { args: ['check', '--keep-going'], want: ['option-of-other-command'] },
  'a selector that matches nothing': { args: ['build', 'bsae', 'x*'], want: ['unknown-selector', 'unknown-selector'] },
  'a number of jobs that is none': {
    args: ['build', '--jobs=x'],
    want: ['invalid-option-value'],
    says: [/fix: write --jobs=2/],
  },
  'a slip in a choice': {
    args: ['build', '--isolation=chrot'],
    want: ['invalid-option-value'],
    says: [/did you mean chroot/],
  },
  'a platform that does not exist': { args: ['build', '--platform=linux/amd65'], want: ['invalid-option-value'] },
  'a platform that is none': { args: ['build', '--platform=linux//x'], want: ['invalid-option-value'] },
  'an unknown build argument': { args: ['build', '--', '--squash'], want: ['unknown-build-argument'] },
  'a build argument without a name': { args: ['build', '--', '--build-arg', '=x'], want: ['invalid-build-argument'] },
  'a secret that is a pipe': {
    prepare: (rig) => exec('mkfifo', [join(rig.project, 'pipe')]),
    args: ['build', '--secret', 'id=a,src=pipe'],
    want: ['secret-not-a-file'],
  },
  'a secret without end': { args: ['build', '--secret', 'id=a,src=/dev/zero'], want: ['secret-not-a-file'] },
  'a secret that is not there': { args: ['build', '--secret', 'id=a,src=gone'], want: ['secret-not-readable'] },
  'a registry that is none': { args: ['build', '--local-registry', 'Not A Host'], want: ['invalid-option-value'] },
};

function told(stderr: string): readonly string[] {
  return complaintsIn(stderr).map((complaint) => complaint.replace(/ contexts\//, ' '));
}

function bad(title: string, { contexts = {}, args = ['build'], status, want, says = [], ...rest }: Case): void {
  test(`${title}: exit ${status}`, needs(...(rest.needs ?? [])), async () => {
    const files = Object.entries(contexts).map(([path, content]) => [`contexts/${path}`, content]);
    await using rig = await Rig.setup({ files: Object.fromEntries(files) });
    await rest.prepare?.(rig);
    const before = await treeOf(rig.project);
    const outcome = await rig.cip(...args, ...(rest.run ? [rest.run] : []));
    assert.deepEqual(
      { told: told(outcome.stderr), status: outcome.status, stdout: outcome.stdout },
      { told: want, status, stdout: args[0] === 'check' && status === 3 ? outcome.stdout : '' },
      outcome.stderr,
    );
    for (const pattern of says) assert.match(outcome.stderr, pattern);
    // Whatever is wrong, there is something to do about it; of an instruction, the message itself says what it needs.
    for (const letter of outcome.stderr.split(/^(?=error\[)/m)) {
      if (letter.startsWith('error') && !/Dockerfile:\d/.test(letter)) assert.match(letter, /= fix: ./);
    }
    assert.deepEqual(await treeOf(rig.project), before);
    assert.deepEqual(await contentOf(rig.store), []);
  });
}

/** Blobs of a store, which need not be there. */
async function contentOf(store: string): Promise<readonly string[]> {
  return readdir(join(store, 'images/blobs/sha256')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

describe('invalid projects', { concurrency: 3 }, () => {
  for (const [title, it] of Object.entries(invalidProjects)) bad(title, { status: 4, ...it });
});

describe('wrong command lines', { concurrency: 3 }, () => {
  for (const [title, it] of Object.entries(wrongCommands)) bad(title, { status: 2, contexts: base, ...it });
});

test('contexts/ without a context: nothing to do, and said so', async () => {
  await using rig = await Rig.setup();
  await mkdir(join(rig.project, 'contexts'));
  const { status, stdout, stderr } = await rig.cip('build');
  assert.deepEqual({ status, stdout }, { status: 0, stdout: '' });
  assert.match(stderr, /^notice\[no-contexts\]/);
});
