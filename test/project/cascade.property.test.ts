import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Cascade, type FileChange, planCascade } from '../../src/project/cascade.ts';
import { arbitraryProject } from './support/arbitrary-project.ts';
import { graphOf, type ProjectFiles, succeeded } from './support/project-files.ts';

const cascadeOf = (files: ProjectFiles) => succeeded(planCascade(graphOf(files)));

/** The files as they are after the cascade. */
function applied(files: ProjectFiles, cascade: Cascade): ProjectFiles {
  const after = new Map(cascade.files.map((change) => [change.file, change.after]));
  const changed = (context: string, texts: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, after.get(`contexts/${context}/${name}`) ?? text]),
    );
  return Object.fromEntries(Object.entries(files).map(([context, texts]) => [context, changed(context, texts)]));
}

test('planCascade() twice is once (Q80)', () =>
  fc.assert(
    fc.property(arbitraryProject, (files) => {
      const again = cascadeOf(applied(files, cascadeOf(files)));
      assert.deepEqual([again.bumps, again.edits, again.files], [[], [], []]);
    }),
  ));

test('planCascade() leaves no stale reference', () =>
  fc.assert(
    fc.property(arbitraryProject, (files) => {
      const graph = graphOf(applied(files, cascadeOf(files)));
      assert.deepEqual(graph.stale, []);
      for (const { pin, to } of graph.edges) {
        if (pin.kind === 'version') assert.equal(pin.version, graph.project.contexts.get(to)?.version);
      }
    }),
  ));

test('planCascade() bumps each image once, exactly those with a stale reference or a bumped parent they name (Q74)', () =>
  fc.assert(
    fc.property(arbitraryProject, (files) => {
      const graph = graphOf(files);
      const { bumps } = succeeded(planCascade(graph));
      const bumped = new Set<string>();
      const stale = new Set(graph.stale.map(({ edge }) => edge));
      for (const name of graph.order) {
        const own = graph.edges.filter(({ from }) => from === name);
        if (own.some((edge) => stale.has(edge) || (edge.pin.kind === 'version' && bumped.has(edge.to))))
          bumped.add(name);
      }
      assert.deepEqual(
        bumps.map(({ name }) => name),
        [...bumped],
      );
    }),
  ));

/** The text without the characters that edits are about, from the first edit on. */
function without({ before, after, file }: FileChange, { edits }: Cascade): readonly [string, string] {
  let [kept, keptAfter, position, positionAfter] = ['', '', 0, 0];
  for (const { at, after: text } of edits.filter((edit) => edit.at.file === file)) {
    kept += before.slice(position, at.offset);
    const end = positionAfter + at.offset - position;
    keptAfter += after.slice(positionAfter, end);
    position = at.offset + at.length;
    positionAfter = end + text.length;
  }
  return [kept + before.slice(position), keptAfter + after.slice(positionAfter)];
}

test('planCascade() changes no character outside of the versions (Q77, Q78)', () =>
  fc.assert(
    fc.property(arbitraryProject, (files) => {
      const cascade = cascadeOf(files);
      for (const change of cascade.files) {
        const [kept, keptAfter] = without(change, cascade);
        assert.equal(keptAfter, kept);
      }
      for (const { before } of cascade.edits) assert.match(before, /^\d+\.\d+\.\d+(?:-rc\.\d+)?$/);
    }),
  ));

test('planCascade() does not depend on the order of directories', () =>
  fc.assert(
    fc.property(
      arbitraryProject.chain((files) =>
        fc.tuple(
          fc.constant(files),
          fc.shuffledSubarray(Object.entries(files), { minLength: Object.keys(files).length }),
        ),
      ),
      ([files, shuffled]) => assert.deepEqual(cascadeOf(Object.fromEntries(shuffled)), cascadeOf(files)),
    ),
  ));
