/** What a builder is told that keys cover: by the Dockerfile of an image, and by those of the images it is built from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amd64, arm64, onBoth, Workshop } from '../workshop.ts';

const from = (image: string) => `ARG REGISTRY\nFROM \${REGISTRY}/${image}:1.0.0\n`;
const buildArgs = { A: 'a', B: 'b', C: 'c', D: 'd', TARGETOS: 'linux', SOURCE_DATE_EPOCH: '1' };

test('what keys cover is handed to the builder', async () => {
  const before = { dockerfile: 'FROM scratch\nARG C\nONBUILD USER old\n' };
  await using workshop = await Workshop.open({ before });
  const plan = () => workshop.plan({ buildArgs, platforms: onBoth });
  await workshop.run(await plan(), workshop.builder());
  await workshop.write({
    base: { dockerfile: 'FROM scratch AS spare\nARG C\nONBUILD USER c\nFROM scratch\nONBUILD ARG A\n' },
    middle: { dockerfile: `${from('base')}ARG B\nONBUILD USER m\n` },
    child: { dockerfile: `${from('middle')}ARG TARGETOS\n` },
    before: { dockerfile: `${before.dockerfile}LABEL a=b\n`, version: '2.0.0' },
    behind: { dockerfile: from('before') },
  });
  const builder = workshop.builder();
  await workshop.run(await plan(), builder);
  const counted = Object.fromEntries(
    builder.requests.map((request) => {
      assert.deepEqual(Object.keys(request.counted!), ['linux/amd64', 'linux/arm64']);
      const { args, triggers, images } = request.counted!['linux/amd64']!;
      return [request.image, { args: args.toSorted(), triggers: triggers.toSorted(), images: images.toSorted() }];
    }),
  );
  const epoch = 'SOURCE_DATE_EPOCH';
  assert.deepEqual(counted, {
    base: { args: ['A', epoch], triggers: ['ARG A'], images: [] },
    middle: {
      args: ['A', 'B', epoch],
      triggers: ['ARG A', 'USER m'],
      images: ['localhost:5000/base:1.0.0'],
    },
    child: {
      args: ['A', 'B', epoch, 'TARGETOS'],
      triggers: ['ARG A', 'USER m'],
      images: ['localhost:5000/middle:1.0.0'],
    },
    before: { args: ['C', epoch], triggers: ['USER old'], images: [] },
    // Of a version that the project does not hold any more nothing is in a key.
    behind: { args: [epoch], triggers: [], images: ['localhost:5000/before:1.0.0'] },
  });
});

test('what only one platform counts is counted for that alone', async () => {
  await using workshop = await Workshop.open({
    app: { dockerfile: 'FROM scratch AS amd64\nARG A\nFROM scratch AS arm64\nARG B\nFROM ${TARGETARCH}\n' },
  });
  const builder = workshop.builder();
  await workshop.run(await workshop.plan({ buildArgs, platforms: onBoth }), builder);
  const args = Object.values(builder.requests[0]!.counted!).map((one) => one.args.filter((name) => name.length === 1));
  assert.deepEqual(args, [['A'], ['B']]);
});

test('a platform argument that is given counts where a line uses it, declared or not', async () => {
  await using workshop = await Workshop.open({
    uses: { dockerfile: 'FROM --platform=$BUILDPLATFORM localhost:1/x AS a\nFROM scratch\nCOPY --from=a / /\n' },
    plain: { dockerfile: 'FROM scratch\nLABEL a=b\n' },
  });
  const keys = async (value: string) => {
    const all = await workshop.keys({ REGISTRY: 'localhost:5000', BUILDPLATFORM: value });
    return ['uses', 'plain'].map((name) => all.keyOf(name as never, amd64));
  };
  const [before, after] = [await keys('linux/amd64'), await keys('linux/arm64')];
  assert.notEqual(before[0], after[0]);
  assert.equal(before[1], after[1]);
  assert.notDeepEqual(amd64, arm64);
});
