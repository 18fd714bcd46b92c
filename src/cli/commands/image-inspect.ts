import { FailureError } from '../../result.ts';
import { exitStatus } from '../exit-codes.ts';
import { contentOf } from '../image-content.ts';
import { missingImageName } from '../image-failure.ts';
import type { Invocation } from '../invocation.ts';
import { openImage } from '../opened-image.ts';
import { imageContent } from '../render/image-content.ts';
import type { World } from '../world.ts';

/** `cip image inspect`: what an image holds, without its layers. */
export async function run({ options, positionals: [text] }: Invocation<'json'>, world: World) {
  if (text === undefined) throw new FailureError(missingImageName('image inspect'));
  const { name, root, source } = await openImage(text, world);
  const content = await contentOf(root, source, world.signal);
  if (options.json) {
    const document = { schema: 'cip.image-content/v1', name, ...content, failures: [] };
    world.print(`${JSON.stringify(document, null, 2)}\n`);
  } else world.print(imageContent(name, content));
  return exitStatus.done;
}
