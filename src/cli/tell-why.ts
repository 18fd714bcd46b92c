import type { PreparedPlan } from '../orchestrator/plan/prepare-plan.ts';
import { whyImage } from '../orchestrator/plan/why-image.ts';
import { describeTold } from '../orchestrator/plan/why-words.ts';
import type { World } from './world.ts';

/** With `-v`, says of each image that is about to be built what differs first, as `cip why` has it. */
export async function tellWhy(prepared: PreparedPlan, verbose: number, { progress }: World): Promise<void> {
  if (verbose === 0) return;
  for (const image of prepared.plan.images) {
    if (image.action !== 'build') continue;
    const [first] = (await whyImage(image, prepared)).causes;
    if (first !== undefined) {
      progress.emit({ type: 'notice', image: image.name, message: `why: ${describeTold(first)}` });
    }
  }
}
