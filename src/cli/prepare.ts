import { isSeconds, sourceDateEpoch } from '../context/source-date-epoch.ts';
import { hostPlatform } from '../oci/platform.ts';
import { formatRegistry, type RegistryName } from '../oci/registry-name.ts';
import { buildTargets, targetFailures } from '../orchestrator/key/build-targets.ts';
import { sentWithLostOwners } from '../orchestrator/plan/failure.ts';
import { type Plan, sentWithoutOwners } from '../orchestrator/plan/plan.ts';
import { type PreparedPlan, preparePlan, withAncestors } from '../orchestrator/plan/prepare-plan.ts';
import { ProjectRegistry } from '../orchestrator/state/project-registry.ts';
import {
  type EpochQuestions,
  type EpochsInputs,
  type SettledEpochs,
  settledEpochs,
} from '../orchestrator/state/settled-epochs.ts';
import type { DependencyGraph } from '../project/dependency-graph.ts';
import { aheadFailures, staleGroupFailure, staleGroups } from '../project/stale.ts';
import { FailureError, FailuresError } from '../result.ts';
import { dockerfileFailures } from './dockerfile-failures.ts';
import { noIndexDescriptor } from './image-failure.ts';
import type { Invocation } from './invocation.ts';
import { layerChoice } from './layer-choice.ts';
import { type OpenProject, openProject, type ProjectOption } from './open-project.ts';
import type { OptionValues } from './options.ts';
import { platformChoice } from './platform-choice.ts';
import { readableSecrets } from './readable-secrets.ts';
import { requiredRemote } from './required-remote.ts';
import { type StepOption, settingsOf } from './step-settings.ts';
import { unknownStages } from './unknown-stages.ts';
import { undeclaredArguments } from './unused-arguments.ts';
import { unusedAgents, unusedSecrets } from './unused-secrets.ts';
import type { World } from './world.ts';

/** The options that a plan is made from. */
export type PlanOption =
  | ProjectOption
  | 'defaultPlatforms'
  | 'platform'
  | 'onlyLocalPlatform'
  | 'offlineBases'
  | 'noCache'
  | 'commit'
  | 'squash'
  | 'label'
  | 'annotation'
  | 'noCacheFilter'
  | StepOption;

/** What is to be planned: one of the three commands that build, and the registry that its images are named for. */
export interface PlannedCommand {
  readonly command: 'build' | 'publish-locally' | 'publish';
  readonly registry: RegistryName;
  /** What is done about content whose owners were lost: the local registry is for this machine, whatever it has. */
  readonly lostOwners: 'refuse' | 'allow';
}

/**
 * A publish to the remote registry, which is for machines that have users; one that is the local registry as well is for
 * this machine, whatever it has (ADR 0025). `typed`: the command, where it is another one that plans it.
 */
export function plannedPublish(
  invocation: Invocation<'remoteRegistry' | 'localRegistry' | 'allowLostOwners'>,
  typed?: string,
): PlannedCommand {
  const { allowLostOwners, localRegistry } = invocation.options;
  const registry = requiredRemote(invocation, typed);
  const lostOwners = allowLostOwners || registry.host === localRegistry.host ? 'allow' : 'refuse';
  return { command: 'publish', registry, lostOwners };
}

/** Looks at the project, the store and, to publish, at the registry, and decides what to do. Changes nothing. */
export async function prepare(
  { command, registry, lostOwners }: PlannedCommand,
  invocation: Invocation<PlanOption> & { readonly options: Partial<OptionValues<'secret' | 'ssh'>> },
  world: World,
): Promise<PreparedPlan & { readonly project: DependencyGraph['project'] }> {
  const { now, arch } = world.surroundings;
  const layers = layerChoice(invocation.options);
  const labels = Object.fromEntries(invocation.options.label);
  const { annotation: annotations } = invocation.options;
  const descriptor = annotations.find(({ level }) => level === 'index-descriptor');
  if (descriptor !== undefined) throw new FailureError(noIndexDescriptor(descriptor.name));
  const opened = await openProject(invocation, world);
  const { selection, target } = opened;
  const needed = new Set([...selection.selected, ...selection.implied]);
  const ahead = aheadFailures(opened.graph.stale.filter(({ edge }) => needed.has(edge.from)));
  if (ahead.length > 0) throw new FailuresError(ahead);
  const targets = buildTargets(opened.graph, selection.selected, target);
  const noStage = targetFailures(opened.graph, targets);
  if (noStage.length > 0) throw new FailuresError(noStage);
  const dockerfiles = [...needed].map((name) => opened.graph.project.contexts.get(name)!.dockerfile);
  const noFilter = unknownStages(invocation.options.noCacheFilter, dockerfiles);
  if (noFilter.length > 0) throw new FailuresError(noFilter);
  const secrets = (invocation.options.secret ?? []).map(({ id }) => id);
  const agents = (invocation.options.ssh ?? []).map(({ id }) => id);
  const unused = [
    ...undeclaredArguments(opened.buildArgs, dockerfiles),
    ...unusedSecrets(secrets, dockerfiles),
    ...unusedAgents(agents, dockerfiles),
  ];
  for (const notice of unused) world.notify(notice, notice.level);
  const client = command === 'build' ? undefined : await world.registryClient();
  // Before any file is hashed: what is no registry cannot be published to.
  if (client !== undefined) await new ProjectRegistry(registry, client).reach(world.progress, world.signal);
  const platforms = platformChoice(command, invocation, arch);
  const machine = hostPlatform(arch);
  const { offlineBases } = invocation.options;
  const remotes = async () => {
    const sources = await world.remoteSources();
    sources.logins.give(await readableSecrets({ secret: invocation.options.secret ?? [] }, world));
    return sources;
  };
  const { graph, buildArgs, assumptions } = await withEpochs(
    { ...opened, images: withAncestors([...needed], opened.graph), targets, machine },
    { remotes, whenUnreachable: client === undefined ? 'assume' : 'fail', offline: offlineBases },
    world.signal,
  );
  const values = { ...buildArgs, REGISTRY: formatRegistry(registry) };
  const request = {
    graph,
    selection,
    registry,
    platforms,
    machine,
    buildArgs,
    target,
    dockerfileFailures: dockerfileFailures({ graph, buildArgs: values, targets, machine }),
  };
  const { noCache, noCacheFilter } = invocation.options;
  const rebuild = noCache || noCacheFilter.length > 0;
  const prepared = await preparePlan(
    {
      ...request,
      offlineBases,
      rebuild,
      layers,
      labels,
      annotations,
      settings: settingsOf(invocation.options),
      onDrift: 'fail',
      lostOwners,
    },
    {
      store: await world.store(),
      client,
      baseClient: () => world.registryClient(),
      remotes,
      owners: () => world.owners(),
      now,
      progress: world.progress,
    },
    world.signal,
  );
  for (const message of new Set([...assumptions, ...prepared.baseImages.assumptions()])) world.tell(`${message}\n`);
  for (const message of keptWithout(prepared)) world.tell(`${message}\n`);
  warnOfStale(prepared.plan, graph, world);
  if (command !== 'build' && lostOwners === 'allow') warnOfOwners(prepared.plan, world);
  return { ...prepared, project: graph.project };
}

/** The project with the times that its Dockerfiles look up elsewhere, and the build arguments that are the same for all images. */
async function withEpochs(
  { graph, ...inputs }: Omit<EpochsInputs, 'contexts'> & { readonly graph: DependencyGraph },
  questions: EpochQuestions,
  signal: AbortSignal,
): Promise<Pick<OpenProject, 'graph' | 'buildArgs'> & Pick<SettledEpochs, 'assumptions'>> {
  const { contexts, assumptions } = await settledEpochs({ ...inputs, ...graph.project }, questions, signal);
  const { [sourceDateEpoch]: epoch, ...others } = inputs.buildArgs;
  const isOfAll = epoch === undefined || epoch === '' || isSeconds(epoch);
  const settled = { ...graph, project: { ...graph.project, contexts } };
  return { graph: settled, buildArgs: isOfAll ? inputs.buildArgs : others, assumptions };
}

/** What images that are up to date were made of and is there no more, as far as anybody can tell: the next build of them fails. */
function keptWithout({ plan, baseImages }: PreparedPlan): ReadonlySet<string> {
  const kept = plan.images.filter(({ action }) => action === 'up-to-date');
  return new Set(
    kept.flatMap(({ name, platforms }) =>
      platforms
        .flatMap(({ platform }) => baseImages.unknown(name, platform))
        .map(({ failure }) => `${failure.message}: ${name} stays as it is, and could not be built again`),
    ),
  );
}

function warnOfOwners({ images }: Plan, world: World): void {
  const lost = sentWithoutOwners(images);
  if (lost.length > 0) world.notify(sentWithLostOwners(lost), 'warning');
}

/** A forgotten cascade, once for each image that is named by another version; not where it forbids the plan anyway. */
function warnOfStale({ images, failures }: Plan, graph: DependencyGraph, world: World): void {
  const planned = new Set(images.map(({ name }) => name));
  for (const group of staleGroups(graph.stale.filter(({ edge }) => planned.has(edge.from)))) {
    const warning = staleGroupFailure(group);
    if (failures.some(({ reason, subject }) => reason === warning.reason && subject === warning.subject)) continue;
    world.notify(warning, 'warning');
  }
}
