/**
 * ONBUILD triggers of a base that the project does not build, by the real program. No key knows what they say: what they
 * use is counted by an instruction of the project, or the build fails. A skip that does not see a change is not among the
 * outcomes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

interface Row {
  readonly title: string;
  /** What the base says of those that are built from it; `MOVES` stands for an image that moves, `OWN` for one of the project. */
  readonly triggers: readonly string[];
  /** Below `FROM base`. */
  readonly dockerfile?: string;
  /** What the first build says of it; it is built where that is nothing. */
  readonly reason?: string;
  /** Whether the image is made again when the arguments, the context and the moving image change: up to date if not given. */
  readonly again?: 'built' | 'untouched';
}

const rows: readonly Row[] = [
  { title: 'ARG that is given', triggers: ['ARG X=none', 'LABEL x=$X'], reason: 'argument-not-counted' },
  {
    title: 'ARG that is given, and declared',
    triggers: ['ARG X=none', 'LABEL x=$X'],
    dockerfile: 'ARG X',
    again: 'built',
  },
  { title: 'ARG that nobody gives', triggers: ['ARG Y=none', 'LABEL y=$Y'] },
  { title: 'one of several in a line', triggers: ['ARG Y=y X'], reason: 'argument-not-counted' },
  {
    title: 'ARG named as a proxy',
    triggers: ['ARG HTTP_PROXY', 'LABEL x=$HTTP_PROXY'],
    reason: 'argument-not-counted',
  },
  { title: 'ARG of the platform', triggers: ['ARG TARGETARCH', 'LABEL x=$TARGETARCH'] },
  { title: 'ARG of the platform that is given', triggers: ['ARG TARGETVARIANT'], reason: 'argument-not-counted' },
  { title: 'ARG REGISTRY', triggers: ['ARG REGISTRY', 'LABEL r=$REGISTRY'], reason: 'argument-not-counted' },
  {
    title: 'ARG REGISTRY, as its failure says to mend it',
    triggers: ['ARG REGISTRY', 'LABEL r=$REGISTRY'],
    dockerfile: 'ARG REGISTRY\nLABEL registry=$REGISTRY',
  },
  { title: 'ENV of an argument that is not declared', triggers: ['ENV E=$X'] },
  { title: 'COPY of the context', triggers: ['COPY file /'], reason: 'context-not-counted' },
  { title: 'COPY of what the context lacks', triggers: ['COPY gone /'], reason: 'copy-source-missing' },
  { title: 'ADD of the context', triggers: ['ADD file /'], reason: 'context-not-counted' },
  {
    title: 'COPY of the context, and counted',
    triggers: ['COPY file /'],
    dockerfile: 'COPY file /own',
    again: 'built',
  },
  { title: 'a mount of the context', triggers: ['RUN --mount=target=/m ["/x"]'], reason: 'context-not-counted' },
  { title: 'COPY from another image', triggers: ['COPY --from=MOVES / /'], reason: 'image-not-counted' },
  {
    title: 'COPY from another image, and counted',
    triggers: ['COPY --from=MOVES / /'],
    dockerfile: 'COPY --from=MOVES / /own/',
    again: 'built',
  },
  {
    title: 'a mount of another image',
    triggers: ['RUN --mount=from=MOVES,target=/m ["/x"]'],
    reason: 'image-not-counted',
  },
  {
    title: 'the seed of a cache',
    triggers: ['RUN --mount=type=cache,from=MOVES,target=/m ["/x"]'],
    reason: 'image-not-counted',
  },
  { title: 'an image of the project', triggers: ['COPY --from=OWN / /'], reason: 'image-not-counted' },
  {
    title: 'an image of the project, and counted',
    triggers: ['COPY --from=OWN / /'],
    dockerfile: 'COPY --from=OWN / /mine/',
    again: 'built',
  },
];

interface Report {
  readonly images: readonly { readonly name: string; readonly status: string; readonly failures?: unknown }[];
}

describe('triggers of images from elsewhere', needs('linux', 'user namespaces'), () => {
  test('the table', async (t) => {
    await using rig = await Rig.setup({ registry: true });
    const [inside, outside] = [`${rig.registry}/inside`, `${rig.registry}/outside`];
    const stands = (text: string) =>
      text.replaceAll('MOVES', `${rig.registry}/moving/moves:latest`).replaceAll('OWN', `${inside}/own:1.0.0`);
    const publish = async (project: string, ...images: string[]) => {
      const place = [`--remote-registry=${rig.registry}/${project}`, '--only-local-platform'];
      const { status, stderr } = await rig.cip('publish', '-C', project, ...images, ...place);
      assert.equal(status, 0, stderr);
    };
    const names = rows.map((_, index) => `row${index}`);
    await rig.write({
      'moving/contexts/00-moves/info.edn': '{:version "1.0.0"}\n',
      'moving/contexts/00-moves/Dockerfile': 'FROM scratch\nCOPY <<e /moves\none\ne\n',
      'inside/contexts/00-own/info.edn': '{:version "1.0.0"}\n',
      'inside/contexts/00-own/Dockerfile': 'FROM scratch\nCOPY f /f\n',
      'inside/contexts/00-own/f': 'one',
    });
    for (const [index, { triggers, dockerfile = '' }] of rows.entries()) {
      const [there, here] = [`outside/contexts/01-${names[index]}`, `inside/contexts/01-${names[index]}`];
      const text = triggers.map((trigger) => `ONBUILD ${stands(trigger)}\n`).join('');
      await rig.write({
        [`${there}/info.edn`]: '{:version "1.0.0"}\n',
        [`${there}/Dockerfile`]: `FROM scratch\n${text}`,
        [`${here}/info.edn`]: '{:version "1.0.0"}\n',
        [`${here}/Dockerfile`]: `FROM ${outside}/${names[index]}:1.0.0\n${stands(dockerfile)}\n`,
        [`${here}/file`]: 'one',
      });
    }
    await publish('inside', 'own');
    await publish('moving');
    await publish('outside');
    const build = async (value: string) => {
      const given = ['X', 'HTTP_PROXY', 'TARGETVARIANT'].flatMap((name) => ['--build-arg', `${name}=${value}`]);
      const flags = ['--keep-going', '--json', `--local-registry=${inside}`];
      const run = await rig.cip('build', '-C', 'inside', ...flags, '--', ...given);
      assert.equal(run.status, 1, run.stderr);
      const { images } = JSON.parse(run.stdout) as Report;
      return new Map(images.map((image) => [image.name, image]));
    };
    const before = await build('1');
    await rig.write({
      'moving/contexts/00-moves/info.edn': '{:version "1.0.1"}\n',
      'moving/contexts/00-moves/Dockerfile': 'FROM scratch\nCOPY <<e /moves\ntwo\ne\n',
      'inside/contexts/00-own/f': 'two',
      ...Object.fromEntries(names.map((name) => [`inside/contexts/01-${name}/file`, 'two'])),
    });
    await publish('moving');
    const after = await build('2');
    for (const [index, { title, reason, again = 'untouched' }] of rows.entries()) {
      await t.test(title, () => {
        const [first, second] = [before.get(names[index]!)!, after.get(names[index]!)!];
        const reasonsOf = ({ failures = [] }: { failures?: unknown }) =>
          (failures as { reason: string }[]).map((failure) => failure.reason);
        assert.deepEqual(
          [first.status, reasonsOf(first), second.status],
          reason === undefined ? ['built', [], again] : ['failed', [reason], 'failed'],
        );
      });
    }
  });
});
