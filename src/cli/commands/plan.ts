import { suggestionFor } from '../../dockerfile/suggestion.ts';
import { floatingAdvice } from '../../project/dependency-graph.ts';
import { type Failure, FailuresError, failuresOf } from '../../result.ts';
import { concludePlan } from '../conclude-plan.ts';
import type { ExitStatus } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { plannable, plannedCommand } from '../planned-command.ts';
import { type PlanOption, prepare } from '../prepare.ts';
import type { World } from '../world.ts';

type Option = PlanOption | 'allowLostOwners' | 'check' | 'json';

/** `cip plan`: the decisions of build, publish-locally or publish, without doing any of it. */
export async function run(invocation: Invocation<Option>, world: World): Promise<ExitStatus> {
  const { planned, selectors } = plannedCommand(invocation, 'plan');
  const { plan, graph } = await prepare(planned, { ...invocation, positionals: selectors }, world).catch((error) => {
    throw withCommandMeant(error, invocation.positionals[0]);
  });
  const names = new Set(plan.images.map(({ name }) => name));
  const edges = graph.edges.filter(({ from }) => names.has(from));
  for (const notice of floatingAdvice(edges, graph.project)) {
    world.notify(notice, notice.level);
  }
  return concludePlan(plan, invocation.options, world);
}

/** `publihs` is no image: most likely it is one of the commands that can be planned. */
function withCommandMeant(error: unknown, first = ''): unknown {
  const failures = failuresOf(error);
  const meant = suggestionFor(first, plannable);
  if (failures === undefined || meant === undefined) return error;
  const isMeant = ({ reason, subject, meant: image }: Failure) =>
    reason === 'unknown-selector' && subject === first && image === undefined;
  const hint = `did you mean cip plan ${meant}?`;
  return new FailuresError(
    failures.map((one) => (isMeant(one) ? { ...one, hint } : one)),
    { cause: error },
  );
}
