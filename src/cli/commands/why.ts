import { type Why, whyImage } from '../../orchestrator/plan/why-image.ts';
import { whyJson } from '../../orchestrator/plan/why-json.ts';
import { type ExitStatus, exitStatus, statusOf } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { plannedCommand } from '../planned-command.ts';
import { type PlanOption, prepare } from '../prepare.ts';
import { whyText } from '../render/why.ts';
import type { World } from '../world.ts';

type Option = PlanOption | 'allowLostOwners' | 'json';

/** `cip why`: for each image the first thing that differs from what it was built from. */
export async function run(invocation: Invocation<Option>, world: World): Promise<ExitStatus> {
  const { planned, selectors } = plannedCommand(invocation, 'why');
  const asked = { ...invocation, positionals: selectors };
  const prepared = await prepare(planned, asked, world);
  const answers: Why[] = [];
  for (const image of prepared.plan.images) {
    if (!image.implied) answers.push(await whyImage(image, prepared));
  }
  // Drift is what is explained here; what keeps an image from being built is told besides.
  const failures = prepared.plan.images.flatMap(({ implied, obstacles = [] }) => (implied ? [] : obstacles));
  const document = () => `${JSON.stringify(whyJson(answers, failures), null, 2)}\n`;
  world.print(invocation.options.json ? document() : whyText(answers));
  world.report(failures);
  return failures.length > 0 ? statusOf(failures) : exitStatus.done;
}
