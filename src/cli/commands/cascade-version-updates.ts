import { applyCascade } from '../../project/apply-cascade.ts';
import { planCascade } from '../../project/cascade.ts';
import { type ExitStatus, exitStatus } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { openProject, orThrow, type ProjectOption } from '../open-project.ts';
import { cascadeDocument, cascadeSize, cascadeTree } from '../render/cascade.ts';
import type { World } from '../world.ts';

type Options = ProjectOption | 'check' | 'dryRun' | 'allowDowngrade' | 'json';

/** `cip cascade-version-updates`: every reference to the version its parent has now; whoever changes is bumped once. */
export async function run(invocation: Invocation<Options>, world: World): Promise<ExitStatus> {
  const { options } = invocation;
  const { graph } = await openProject(invocation, world);
  const cascade = orThrow(planCascade(graph, { allowDowngrade: options.allowDowngrade }));
  for (const notice of cascade.notices) world.notify(notice, notice.level);
  const isBehind = cascade.bumps.length > 0;
  const isLeft = options.check || options.dryRun;

  if (!isLeft) await applyCascade(cascade, {}, world.signal);
  if (options.json) world.print(`${JSON.stringify(cascadeDocument(cascade), null, 2)}\n`);
  else if (isBehind) world.print(cascadeTree(cascade, graph));
  world.tell(
    isBehind ? `${isLeft ? 'out of date' : 'raised'}: ${cascadeSize(cascade)}\n` : 'all versions are up to date\n',
  );
  if (isLeft && isBehind) world.tell('fix: run cip cascade\n');
  return options.check && isBehind ? exitStatus.differences : exitStatus.done;
}
