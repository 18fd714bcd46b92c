/**
 * Projects with something wrong in some of their images: `cip check` names all of it at once and checks what is left; a
 * command that selects images is stopped by what is wrong with those and with what they are built from, and by nothing else.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { statusOf } from '../../src/cli/exit-codes.ts';
import type { Failure } from '../../src/result.ts';
import { image, type ProjectFiles, placed, writeProject } from '../project/support/project-files.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runHere } from './run-here.ts';

/** Whatever somebody serves on this machine by its usual name is not to be asked. */
const nobody = { CIP_LOCAL_REGISTRY: 'localhost:1' };
const scratch = image('1.0.0', 'FROM scratch');
const on = (parent: string, ...lines: readonly string[]) =>
  image('1.0.0', `FROM \${REGISTRY}/${parent}:1.0.0`, ...lines);
const sources = (dockerfile: string, info = '{:version "1.0.0"}') => ({ Dockerfile: dockerfile, 'info.edn': info });

interface Check {
  readonly files: ProjectFiles;
  /** Contexts that could be read, and every problem as `reason file:line:column`. */
  readonly want: readonly [contexts: number, ...problems: string[]];
  /** Reasons of warnings. */
  readonly warnings?: readonly string[];
}

const checks: Readonly<Record<string, Check>> = {
  'a Dockerfile and an info.edn with a mistake each, and what other images lack': {
    files: {
      '00-base': scratch,
      '01-docker': sources('FROM scratch\nRUNN x\nCOPPY a b\n'),
      '01-edn': sources('FROM scratch\n', '{:version "1.0.0"'),
      '02-lacks': on('base', 'COPY gone /'),
      '03-parent': on('bsae'),
    },
    want: [
      3,
      'unknown-instruction contexts/01-docker/Dockerfile:2:1',
      'unknown-instruction contexts/01-docker/Dockerfile:3:1',
      'edn-syntax contexts/01-edn/info.edn:1:1',
      'unknown-parent contexts/03-parent/Dockerfile:2:6',
      'copy-source-missing contexts/02-lacks/Dockerfile:3:1',
    ],
  },
  'mistakes in the syntax of one Dockerfile, and in its values and references, in the order of lines': {
    files: {
      '00-base': scratch,
      '01-app': sources(
        [
          'FROM ${REGISTRY}/bsae:1.0.0 AS one',
          'EXPOSE http',
          'RUNN x',
          'STOPSIGNAL SIGNOTHING',
          'COPPY a b',
          'COPY --from=two x /',
          'FROM ${REGISTRY}/base:1.0.0 AS two',
          'COPY --from=one a b /x',
          'COPY --from=gone/$NAME a /x',
          'COPY --from=7 a /x',
          '',
        ].join('\n'),
      ),
    },
    want: [
      1,
      'unknown-parent contexts/01-app/Dockerfile:1:6',
      'invalid-value contexts/01-app/Dockerfile:2:1',
      'unknown-instruction contexts/01-app/Dockerfile:3:1',
      'invalid-value contexts/01-app/Dockerfile:4:1',
      'unknown-instruction contexts/01-app/Dockerfile:5:1',
      'stage-not-yet-defined contexts/01-app/Dockerfile:6:13',
      'unresolvable-reference contexts/01-app/Dockerfile:9:13',
      'stage-not-before contexts/01-app/Dockerfile:10:13',
    ],
  },
  'what a line that cannot be read may have set is not guessed at': {
    files: {
      '01-app': sources(
        'FROM scratch\nENV PORT=http USR=a:b:c\nENV PORT 80 =\nUSER a:b:c\nENV =x\nEXPOSE $PORT\nRUN x\nVOLUME $DATA\nSTOPSIGNAL no\n',
      ),
    },
    want: [0, 'blank-name contexts/01-app/Dockerfile:5:5', 'invalid-value contexts/01-app/Dockerfile:9:1'],
  },
  'stages of a FROM that cannot be read': {
    files: {
      '01-app': sources(
        'FORM scratch AS one\nEXPOSE http\nEXPOSE $PORT\nFROM a b c\nFROM scratch AS -\nFROM one\nCOPY --from=one a /\nCOPY --from=2 a b /x\nCOPY --from=4 a /\nVOLUME $DATA\nCOPY --from=two a /\n',
      ),
    },
    want: [
      0,
      'unknown-instruction contexts/01-app/Dockerfile:1:1',
      'invalid-value contexts/01-app/Dockerfile:2:1',
      'invalid-from contexts/01-app/Dockerfile:4:1',
      'invalid-stage-name contexts/01-app/Dockerfile:5:17',
      'stage-not-before contexts/01-app/Dockerfile:9:13',
    ],
  },
  'a stage that is built from one whose last line cannot be read': {
    files: { '01-app': sources('FROM scratch AS one\nENV PORT=http\nENV =x\nFROM one\nEXPOSE $PORT\nVOLUME $DATA\n') },
    want: [0, 'blank-name contexts/01-app/Dockerfile:3:5'],
  },
  'a line above the first FROM that cannot be read: references may use what it set': {
    files: { '01-app': sources('ARG =x\nFROM ${X}\nEXPOSE http\n') },
    want: [0, 'blank-name contexts/01-app/Dockerfile:1:5'],
  },
  'a mistake in info.edn and one in the values of the Dockerfile': {
    files: { '01-app': sources('FROM scratch\nEXPOSE http\n', '{}') },
    want: [0, 'missing-version contexts/01-app/info.edn:1:1', 'invalid-value contexts/01-app/Dockerfile:2:1'],
  },
  'triggers that only the image which runs them can find wrong': {
    files: {
      '00-parent': image('1.0.0', 'FROM scratch AS one', 'ONBUILD EXPOSE no', 'FROM one', 'ONBUILD EXPOSE http'),
      '01-child': on('parent', 'STOPSIGNAL no'),
      '02-grandchild': on('child'),
      '03-sources': image('1.0.0', 'FROM scratch', 'ONBUILD COPY a b /c'),
      '04-middle': { ...image('1.0.0', 'FROM ${REGISTRY}/sources:1.0.0 AS one', 'FROM one'), a: '', b: '' },
      '05-number': image('1.0.0', 'FROM scratch', 'ONBUILD COPY --from=0 /q /q'),
      '06-one': on('number'),
      '07-two': image('1.0.0', 'FROM scratch', 'FROM ${REGISTRY}/number:1.0.0'),
      '08-variable': image('1.0.0', 'FROM scratch', 'ENV PORT=80', 'ONBUILD EXPOSE $PORT'),
      '09-port': on('variable'),
      '10-older': image('1.0.0', 'FROM ${REGISTRY}/parent:0.9.0'),
      '11-elsewhere': image('1.0.0', 'FROM ghcr.io/other/parent:1.0.0'),
    },
    want: [
      12,
      'invalid-value contexts/00-parent/Dockerfile:4:6',
      'invalid-value contexts/01-child/Dockerfile:2:6',
      'invalid-value contexts/01-child/Dockerfile:3:1',
      'stage-not-yet-defined contexts/06-one/Dockerfile:2:6',
    ],
  },
  'what is built from an image that cannot be read is no reference to nothing': {
    files: { '00-base': sources('FORM scratch'), '01-app': on('base', 'COPY gone /') },
    want: [
      1,
      'unknown-instruction contexts/00-base/Dockerfile:1:1',
      'copy-source-missing contexts/01-app/Dockerfile:3:1',
    ],
  },
  'references of an image whose version cannot be read': {
    files: { '00-base': scratch, '01-app': sources('FROM ${REGISTRY}/gone:1.0.0\n', '{}') },
    want: [1, 'missing-version contexts/01-app/info.edn:1:1', 'unknown-parent contexts/01-app/Dockerfile:1:6'],
  },
  'a cycle, and what those in it lack': {
    files: {
      '00-base': scratch,
      a: on('b', 'COPY gone /'),
      b: on('a'),
      c: on('b', 'COPY gone /'),
    },
    want: [
      4,
      'dependency-cycle contexts/a/Dockerfile:2:6',
      'copy-source-missing contexts/a/Dockerfile:3:1',
      'copy-source-missing contexts/c/Dockerfile:3:1',
    ],
  },
  'a cycle in which one number is the greater, and a number that contradicts another reference': {
    files: { '00-a': on('b'), '01-b': on('a'), '02-c': on('d'), '03-d': image('1.0.0', 'FROM scratch') },
    want: [4, 'dependency-cycle contexts/00-a/Dockerfile:2:6', 'prefix-contradiction contexts/02-c/Dockerfile:2:6'],
  },
  'two directories of one name, and a third that is right': {
    files: { '00-same': scratch, '01-same': scratch, '02-app': on('same', 'COPY gone /') },
    want: [1, 'duplicate-image-name', 'copy-source-missing contexts/02-app/Dockerfile:3:1'],
  },
  'a name that no image can have': {
    files: { '00-base': scratch, '01-Upper': scratch, '02-app': on('base', 'COPY gone /') },
    want: [2, 'invalid-image-name', 'copy-source-missing contexts/02-app/Dockerfile:3:1'],
  },
  'one of the two files': {
    files: { '00-base': { Dockerfile: 'FROM scratch' }, '01-app': { 'info.edn': '{:version "1.0.0"}' }, b: scratch },
    want: [1, 'missing-metadata', 'missing-dockerfile'],
  },
  'none of the two files, after another branch': {
    files: { '00-base': scratch, '03-old': { 'node_modules/x': '' }, '04-old': on('base') },
    want: [2],
    warnings: ['not-an-image'],
  },
  'a reference that is ahead of its parent, and a broken file': {
    files: { '00-base': scratch, '01-app': image('1.0.0', 'FROM ${REGISTRY}/base:2.0.0'), '02-x': sources('x') },
    want: [
      2,
      'unknown-instruction contexts/02-x/Dockerfile:1:1',
      'reference-newer-than-parent contexts/01-app/Dockerfile:2:6',
    ],
  },
};
describe('cip check', () => {
  for (const [title, { files, want, warnings = [] }] of Object.entries(checks)) {
    test(title, async () => {
      await using directory = await tempDir();
      await writeProject(join(directory.path, 'project'), files);
      const { status, stdout, stderr } = await runHere(directory.path, ['check', '--json'], nobody);
      const report = JSON.parse(stdout) as { contexts: number; problems: Failure[]; warnings: Failure[] };
      assert.deepEqual([report.contexts, ...report.problems.map(placed)], want, stderr);
      assert.deepEqual(
        report.warnings.filter(({ reason }) => reason !== 'undeclared-registry').map(({ reason }) => reason),
        warnings,
      );
      assert.equal(status, want.length > 1 ? 4 : 0);
      for (const { hint, message } of report.problems) assert.ok(hint, message);
    });
  }
});

const broken: ProjectFiles = {
  '00-base': scratch,
  '00-bad': sources('FROM scratch\nRUNN x\n'),
  '01-app': on('base'),
  '01-child': on('bad'),
  '01-lost': on('gone'),
  '02-grandchild': on('child'),
  '02-ahead': image('1.0.0', 'FROM ${REGISTRY}/base:2.0.0'),
  '03-lacks': on('base', 'COPY gone /'),
};
const bad = 'unknown-instruction contexts/00-bad/Dockerfile:2:1';
const lost = 'unknown-parent contexts/01-lost/Dockerfile:2:6';
const elsewhere = '! problems-elsewhere';
const commands: Readonly<Record<string, readonly [status: number, ...told: string[]]>> = {
  'plan app': [0, elsewhere],
  'plan build +app': [0, elsewhere],
  'build app --dry-run': [0, elsewhere],
  'graph app': [0, elsewhere],
  'graph base app': [0, elsewhere],
  'plan a*p': [0, elsewhere],
  plan: [4, bad, lost],
  'build --dry-run': [4, bad, lost],
  graph: [4, bad, lost],
  'cascade --check': [4, bad, lost],
  'plan bad': [4, bad],
  'plan child': [4, bad],
  'plan app grandchild': [4, bad],
  'plan lost': [4, lost],
  'plan b*': [4, bad],
  'plan ahead': [4, elsewhere, 'reference-newer-than-parent contexts/02-ahead/Dockerfile:2:6'],
  'plan app+': [4, bad, lost],
  'plan lacks': [4, elsewhere, 'copy-source-missing contexts/03-lacks/Dockerfile:3:1'],
  'build lacks': [4, elsewhere, 'copy-source-missing contexts/03-lacks/Dockerfile:3:1'],
  'build lacks -k': [1, elsewhere, 'copy-source-missing contexts/03-lacks/Dockerfile:3:1'],
  'plan aap': [2, 'unknown-selector'],
  'publish-locally app --dry-run': [5, elsewhere, 'registry-unreachable'],
  'pull-latest-from-local-registry app': [5, elsewhere, 'registry-unreachable'],
};
describe('a project with broken images', () => {
  for (const [line, [status, ...told]] of Object.entries(commands)) {
    test(`cip ${line}`, async () => {
      await using directory = await tempDir();
      await writeProject(join(directory.path, 'project'), broken);
      const ended = await runHere(directory.path, line.split(' '), nobody);
      const said = [...ended.stderr.matchAll(/^(warning|error)\[([a-z-]+)\](?:.*\n +--> (.+))?/gm)].map(
        ([, level, reason, place]) =>
          level === 'error' ? `${reason}${place === undefined ? '' : ` ${place}`}` : `! ${reason}`,
      );
      assert.deepEqual(
        { status: ended.status ?? statusOf(ended.failures), told: [...said, ...ended.failures.map(placed)].sort() },
        { status, told: told.toSorted() },
        ended.stderr,
      );
    });
  }

  test('what is wrong elsewhere is one line, whatever is wrong', async () => {
    await using directory = await tempDir();
    const many = Array.from({ length: 300 }, (_, index) => [`bad-${index}`, sources('RUNN x\n'.repeat(20))] as const);
    await writeProject(join(directory.path, 'project'), { '00-base': scratch, ...Object.fromEntries(many) });
    const { status, stderr } = await runHere(directory.path, ['plan', 'base'], nobody);
    assert.equal(status, 0);
    assert.equal(stderr.match(/problems-elsewhere/g)?.length, 1);
    assert.ok(stderr.length < 1000, stderr);
    assert.match(stderr, /6000 errors/);
  });
});
