import { contextFiles } from '../../context/context-files.ts';
import { FileDigests } from '../../context/file-digests.ts';
import { type LayerChoice, optionOf } from '../../context/layer-choice.ts';
import { epochOf, timeText } from '../../context/source-date-epoch.ts';
import type { Digest } from '../../oci/digest.ts';
import { formatPlace, type PlacedAnnotation } from '../../oci/placed-annotation.ts';
import { formatPlatform, type Platform, samePlatform } from '../../oci/platform.ts';
import { formatRegistry, type RegistryName } from '../../oci/registry-name.ts';
import type { Progress } from '../../progress.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { Project } from '../../project/project.ts';
import type { Failure } from '../../result.ts';
import type { Store } from '../../store/store.ts';
import { comparableKey } from '../key/build-inputs.ts';
import { BuildKeys } from '../key/build-keys.ts';
import { builders } from '../key/build-platforms.ts';
import { type BuildTargets, buildTargets } from '../key/build-targets.ts';
import { type DecidedContexts, decideContexts } from '../key/decided-contexts.ts';
import { type ComparedKeys, type ExplainedKey, keyChanges } from '../key/key-change.ts';
import { neededPlatforms, type UsedParentsOf } from '../key/needed-platforms.ts';
import { runsSteps } from '../key/runs-steps.ts';
import { type KeyedSettings, settingOptions } from '../key/setting-options.ts';
import { stagePlatforms } from '../key/stage-platforms.ts';
import { type PlatformChoice, wantedPlatforms } from '../key/wanted-platforms.ts';
import type { BaseQuestions } from '../state/base-digests.ts';
import { BaseImages } from '../state/base-images.ts';
import { Durations } from '../state/durations.ts';
import { earlierKeys } from '../state/earlier-keys.ts';
import { KeyMemory } from '../state/key-memory.ts';
import { ProjectRegistry, type RepositoryClient } from '../state/project-registry.ts';
import { registryState, type WantedImage } from '../state/registry-state.ts';
import { storeState } from '../state/store-state.ts';
import type { TaggedImage, TaggedImages } from '../state/tagged-images.ts';
import { type OwnersHere, ownersKept } from './owners-here.ts';
import type { Plan } from './plan.ts';
import { planBuild } from './plan-build.ts';
import type { PlanInputs } from './plan-inputs.ts';
import type { Selection } from './selection.ts';

/** What a person asked for, after defaults: nothing in it was looked up. */
export interface PlanRequest {
  readonly graph: DependencyGraph;
  readonly selection: Selection;
  /** Stands before the names of images, and is the value of REGISTRY. */
  readonly registry: RegistryName;
  readonly platforms: PlatformChoice;
  /** That builds. */
  readonly machine: Platform;
  /** Besides REGISTRY. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The stage to build of the images that are selected; the last if not given. */
  readonly target?: string | undefined;
  /** Ask no registry about external images: they are what they were when last seen. */
  readonly offlineBases: boolean;
  /** Which layers images have; one for each step if not given. */
  readonly layers?: LayerChoice | undefined;
  /** Labels of all images, in place of those of their Dockerfiles. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Of all images. */
  readonly annotations?: readonly PlacedAnnotation[] | undefined;
  /** Of all steps. */
  readonly settings?: KeyedSettings | undefined;
  readonly rebuild: boolean;
  readonly onDrift: 'fail' | 'skip';
  /** What a publish does about content whose owners were lost; `refuse` if not given. */
  readonly lostOwners?: 'refuse' | 'allow' | undefined;
  /** What a build will report of a Dockerfile alone, and is better told before; nothing if not given. */
  readonly dockerfileFailures?: ((image: ImageName, platform: Platform) => readonly Failure[]) | undefined;
}

/** The store, registries and the clock: whom a plan asks about the state of things. */
export interface PlanDependencies {
  readonly store: Store;
  /** Given for a publish: the registry is asked what is there. */
  readonly client?: RepositoryClient | undefined;
  /** Asked about external images, by a build too. */
  readonly baseClient: () => Promise<RepositoryClient>;
  /** Asked about what ADD fetches, by a build too. */
  readonly remotes: BaseQuestions['remotes'];
  /** Asked only where it makes a difference; steps keep owners if not given. */
  readonly owners?: (() => Promise<OwnersHere>) | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told of the contexts that are hashed. */
  readonly progress?: Progress | undefined;
}

/** A plan, and what it was made from: running it needs the same. */
export interface PreparedPlan {
  readonly plan: Plan;
  readonly graph: DependencyGraph;
  readonly keys: BuildKeys;
  readonly contexts: DecidedContexts;
  readonly storeState: TaggedImages;
  /** Where the tags are to be; the store itself for a build. */
  readonly targetState: TaggedImages;
  readonly baseImages: BaseImages;
  readonly memory: KeyMemory;
  /** Two keys of one image taken apart, in a form in which they can be compared; undefined where one is not known. */
  readonly comparedKeys: (before: Digest, after: Digest) => ComparedKeys | undefined;
  readonly durations: Durations;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly targets: BuildTargets;
  readonly layers?: LayerChoice | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: readonly PlacedAnnotation[] | undefined;
  readonly machine: Platform;
  /** RFC 3339: what indexes say when they were made, unless a Dockerfile says it. SOURCE_DATE_EPOCH where that is given. */
  readonly created: string;
}

/** Looks at the sources and at what exists, and decides. Reads only, but for notes of what was found. */
export async function preparePlan(
  request: PlanRequest,
  { store, client, baseClient, remotes, owners, now, progress }: PlanDependencies,
  signal: AbortSignal,
): Promise<PreparedPlan> {
  const { graph, selection, registry } = request;
  const names = [...selection.selected, ...selection.implied];
  const buildArgs = { ...request.buildArgs, REGISTRY: formatRegistry(registry) };
  const memory = store.records('file-digests', FileDigests);
  const targets = buildTargets(graph, selection.selected, request.target);
  const project = { graph, buildArgs, targets };
  const [contexts, storeImages] = await Promise.all([
    decideContexts(
      {
        ...project,
        images: withAncestors(names, graph),
        platforms: platformsIn(names, request),
        storeDirectory: store.paths.root,
        progress,
      },
      { files: contextFiles, memory, now },
      signal,
    ),
    storeState(store, signal),
  ]);
  const { layers, labels = {}, annotations = [], settings = {} } = request;
  const named = [
    ...Object.entries(labels).map(([name, value]) => [`--label ${name}`, value] as const),
    ...annotations.map((one) => [`--annotation ${formatPlace(one)}`, one.value] as const),
  ];
  const options = {
    ...settingOptions(settings),
    ...Object.fromEntries([...(layers === undefined ? [] : [optionOf(layers)]), ...named]),
  };
  const keys = new BuildKeys({ ...project, contexts, options });
  const taken: UsedParentsOf = (image, platform, where) =>
    keys.taken(image, platform, where === 'here' ? request.machine : undefined);
  const needed = neededPlatforms(askedPlatforms(names, request), { graph, taken });
  const wanted = wantedImages(needed, graph.project, keys);
  const target =
    client === undefined
      ? storeImages
      : await registryState(wanted, { registry: new ProjectRegistry(registry, client), store }, signal);

  const baseImages = new BaseImages({
    ...project,
    remotesOf: (image, platform) => contexts.remotes(image, platform),
  });
  const questions: BaseQuestions = {
    store,
    client: baseClient,
    remotes,
    whenUnreachable: client === undefined ? 'assume' : 'fail',
    offline: request.offlineBases,
    now,
    // What is published names the digests of its bases as they are in registries.
    isWhole: (reference) => client === undefined && hasPlatforms(storeImages.tags.get(reference), wanted),
    patience,
  };
  const compared = withTaken(comparable(wanted, target, formatRegistry(registry)), taken);
  await baseImages.ask(compared, questions, signal);

  const keyMemory = new KeyMemory(store);
  const durations = new Durations(store);
  const content = (name: ImageName) =>
    client === undefined ? store.blobs : new ProjectRegistry(registry, client).repository(name);
  const sources = { registry: formatRegistry(registry), target, memory: keyMemory, content };
  const earlier = await earlierKeys(wanted, sources, signal);
  const current = new Map(wanted.flatMap((image) => currentKeys(image, keys)));
  const comparedKeys = (before: Digest, after: Digest): ComparedKeys | undefined => {
    const [old, now] = [earlier.get(before), current.get(after)];
    return old && now && { before: old.key, after: old.hasTravelled ? comparableKey(now) : now };
  };
  const inputs: PlanInputs = {
    command: client === undefined ? 'build' : 'publish',
    registry: formatRegistry(registry),
    graph,
    selection,
    platforms: request.platforms,
    machine: request.machine,
    taken,
    keyOf: (image, platform) => keys.keyOf(image, platform),
    bases: baseImages,
    knownFailures: (image, platform) => [
      ...(request.dockerfileFailures?.(image, platform) ?? []),
      ...contexts.missing(image, platform),
    ],
    lostParents: (image, platform) => baseImages.lost(image, platform),
    changesBetween: (before, after) => {
      const compared = comparedKeys(before, after);
      return compared && keyChanges(compared.before, compared.after);
    },
    target,
    store: storeImages,
    estimateOf: await durations.read(),
    rebuild: request.rebuild,
    onDrift: request.onDrift,
    runsSteps: (image, platform) => runsSteps(image, platform, { graph, contexts, keys }),
    lostOwners: request.lostOwners,
  };
  const isWanted = (key: Digest | undefined) => key !== undefined && current.has(key);
  const plan = await planFor(inputs, isWanted, owners ?? (async () => ownersKept));
  await rememberSettled(plan, keys, keyMemory);
  return {
    plan,
    graph,
    keys,
    contexts,
    storeState: storeImages,
    targetState: target,
    baseImages,
    memory: keyMemory,
    comparedKeys,
    durations,
    buildArgs,
    targets,
    layers,
    labels,
    annotations,
    machine: request.machine,
    created: timeText(epochOf(buildArgs) ?? now() / 1000),
  };
}

/** What this machine makes of owners is found out where content is there that has lost them, or is about to be sent. */
async function planFor(
  inputs: PlanInputs,
  isWanted: (key: Digest | undefined) => boolean,
  owners: () => Promise<OwnersHere>,
): Promise<Plan> {
  const isLostIn = ({ tags }: TaggedImages) =>
    [...tags.values()].some(({ platforms }) => platforms.some(({ key, ownersLost }) => ownersLost && isWanted(key)));
  if ([inputs.target, inputs.store].some(isLostIn)) return planBuild({ ...inputs, owners: await owners() });
  const plan = planBuild(inputs);
  const isSent = plan.images.some(({ name, platforms }) =>
    platforms.some(({ source, platform }) => source.from === 'build' && inputs.runsSteps?.(name, platform)),
  );
  return isSent && inputs.command === 'publish' ? planBuild({ ...inputs, owners: await owners() }) : plan;
}

/** Milliseconds that a build waits for a registry where it can go on without. */
const patience = 5_000;

/** What is published and cannot be compared stays as it is, whatever it was built on: its platforms are left out. */
function comparable(wanted: readonly WantedImage[], target: TaggedImages, registry: string) {
  return wanted.map(({ name, version, platforms }) => {
    const tag = target.kind === 'registry' ? target.tags.get(`${registry}/${name}:${version}`) : undefined;
    const isLeft = tag?.platforms.every(({ key }) => key === undefined) === true;
    return { name, platforms: isLeft ? [] : platforms.map(({ platform }) => platform) };
  });
}

/** And the platforms for which their stages may take other images: those may stand on other bases. */
function withTaken(
  images: readonly { readonly name: ImageName; readonly platforms: readonly Platform[] }[],
  taken: UsedParentsOf,
) {
  const all = new Map(images.map(({ name, platforms }) => [name, [...platforms]]));
  const ahead = images.flatMap(({ name, platforms }) => platforms.map((platform) => [name, platform] as const));
  // Grows while it is gone through.
  for (const [name, platform] of ahead) {
    for (const [parent, wanted] of taken(name, platform, 'anywhere')) {
      const known = all.get(parent);
      const isOpen = known !== undefined && known.length > 0 && !known.some((other) => samePlatform(other, wanted));
      if (!isOpen) continue;
      known.push(wanted);
      ahead.push([parent, wanted]);
    }
  }
  return [...all].map(([name, platforms]) => ({ name, platforms }));
}

function hasPlatforms(image: TaggedImage | undefined, wanted: readonly WantedImage[]): boolean {
  const all = wanted.flatMap(({ platforms }) => platforms.map(({ platform }) => platform));
  return all.every((platform) => image?.platforms.some((one) => samePlatform(one.platform, platform)) === true);
}

/** A selection has its ancestors, except that one of all images needs none. */
export function withAncestors(names: readonly ImageName[], graph: DependencyGraph): readonly ImageName[] {
  const all = new Set(names);
  for (const name of all) for (const parent of graph.parents.get(name) ?? []) all.add(parent);
  return [...all];
}

function askedPlatforms(names: readonly ImageName[], { graph, platforms }: PlanRequest) {
  return new Map(names.map((name) => [name, wantedPlatforms(graph.project.contexts.get(name)!, platforms)]));
}

/** All that are asked for, and those that a stage may take an image for. */
function platformsIn(names: readonly ImageName[], request: PlanRequest): readonly Platform[] {
  const { graph, buildArgs } = request;
  const wanted = [...askedPlatforms(names, request).values()].flat();
  const ofStages = [...graph.project.contexts.values()].flatMap(({ dockerfile, dockerfileText }) =>
    dockerfile.stages
      .filter(({ from }) => from.platform !== undefined)
      .flatMap(({ index }) => stagePlatforms(index, { dockerfile, dockerfileText, platform: builders[0], buildArgs })),
  );
  const all = [...wanted, ...builders, ...ofStages];
  return [...new Map(all.map((platform) => [formatPlatform(platform), platform])).values()];
}

/** With the keys of all platforms that a plan may have to do with. */
function wantedImages(
  needed: ReadonlyMap<ImageName, readonly Platform[]>,
  { contexts }: Project,
  keys: BuildKeys,
): readonly WantedImage[] {
  return [...needed].map(([name, platforms]) => ({
    name,
    version: contexts.get(name)!.version,
    platforms: platforms.map((platform) => ({ platform, key: keys.keyOf(name, platform) })),
  }));
}

function currentKeys({ name, platforms }: WantedImage, keys: BuildKeys): readonly (readonly [Digest, ExplainedKey])[] {
  return platforms.map(({ platform, key }) => {
    const { parts, listing, readings } = keys.computed(name, platform);
    return [key, { parts, paths: listing.paths, readings }] as const;
  });
}

/** What was built elsewhere is explained from now on as well: its key shows that these are its sources. */
async function rememberSettled(plan: Plan, keys: BuildKeys, memory: KeyMemory): Promise<void> {
  for (const image of plan.images) {
    if (image.action !== 'up-to-date' && image.action !== 'tag' && image.action !== 'retag') continue;
    for (const { platform } of image.platforms) {
      const { key, parts, listing } = keys.computed(image.name, platform);
      await memory.remember(key, parts, listing);
    }
  }
}
