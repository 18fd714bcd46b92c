/** What a person reads of why an image is built or published: each sentence is to be true of the edit that led to it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PlannedImage } from '../../../src/orchestrator/plan/plan.ts';
import { describeReason } from '../../../src/orchestrator/plan/plan-reason.ts';
import { ProjectRegistry } from '../../../src/orchestrator/state/project-registry.ts';
import { type ImageSources, Workshop } from '../workshop.ts';

type Sources = Readonly<Record<string, ImageSources>>;

interface Edit {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly filesAfter?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly targetBefore?: string;
  /** Told where the image was built before. */
  readonly want: readonly string[];
  /** Told where only the published image is known, if that is less. */
  readonly elsewhere?: readonly string[];
}

const at = (line: number) => `contexts/app/Dockerfile:${line}`;
const files = { a: 'a', b: 'b' };
const stages = ['FROM scratch AS one', 'COPY a /a', 'FROM scratch AS two', 'COPY b /b', 'FROM one', 'ENV X=1'];

const edits: Readonly<Record<string, Edit>> = {
  'an instruction in the middle is removed: it, by the line it had': {
    before: ['FROM scratch', 'COPY a /a', 'ENV B=2', '', 'LABEL c=3'],
    after: ['FROM scratch', 'COPY a /a', '', 'LABEL c=3'],
    want: [`ENV at ${at(3)} was removed`],
    elsewhere: [`instruction below ${at(2)} was removed`],
  },
  'the last one is removed': {
    before: ['FROM scratch', 'COPY a /a', 'LABEL c=3'],
    after: ['FROM scratch', 'COPY a /a'],
    want: [`LABEL at ${at(3)} was removed`],
    elsewhere: [`instruction below ${at(2)} was removed`],
  },
  'the first one is removed': {
    before: ['ARG X=1', 'FROM scratch', 'COPY a /a'],
    after: ['FROM scratch', 'COPY a /a'],
    want: [`ARG at ${at(1)} was removed`],
    elsewhere: ['instruction at the start of contexts/app/Dockerfile was removed'],
  },
  'several in a row are removed: counted': {
    before: ['FROM scratch', 'ENV A=1', 'ENV B=2', 'LABEL c=3', 'COPY a /a'],
    after: ['FROM scratch', 'COPY a /a'],
    want: [`ENV at ${at(2)} and 2 more after it were removed`],
    elsewhere: [`instruction below ${at(1)} and 2 more after it were removed`],
  },
  'one is removed and a later one changed: two things': {
    before: ['FROM scratch', 'ENV A=1', 'COPY a /a', 'LABEL c=3'],
    after: ['FROM scratch', 'COPY a /a', 'LABEL c=4'],
    want: [`ENV at ${at(2)} was removed`, `instruction at ${at(3)} changed`],
    elsewhere: [`instruction below ${at(1)} was removed`, `instruction at ${at(3)} changed`],
  },
  'one is removed beside one that changed: told apart by what they are': {
    before: ['FROM scratch', 'ENV A=1', 'LABEL c=3', 'COPY a /a'],
    after: ['FROM scratch', 'LABEL c=4', 'COPY a /a'],
    want: [`instruction at ${at(2)} changed`, `ENV at ${at(2)} was removed`],
    elsewhere: [`instruction at ${at(2)} changed`],
  },
  'one is added': {
    before: ['FROM scratch', 'COPY a /a'],
    after: ['FROM scratch', 'ENV A=1', 'COPY a /a'],
    want: [`instruction at ${at(2)} is new`],
  },
  'one is added and the same one is kept below: the upper or the lower, no other': {
    before: ['FROM scratch', 'ENV A=1', 'COPY a /a'],
    after: ['FROM scratch', 'ENV A=1', 'ENV A=1', 'COPY a /a'],
    want: [`instruction at ${at(3)} is new`],
  },
  'two are swapped: one is new there, and was removed elsewhere': {
    before: ['FROM scratch', 'ENV A=1', 'LABEL c=3', 'COPY a /a'],
    after: ['FROM scratch', 'LABEL c=3', 'ENV A=1', 'COPY a /a'],
    want: [`ENV at ${at(2)} was removed`, `instruction at ${at(3)} is new`],
    elsewhere: [`instruction below ${at(1)} was removed`, `instruction at ${at(3)} is new`],
  },
  'a COPY takes another file: its line first; neither file changed': {
    before: ['FROM scratch', 'COPY a /x'],
    after: ['FROM scratch', 'COPY b /x'],
    want: [`instruction at ${at(2)} changed`, 'no longer an input: contexts/app/a', 'new input: contexts/app/b'],
  },
  'a COPY takes another file, which changed too: before, nobody read it': {
    before: ['FROM scratch', 'COPY a /x'],
    after: ['FROM scratch', 'COPY b /x'],
    filesAfter: { b: 'other' },
    want: [`instruction at ${at(2)} changed`, 'no longer an input: contexts/app/a', 'new input: contexts/app/b'],
  },
  'a COPY goes elsewhere, and its file changed': {
    before: ['FROM scratch', 'COPY a /x'],
    after: ['FROM scratch', 'COPY a /y'],
    filesAfter: { a: 'other' },
    want: [`instruction at ${at(2)} changed`, 'changed: contexts/app/a'],
  },
  'a file came and one went, of a COPY of all': {
    before: ['FROM scratch', 'COPY d /'],
    after: ['FROM scratch', 'COPY d /'],
    files: { 'd/stays': '1', 'd/goes': '2' },
    filesAfter: { 'd/stays': '1', 'd/comes': '3' },
    want: ['new input: contexts/app/d/comes', 'no longer an input: contexts/app/d/goes'],
  },
  'a stage is not built any more: it is still there': {
    before: ['FROM scratch AS one', 'COPY a /a', 'FROM scratch', 'COPY --from=one /a /a', 'COPY b /b'],
    after: ['FROM scratch AS one', 'COPY a /a', 'FROM scratch', 'COPY b /b'],
    want: [
      `FROM at ${at(1)} and 1 more after it are no longer built`,
      `COPY at ${at(4)} was removed`,
      'no longer an input: contexts/app/a',
    ],
    elsewhere: [
      'instruction at the start of contexts/app/Dockerfile and 1 more after it are no longer built',
      `instruction below ${at(3)} was removed`,
      'no longer an input: contexts/app/a',
    ],
  },
  'a stage is taken out': {
    before: ['FROM scratch AS one', 'COPY a /a', 'FROM scratch', 'COPY --from=one /a /a', 'COPY b /b'],
    after: ['FROM scratch', 'COPY b /b'],
    want: [
      `FROM at ${at(1)} and 1 more after it were removed`,
      `COPY at ${at(4)} was removed`,
      'no longer an input: contexts/app/a',
    ],
    elsewhere: [
      'instruction at the start of contexts/app/Dockerfile and 1 more after it were removed',
      `instruction below ${at(1)} was removed`,
      'no longer an input: contexts/app/a',
    ],
  },
  'another target: that, and nothing that only one of them is made of': {
    before: stages,
    after: stages,
    target: 'two',
    want: ['the target is stage two, not the last stage as before'],
  },
  'no target any more': {
    before: stages,
    after: stages,
    targetBefore: 'two',
    want: ['the target is the last stage, not stage two as before'],
  },
  'another target, and a file that both take changed': {
    before: stages,
    after: stages,
    targetBefore: 'one',
    filesAfter: { a: 'other', b: 'other' },
    want: ['the target is the last stage, not stage one as before', 'changed: contexts/app/a'],
  },
};

function app(lines: readonly string[], files: Readonly<Record<string, string>>, version = '1.0.0'): Sources {
  return { app: { version, dockerfile: `${lines.join('\n')}\n`, files } };
}

function told(images: readonly PlannedImage[]): readonly string[] {
  const { reasons } = images.find(({ name }) => name === 'app')!;
  return reasons.filter(({ code }) => code !== 'changed-without-bump').map(describeReason);
}

for (const [title, edit] of Object.entries(edits)) {
  const [was, is] = [
    { ...files, ...edit.files },
    { ...files, ...(edit.filesAfter ?? edit.files) },
  ];
  const targets = (target: string | undefined) => (target === undefined ? {} : { target });

  test(`build: ${title}`, async () => {
    await using workshop = await Workshop.open(app(edit.before, was));
    await workshop.run(await workshop.plan(targets(edit.targetBefore)), workshop.builder());
    await workshop.write(app(edit.after, is));
    const { plan } = await workshop.plan(targets(edit.target));
    assert.deepEqual(told(plan.images), edit.want);
  });

  test(`publish, built on another machine: ${title}`, async () => {
    await using builder = await Workshop.open(app(edit.before, was));
    const { place, name: registry, client } = await builder.registry();
    const first = await builder.plan({ client, registry, ...targets(edit.targetBefore) });
    await builder.publish(first, place, builder.builder());
    await using workshop = await Workshop.open(app(edit.after, is));
    const { plan } = await workshop.plan({ client, registry, ...targets(edit.target) });
    assert.deepEqual(told(plan.images), edit.elsewhere ?? edit.want);
  });
}

const from = (name: string) => `FROM \${REGISTRY}/${name}:1.0.0`;
const copy = (name: string) => `COPY --from=\${REGISTRY}/${name}:1.0.0 / /`;
const parents: Sources = { lib: { files: { files: 'lib' } }, tool: { files: { files: 'tool' } } };

describe('images of the project', () => {
  for (const [title, before, after, also, want] of [
    [
      'one is no longer taken: it did not change',
      [from('lib'), copy('tool')],
      [from('lib')],
      {},
      [`COPY at ${at(2)} was removed`, 'no longer built from tool'],
    ],
    [
      'one is no longer taken, and is built for another reason',
      [from('lib'), copy('tool')],
      [from('lib')],
      { tool: { files: { files: 'other' } } },
      [`COPY at ${at(2)} was removed`, 'no longer built from tool'],
    ],
    [
      'one is taken besides',
      [from('lib')],
      [from('lib'), copy('tool')],
      {},
      [`instruction at ${at(2)} is new`, 'now built from tool'],
    ],
    [
      'another one is taken',
      [from('lib')],
      [from('tool')],
      {},
      [`instruction at ${at(1)} changed`, 'no longer built from lib', 'now built from tool'],
    ],
    ['one is built', [from('lib')], [from('lib')], { lib: { files: { files: 'other' } } }, ['parent lib is built']],
    [
      'one is built for another platform',
      ['FROM --platform=linux/arm64 ${REGISTRY}/lib:1.0.0'],
      ['FROM --platform=linux/arm64 ${REGISTRY}/lib:1.0.0'],
      { lib: { files: { files: 'other' } } },
      ['parent lib (linux/arm64) is built'],
    ],
  ] as const) {
    test(title, async () => {
      await using workshop = await Workshop.open({ ...parents, ...app(before, {}) });
      await workshop.run(await workshop.plan(), workshop.builder());
      await workshop.write({ ...also, ...app(after, {}) });
      assert.deepEqual(told((await workshop.plan()).plan.images), want);
    });
  }
});

describe('same content', () => {
  const base = (version: string, text: string): Sources => ({
    app: app(['FROM scratch', 'COPY f /'], { f: text }, version)['app']!,
  });
  const plannedIn = async (workshop: Workshop, { client, name: registry }: Registry) =>
    (await workshop.plan({ client, registry })).plan.images;
  type Registry = Awaited<ReturnType<Workshop['registry']>>;

  test('is not said of a tag that the winner of a race has set to other content', async () => {
    await using winner = await Workshop.open(base('1.0.0', 'of the winner'));
    const registry = await winner.registry();
    const { client, name, place } = registry;
    await using loser = await Workshop.open(base('1.0.0', 'of the loser'));
    const late = await loser.plan({ client, registry: name });
    await winner.publish(await winner.plan({ client, registry: name }), place, winner.builder());
    const report = await loser.publish(late, new ProjectRegistry(name, client), loser.builder());
    assert.deepEqual(
      report.failures.map(({ reason }) => reason),
      ['lost-race'],
    );

    await loser.write(base('1.0.1', 'of the loser'));
    const [image] = await plannedIn(loser, registry);
    const reference = `${place.text}/app:1.0.0`;
    assert.deepEqual(image?.reasons[0], { code: 'same-key', reference, in: 'store' });
    assert.deepEqual(told([image!]), [
      `already built: ${reference} in the local store`,
      `${place.text}/app:1.0.1 is missing`,
    ]);
  });

  test('is said of the published version that has it', async () => {
    await using workshop = await Workshop.open(base('1.0.0', 'one'));
    const registry = await workshop.registry();
    const { client, name, place } = registry;
    await workshop.publish(await workshop.plan({ client, registry: name }), place, workshop.builder());
    await workshop.write(base('1.0.1', 'one'));
    const [image] = await plannedIn(workshop, registry);
    assert.deepEqual(image?.reasons[0], { code: 'same-key', reference: `${place.text}/app:latest` });
  });
});
