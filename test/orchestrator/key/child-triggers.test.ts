/** `ONBUILD COPY --from=$X` where only the child has X: keys see the image, builds are given it, and nobody is asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amd64, type ImageSources, Workshop } from '../workshop.ts';

const tool = (text: string): ImageSources => ({ dockerfile: 'FROM scratch\nCOPY f /\n', files: { f: text } });
const images: Readonly<Record<string, ImageSources>> = {
  tool: tool('a'),
  other: tool('other'),
  base: { dockerfile: 'FROM scratch\nONBUILD COPY --from=$X / /x\n' },
  child: { dockerfile: 'ARG REGISTRY\nARG X=${REGISTRY}/tool:1.0.0\nFROM ${REGISTRY}/base:1.0.0\nLABEL a=b\n' },
};

test('the key of the child sees what the trigger copies from, and nothing else does', async () => {
  await using workshop = await Workshop.open(images);
  const keys = async () => {
    const all = await workshop.keys();
    return Object.fromEntries((await workshop.graph()).order.map((name) => [name as string, all.keyOf(name, amd64)]));
  };
  const before = await keys();
  await workshop.write({ tool: tool('b') });
  const after = await keys();
  const changed = Object.keys(before).filter((name) => before[name] !== after[name]);
  assert.deepEqual(changed.toSorted(), ['child', 'tool']);
});

test('the plan has the image before the child, the builder is handed it, and no registry is asked', async () => {
  await using workshop = await Workshop.open(images);
  const prepared = await workshop.plan({ select: ['child'] });
  assert.deepEqual(prepared.plan.failures, []);
  assert.deepEqual(prepared.plan.images.map(({ name }) => name as string).toSorted(), ['base', 'child', 'tool']);
  const builder = workshop.builder();
  await workshop.run(prepared, builder);
  const request = builder.requests.find(({ image }) => image === 'child')!;
  assert.deepEqual(Object.keys(request.resolved).toSorted(), [
    'localhost:5000/base:1.0.0',
    'localhost:5000/tool:1.0.0',
  ]);
  assert.deepEqual(request.pinned, {});
  const again = await workshop.plan({ select: ['child'] });
  assert.deepEqual(
    again.plan.images.map(({ action }) => action),
    ['up-to-date'],
  );
});
