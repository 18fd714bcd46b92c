import type { RegistryName } from '../oci/registry-name.ts';
import { mirror, pull } from '../orchestrator/publish/transfer.ts';
import { ProjectRegistry } from '../orchestrator/state/project-registry.ts';
import { type ExitStatus, statusOf } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import { expectLoading, loadImages } from './load-images.ts';
import { openProject, type ProjectOption } from './open-project.ts';
import type { OptionValues } from './options.ts';
import { duration } from './render/duration.ts';
import { transferCounts } from './render/transfer.ts';
import type { World } from './world.ts';

/** The options of the commands that move images as they are. */
export type TransferOption = ProjectOption | 'requireAll' | 'stopOnFirstError' | 'keepGoing' | 'json';

/** From a registry, to another or to the store. */
export interface RegistryRoute {
  readonly command: string;
  readonly from: RegistryName;
  readonly to: RegistryName | 'store';
  /** Where what is in the store then is loaded. */
  readonly load?: OptionValues<'load'>['load'];
}

/** Copies the selected images, whole and as they are; those that are there already are left alone. */
export async function transferImages(
  { command, from, to, load }: RegistryRoute,
  invocation: Invocation<TransferOption>,
  world: World,
): Promise<ExitStatus> {
  const { options } = invocation;
  const start = world.surroundings.now();
  const { graph, selection } = await openProject(invocation, world);
  const { selected } = selection;
  const request = {
    images: selected.map((name) => ({ name, version: graph.project.contexts.get(name)!.version })),
    requireAll: options.requireAll,
    keepGoing: options.keepGoing || !options.stopOnFirstError,
  };
  const contexts = new Map(selected.map((name) => [name, graph.project.contexts.get(name)!]));
  const loadings = to === 'store' ? await expectLoading(load, contexts, world) : [];
  const client = await world.registryClient();
  const source = new ProjectRegistry(from, client);
  const target = to === 'store' ? 'the store' : new ProjectRegistry(to, client);
  const registries = typeof target === 'string' ? [source] : [source, target];
  const { progress, signal } = world;
  await Promise.all(registries.map((registry) => registry.reach(progress, signal)));
  world.renderer.begin({
    title: `Copying from ${source.text} to ${typeof target === 'string' ? target : target.text}`,
    images: selected,
    lastEvent: 'image-pushed',
  });
  const transferred =
    typeof target === 'string'
      ? await pull(request, { from: source, to: await world.store(), progress }, signal)
      : await mirror(request, { from: source, to: target, progress }, signal);

  if (to === 'store' && transferred.copied.length > 0) world.storeGrew();
  const there = request.images.map(({ name, version }) => ({ name, reference: source.reference(name, version) }));
  const whole = new Set([...transferred.copied, ...transferred.present].map((line) => line.replace(/@.*$/, '')));
  const unloaded = await loadImages(
    there.filter(({ reference }) => whole.has(reference)),
    loadings,
    world,
  );
  const report = { ...transferred, failures: [...transferred.failures, ...unloaded] };
  await world.renderer.close();
  if (report.failures.length > 0) world.report(report.failures);
  world.tell(`${transferCounts(report)} in ${duration(world.surroundings.now() - start)}\n`);
  if (options.json) {
    world.print(`${JSON.stringify({ schema: 'cip.transfer/v1', command, ...report }, null, 2)}\n`);
  } else world.print(report.copied.map((line) => `${line}\n`).join(''));
  return statusOf(report.failures);
}
