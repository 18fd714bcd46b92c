/**
 * What a build reports of a Dockerfile alone, whatever its bases hold: `cip check` and `cip plan` say the same at the same
 * place without asking anybody for an image, and `cip build` before its first step. What only a base could make right or
 * wrong is left to the build.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import { certainFailures } from '../../src/engine/frontend/certain-failures.ts';
import { lower } from '../../src/engine/frontend/lower.ts';
import type { ResolvedImage } from '../../src/engine/frontend/lower-input.ts';
import { type Failure, FailuresError } from '../../src/result.ts';
import { placed } from '../project/support/project-files.ts';
import { amd64, imageFixture } from '../support/lower-text.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runHere } from './run-here.ts';

/** Lines below `FROM scratch`, or the whole where it has a FROM of its own; and `reason line:column` of each failure. */
type Row = readonly [dockerfile: string, ...want: string[]];

const wrong: Readonly<Record<string, Row>> = {
  'a malformed pattern': ['COPY we[ird /x', 'bad-pattern 2:1'],
  'a malformed pattern of ADD': ['ADD we[ird /x', 'bad-pattern 2:1'],
  'a malformed pattern by a variable': ['ARG NAME=we[ird\nCOPY $NAME /x', 'bad-pattern 3:1'],
  'a malformed pattern of a stage': ['COPY a /a\nFROM scratch\nCOPY --from=0 we[ird /x', 'bad-pattern 4:1'],
  'a malformed pattern of what is left out': ['COPY --exclude=[a . /x', 'bad-pattern 2:1'],
  'ADD by another protocol': ['ADD ftp://example.com/a.tar.gz /x', 'invalid-value 2:1'],
  'ADD of no address': ['ADD https:// /x', 'invalid-value 2:1'],
  'ADD of a repository with two refs': ['ADD https://example.com/a.git?branch=b#c /x', 'invalid-value 2:1'],
  'ADD of a file with a git directory': ['ADD --keep-git-dir https://example.com/a /x', 'invalid-value 2:1'],
  'ADD with a checksum that is none': ['ADD --checksum=abc https://example.com/a /x', 'invalid-value 2:1'],
  'ADD of several with a checksum': [
    `ADD --checksum=sha256:${'0'.repeat(64)} https://example.com/a https://example.com/b /x/`,
    'invalid-value 2:1',
  ],
  'ADD with a checksum': [`ADD --checksum=sha256:${'0'.repeat(64)} a /x`, 'not-supported 2:1'],
  'the first stage, from itself': ['COPY --from=0 /a /b', 'stage-not-yet-defined 2:13'],
  'a stage, from itself': ['FROM scratch AS me\nCOPY --from=me /a /b', 'stage-not-yet-defined 2:13'],
  'a later stage': ['FROM scratch AS one\nCOPY --from=1 /a /b\nFROM one\nCOPY a /', 'stage-not-yet-defined 2:13'],
  'a number that no stage has': ['COPY --from=7 /a /b', 'stage-not-before 2:13'],
  'a number that no stage has, of a mount': ['RUN --mount=from=7,target=/m true', 'stage-not-before 2:18'],
  'a mount of a later stage': [
    'FROM scratch AS one\nRUN --mount=from=two,target=/m true\nFROM scratch AS two\nFROM one',
    'stage-not-yet-defined 2:18',
  ],
  'a mode that is none': ['COPY --chmod=wide a /x', 'invalid-chmod 2:1'],
  'a mode that is none, by a variable': ['ARG MODE=99999\nCOPY --chmod=$MODE a /x', 'invalid-chmod 3:1'],
  'a port that is none': ['EXPOSE http', 'invalid-value 2:1'],
  'a signal that is none': ['STOPSIGNAL SIGNOTHING', 'invalid-value 2:1'],
  'a volume without a name': ['ARG WHERE\nVOLUME $WHERE', 'invalid-value 3:1'],
  'a working directory without end': [`WORKDIR /${'x'.repeat(5000)}`, 'invalid-value 2:1'],
  'a platform that is none': ['FROM --platform=moon/shine base', 'invalid-value 1:1'],
  'the source of an agent': ['RUN --mount=type=ssh,source=x true', 'invalid-mount 2:13'],
  'a step without limits': ['RUN --security=insecure true', 'not-supported 2:1'],
  'the mode of a mount': ['RUN --mount=type=cache,target=/c,mode=17777 true', 'invalid-value 2:13'],
  'the owner of a mount': ['RUN --mount=type=cache,target=/c,uid=4294967295 true', 'invalid-value 2:13'],
  'the size of a mount': ['ARG SIZE=big\nRUN --mount=type=tmpfs,target=/c,size=$SIZE true', 'invalid-mount 3:34'],
  'a cache without a target': ['RUN --mount=type=cache true', 'invalid-mount 2:13'],
  'files without a target': ['RUN --mount=type=bind,source=a true', 'invalid-mount 2:13'],
  'memory without a target': ['RUN --mount=type=tmpfs,target= true', 'invalid-mount 2:13'],
  'a number that no stage has, beside what the base says': [
    'FROM base\nRUN --mount=source=$WHERE,target=/x --mount=from=7,target=/y true',
    'stage-not-before 2:50',
  ],
  'ADD with a git directory': ['ADD --keep-git-dir a /x', 'not-supported 2:1'],
  'a mount over everything': ['RUN --mount=type=tmpfs,target=/ true', 'invalid-value 2:13'],

  'a variable that has to be there': ['ARG NEED\nENV A="${NEED:?say which}"', 'required-variable 3:5'],
  'an operator that is none': ['ENV A=${B^^}', 'bad-substitution 2:5'],
  'a trigger of an earlier stage': [
    'FROM scratch AS one\nONBUILD COPY we[ird /x\nFROM one\nCOPY a /',
    'bad-pattern 3:6',
  ],
  several: [
    'EXPOSE http\nSTOPSIGNAL SIGNOTHING\nADD --keep-git-dir a /x',
    'invalid-value 2:1',
    'invalid-value 3:1',
    'not-supported 4:1',
  ],
  'what a base can change, beside what it cannot': [
    'FROM base\nEXPOSE $PORT http\nEXPOSE http\nADD --keep-git-dir a $HOME',
    'invalid-value 3:1',
    'not-supported 4:1',
  ],
};

/** May be right, as far as anybody knows without the base: `FROM base` is an image from elsewhere. */
const unknown: Readonly<Record<string, string>> = {
  'a port of the base': 'EXPOSE $PORT',
  'an address of the base': 'ADD $WHERE/a /x',
  'a repository of the base': 'ADD --keep-git-dir $WHERE /x',
  'an address of the base, with a checksum': `ADD --checksum=sha256:${'0'.repeat(64)} $WHERE /x`,
  'a version of the base': 'ADD https://example.com/$VERSION.tar.gz $WHERE/',
  'a volume that is made of a value of the base': 'ENV DATA=$BASE_DATA\nVOLUME $DATA',
  'an argument that is made of a value of the base': 'ARG SIG=$BASE_SIGNAL\nSTOPSIGNAL $SIG',
  'a volume of the base': 'VOLUME $DATA',
  'a variable that the base has to have': 'ENV A="${HOME_OF_APP:?no such thing}"',
  'a destination of the base': 'COPY a b $WHERE',
  'a mode of the base': 'COPY --chmod=$MODE a /x',
  'a user of the base': 'USER $WHO\nRUN true',
  'an argument without a value may be the base’s': 'ARG DATA\nVOLUME $DATA',
  'in a stage that is built from such a one': 'FROM base AS one\nFROM one\nVOLUME $DATA',
  'triggers of the base': 'CMD ["x"]',
  'a value that is set again': 'ENV PORT=$BASE_PORT\nENV PORT=80\nEXPOSE $PORT',
  PATH: 'EXPOSE ${PATH:+80}',
};

const whole = (dockerfile: string, from = 'scratch') =>
  /^FROM /.test(dockerfile) ? `${dockerfile}\n` : `FROM ${from}\n${dockerfile}\n`;
/** One line of the failures of a command; those of bases that nobody can be asked for are another matter. */
const said = (failures: readonly Failure[]) =>
  failures.filter(({ reason }) => !reason.startsWith('base-')).map((one) => placed(one).replace(/ .*Dockerfile:/, ' '));

describe('what a Dockerfile says by itself', { concurrency: 4 }, () => {
  for (const [title, [dockerfile, ...want]] of Object.entries(wrong)) {
    test(`check, plan and build: ${title}`, async () => {
      await using directory = await tempDir();
      const app = join(directory.path, 'project', 'contexts', '00-app');
      await mkdir(app, { recursive: true });
      for (const file of ['a', 'b']) await writeFile(join(app, file), '');
      await writeFile(join(app, 'Dockerfile'), whole(dockerfile).replaceAll('FROM base', 'FROM localhost:1/base'));
      await writeFile(join(app, 'info.edn'), '{:version "1.0.0"}');
      const run = (...argv: string[]) => runHere(directory.path, argv, { CIP_LOCAL_REGISTRY: 'localhost:2' });

      const check = await run('check', '--json');
      const { problems } = JSON.parse(check.stdout) as { problems: readonly Failure[] };
      assert.deepEqual({ status: check.status, told: said(problems) }, { status: 4, told: want }, check.stderr);
      for (const { hint, message } of problems) assert.ok(hint, `${message}: there is a remedy`);

      const plan = await run('plan', '--json');
      const { failures } = JSON.parse(plan.stdout === '' ? '{"failures":[]}' : plan.stdout) as {
        failures: readonly Failure[];
      };
      assert.deepEqual(said(plan.stdout === '' ? plan.failures : failures), want, 'plan');
      assert.deepEqual(said((await run('build')).failures), want, 'build');
    });
  }

  for (const [title, lines] of Object.entries(unknown)) {
    test(`nothing is said of ${title}`, () => assert.deepEqual(said(certain(whole(lines, 'base'))), []));
  }

  test('no more is said than a build says that has the base, whatever that holds', () => {
    const bases = [{}, { Env: ['PORT=80', 'HOME_OF_APP=/a', 'WHERE=/d/', 'MODE=644', 'WHO=me', 'SIZE=1', 'HOME=/h/'] }];
    const texts = [...Object.values(wrong).map(([text]) => text), ...Object.values(unknown)];
    for (const text of texts.map((one) => whole(one, 'base'))) {
      for (const config of bases) {
        const built = said(lowered(text, imageFixture('base', config)));
        assert.deepEqual(
          said(certain(text)).filter((one) => !built.includes(one)),
          [],
          text,
        );
      }
    }
  });
});

function certain(text: string): readonly Failure[] {
  return certainFailures(inputOf(text));
}

function lowered(text: string, image: ResolvedImage): readonly Failure[] {
  const result = lower({ ...inputOf(text), images: { get: () => image } });
  return result.ok ? [] : result.failure;
}

function inputOf(text: string) {
  const dockerfile = parseDockerfile(text, `${dirname('contexts/00-app/x')}/Dockerfile`);
  if (!dockerfile.ok) throw new FailuresError(dockerfile.failure);
  return { dockerfile: dockerfile.value, image: 'app', platform: amd64, buildPlatform: amd64, buildArgs: {} };
}
