import { basename } from 'node:path';
import type { BuildRequest } from '../../builder.ts';
import { contextFiles } from '../../context/context-files.ts';
import { type DockerfileContext, decideDockerfileContext } from '../../context/dockerfile-context.ts';
import { type DigestMemory, FileDigests } from '../../context/file-digests.ts';
import { imageEpoch } from '../../context/global-values.ts';
import { readIgnoreFile } from '../../context/ignore-file.ts';
import { ignoringStore } from '../../context/ignored-store.ts';
import type { RecordedContext } from '../../context/recorded-context.ts';
import { withAnnotations } from '../../engine/exporter/annotate.ts';
import { exporterFor } from '../../engine/exporter/exporters.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { annotationsAt, annotationsByDocument } from '../../oci/placed-annotation.ts';
import { formatPlatform, hostPlatform } from '../../oci/platform.ts';
import { readIndex } from '../../oci/read-document.ts';
import { familiarReference, formatReference, type Reference } from '../../oci/reference.ts';
import { failureJson } from '../../orchestrator/plan/failure-json.ts';
import { progressOf, watched } from '../../progress.ts';
import { dockerfileNotices } from '../../project/dockerfile-notices.ts';
import type { Notice } from '../../project/project.ts';
import { type Failure, FailureError, FailuresError, failuresOf, type Reason } from '../../result.ts';
import { systemErrorCode } from '../../store/failure.ts';
import type { Store } from '../../store/store.ts';
import { tellChecked } from '../check-image.ts';
import { endangeredInputs } from '../endangered-inputs.ts';
import { type ExitStatus, exitStatus } from '../exit-codes.ts';
import { exportServices } from '../export-services.ts';
import { bug, systemFailure } from '../failure.ts';
import { givenContexts } from '../given-contexts.ts';
import { invalidTag } from '../image-failure.ts';
import { writeImageFiles } from '../image-files.ts';
import { certainMistakes, explainedWithoutProject, likeStages, unusedGifts } from '../image-mistakes.ts';
import { findImageSource, type ImageSource, type ImageSourceOption } from '../image-source.ts';
import type { Invocation } from '../invocation.ts';
import { layerChoice } from '../layer-choice.ts';
import { misplacedAnnotations } from '../misplaced-annotations.ts';
import { orThrow } from '../open-project.ts';
import { type ExpectedOutputs, expectOutputs, isToStandardOutput, namesInStore, waysOut } from '../outputs.ts';
import { readableSecrets } from '../readable-secrets.ts';
import { withSettledEpoch } from '../settled-epoch.ts';
import { sshSources } from '../ssh-sources.ts';
import { type StepOption, settingsOf } from '../step-settings.ts';
import { writeToStandardOutput } from '../to-standard-output.ts';
import { unknownStages } from '../unknown-stages.ts';
import type { World } from '../world.ts';

type BuildImageOption =
  | ImageSourceOption
  | (
      | 'tag'
      | 'secret'
      | 'buildContext'
      | 'ssh'
      | StepOption
      | 'push'
      | 'load'
      | 'output'
      | 'iidfile'
      | 'trace'
      | 'cacheTo'
      | 'metadataFile'
      | 'noCache'
      | 'commit'
      | 'squash'
      | 'label'
      | 'annotation'
      | 'noCacheFilter'
      | 'checkOnly'
      | 'problemFormat'
      | 'json'
    );

/** `cip build-image`: one Dockerfile, with no project around it, into the store, files and registries. */
export async function run(invocation: Invocation<BuildImageOption>, world: World): Promise<ExitStatus> {
  const { options } = invocation;
  const tags = options.tag.map(nameOf);
  const names = namesInStore(options.output, tags);
  const layers = layerChoice(options);
  const expected = await expectOutputs(options, tags, world).catch((error: unknown) => {
    world.abandonTrace();
    throw error;
  });
  const found = await findImageSource(invocation, world);
  const { contexts, resolved } = await givenContexts({ ...options, platforms: found.platforms }, world);
  const source = await withSettledEpoch({ ...found, contexts }, options, world);
  const secrets = await readableSecrets(options, world);
  const ssh = await sshSources(options, world);
  const context = await contextOf(source, 'counted', world);
  const endangered = await endangeredInputs(options, source, world);
  if (endangered.length > 0) world.abandonTrace();
  const mistakes = [
    ...unknownStages(options.noCacheFilter, [source.dockerfile]),
    ...misplacedAnnotations(options, source.platforms),
    ...endangered,
    ...(await certainMistakes(source, context, world)),
  ];
  const unused = unusedGifts(source, { secrets, ssh }, world);
  const { ignore } = context.context;
  if (options.checkOnly) return tellChecked(source, { mistakes, unused, ignore }, { options, world });
  // Also where a mistake fails the build: what was given for nothing is most likely a slip that has to do with it.
  tell([...dockerfileNotices(source.dockerfile), ...unused], world);
  if (mistakes.length > 0) throw new FailuresError(mistakes);
  const title =
    names[0] === undefined
      ? basename(source.context.address ?? world.resolve(invocation.positionals[0]!))
      : familiarReference(names[0]);
  world.renderer.begin({ title: `Building ${title}`, images: [title], lastEvent: 'image-finished' });

  const start = world.surroundings.now();
  const reached: Reached = { names: [], pushed: [] };
  const building = {
    source,
    title,
    secrets,
    ssh,
    settings: settingsOf(options),
    context: context.context,
    resolved,
    layers,
    tags,
    expected,
  };
  const whole = { progress: progressOf(world.progress, { image: title }), kind: 'image', name: title } as const;
  const making = watched(whole, () => made(building, { options, reached }, world));
  const { digest } = await making.catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    if (options.json) printReached(reached, error, world);
    if (!world.signal.aborted)
      world.progress.emit({
        type: 'image-failed',
        image: title,
        message,
        failures: failuresOf(error),
        code: systemErrorCode(error),
      });
    throw error;
  });
  // The digest that is printed below: whoever gets the image elsewhere gets it compressed, under another one.
  const duration = world.surroundings.now() - start;
  world.progress.emit({ type: 'image-finished', image: title, digest, duration });
  await world.renderer.close();
  tell(likeStages(source), world);
  const shown = names.map(formatReference);
  const lines = shown.length === 0 ? `${digest}\n` : shown.map((name) => `${name}@${digest}\n`).join('');
  if (options.json) world.print(documentOf({ digest, ...reached, failures: [] }));
  // The tar has standard output to itself.
  else if (options.output.some(isToStandardOutput)) world.tell(lines);
  else world.print(lines);
  return exitStatus.done;
}

/** Names under which the image is there by now, in full. */
interface Reached {
  /** In the store. */
  names: readonly string[];
  /** In registries. */
  readonly pushed: string[];
}

/** `cip.image/v1` */
function documentOf(document: Reached & { readonly digest?: Digest; readonly failures: readonly Failure[] }): string {
  const { failures, ...found } = document;
  const shown = failures.map((failure) => failureJson(failure));
  return `${JSON.stringify({ schema: 'cip.image/v1', ...found, failures: shown }, null, 2)}\n`;
}

/** What others can see already stays there, whatever went wrong then. */
function printReached(reached: Reached, error: unknown, { signal, print }: World): void {
  const why: unknown = signal.aborted ? signal.reason : error;
  print(documentOf({ ...reached, failures: failuresOf(why) ?? [systemFailure(why) ?? bug(why)] }));
}

/** Builds the image and brings it where it is wanted: what it is at the last of these places. Adds to `reached`. */
async function made(
  building: Building,
  { options, reached }: { readonly options: Invocation<BuildImageOption>['options']; readonly reached: Reached },
  world: World,
): Promise<Descriptor> {
  const { source, tags, expected } = building;
  const store = await world.store();
  const index = await build(building, options, world);
  const isOne = source.platforms.length === 1;
  const image = isOne
    ? await onlyManifest(index, store, world.signal)
    : withAnnotations(index, annotationsAt(options.annotation, 'index-descriptor'));
  const services = await exportServices(world, (reference) => reached.pushed.push(reference));
  const { session } = store;
  const ways = waysOut(options, tags, {
    resolve: world.resolve,
    tempPath: (purpose) => session.tempPath(purpose),
    mtime: imageEpoch({
      dockerfile: source.dockerfile,
      platform: source.platforms[0]!,
      buildPlatform: hostPlatform(world.surroundings.arch),
      buildArgs: source.buildArgs,
      targetStage: source.target,
    }),
    expected,
  });
  let sent = image;
  for (const { to, names, passedOn } of ways) {
    const exported = await exporterFor(to, services).export({ image, names }, world.signal);
    // Of its files alone nobody can tell the image; the daemon's is that of the store.
    if (to.type !== 'tar' && to.type !== 'local' && to.type !== 'load') sent = exported;
    if (passedOn !== undefined) await writeToStandardOutput(passedOn, world);
    if (to.type === 'store') reached.names = names.map(formatReference);
  }
  await writeImageFiles({ image: sent, names: ways[0]!.names }, options, world);
  return sent;
}

function tell(notices: readonly Notice[], world: World): void {
  for (const notice of notices) world.notify(notice, notice.level);
}

/** A digest names what is there, and not what is to be. */
function nameOf(reference: Reference): Reference {
  if (reference.digest !== undefined) throw new FailureError(invalidTag(familiarReference(reference)));
  return reference;
}

interface Building {
  readonly source: ImageSource;
  /** Images of the store that contexts are. */
  readonly resolved: BuildRequest['resolved'];
  readonly title: string;
  readonly secrets: BuildRequest['secrets'];
  readonly expected: ExpectedOutputs;
  readonly ssh: BuildRequest['ssh'];
  readonly layers: BuildRequest['layers'];
  readonly settings: BuildRequest['settings'];
  /** Of `--tag`. */
  readonly tags: readonly Reference[];
  /** What the Dockerfile says that it reads. */
  readonly context: RecordedContext;
}

async function build(
  { source, title, resolved, secrets, ssh, settings, layers, context: counted }: Building,
  {
    noCache,
    noCacheFilter,
    label,
    annotation,
  }: Pick<Invocation<BuildImageOption>['options'], 'noCache' | 'noCacheFilter' | 'label' | 'annotation'>,
  world: World,
): Promise<Descriptor> {
  const store = await world.store();
  const { dockerfile, text, target, buildArgs, platforms, contexts } = source;
  // What was built before is there under its name in full.
  const local = Object.fromEntries(await store.refs.list());
  const request = (context: RecordedContext) => ({
    image: title,
    contextDir: source.context.directory,
    dockerfile: { file: dockerfile.file, text },
    context,
    contexts,
    target,
    buildArgs,
    platforms,
    secrets,
    ssh,
    settings,
    resolved: { ...local, ...resolved },
    pinned: {},
    annotations: annotationsByDocument(annotation, platforms.map(formatPlatform)),
    layers,
    labels: Object.fromEntries(label),
    noCache,
    noCacheStages: noCacheFilter,
  });
  const buildOn = async (context: RecordedContext) =>
    (await world.builder.build(request(context), world.progress, world.signal)).image;
  try {
    return await buildOn(counted).catch(async (error: unknown) => {
      // A trigger of a base image reads more than the Dockerfile says.
      const isMore = failuresOf(error)?.some(({ reason }) => notCounted.has(reason));
      if (!isMore) throw error;
      return await buildOn((await contextOf(source, 'whole', world)).context);
    });
  } catch (error) {
    throw explainedWithoutProject(error, source);
  }
}

const notCounted: ReadonlySet<Reason> = new Set(['context-not-counted', 'stage-not-counted']);

async function contextOf(
  { context: { directory, path, isUnpacked }, file, dockerfile, target, buildArgs, platforms, contexts }: ImageSource,
  part: 'counted' | 'whole',
  world: World,
): Promise<DockerfileContext> {
  const { arch, now } = world.surroundings;
  const inputs = { dockerfile, target, platforms, buildPlatform: hostPlatform(arch), buildArgs, contexts };
  const written = isUnpacked ? [] : orThrow(await readIgnoreFile(directory, path, file));
  const memory = isUnpacked ? noMemory : (await world.store()).records('file-digests', FileDigests);
  const ignore = await ignoringStore(written, { context: directory, store: world.storeDirectory });
  const hash = { progress: world.progress, kind: 'hash', name: `context ${path}` } as const;
  return await watched(hash, () =>
    decideDockerfileContext(
      { root: { directory, ignore }, inputs: { ...inputs, whole: part === 'whole' } },
      { files: contextFiles, memory, now },
      world.signal,
    ),
  );
}

/** Of directories that no later run meets again. */
const noMemory: DigestMemory = { get: async () => undefined, append: async () => {} };

/** What other builders make of one platform: its manifest, without an index. */
async function onlyManifest(index: Descriptor, store: Store, signal: AbortSignal): Promise<Descriptor> {
  const { value } = await readIndex(store.blobs, index, signal);
  return value.manifests[0]!;
}
