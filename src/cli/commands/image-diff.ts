import { FailureError } from '../../result.ts';
import { exitStatus } from '../exit-codes.ts';
import { contentOf } from '../image-content.ts';
import { imageDifference } from '../image-difference.ts';
import { missingImagesToCompare } from '../image-failure.ts';
import type { Invocation } from '../invocation.ts';
import { openImage } from '../opened-image.ts';
import { imageDiffJson, imageDiffText } from '../render/image-diff.ts';
import type { World } from '../world.ts';

/** `cip image diff`: what differs between two images, wherever they are. */
export async function run({ options, positionals: [before, after] }: Invocation<'times' | 'json'>, world: World) {
  if (before === undefined || after === undefined) throw new FailureError(missingImagesToCompare());
  const [one, other] = [await read(before, world), await read(after, world)];
  const difference = await imageDifference(one, other, { times: options.times, world });
  const names = { before: one, after: other };
  const render = options.json ? imageDiffJson : imageDiffText;
  for (const text of render(names, difference)) world.print(text);
  return difference.equal ? exitStatus.done : exitStatus.differences;
}

async function read(text: string, world: World) {
  const { name, root, source } = await openImage(text, world);
  return { name, source, content: await contentOf(root, source, world.signal) };
}
