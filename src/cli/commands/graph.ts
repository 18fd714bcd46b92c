import { exitStatus } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { openProject, type ProjectOption } from '../open-project.ts';
import { drawGraph } from '../render/graph.ts';
import type { World } from '../world.ts';

/** `cip graph`: which image is built on which, on stdout. */
export async function run(invocation: Invocation<ProjectOption | 'format' | 'json'>, world: World) {
  const { options } = invocation;
  const { graph, selection } = await openProject(invocation, world);
  world.print(drawGraph({ graph, images: new Set(selection.selected) }, options.json ? 'json' : options.format));
  return exitStatus.done;
}
