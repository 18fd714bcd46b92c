import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { contextFiles } from '../../context/context-files.ts';
import { type DockerfileContext, decideDockerfileContext } from '../../context/dockerfile-context.ts';
import { type DigestMemory, FileDigests } from '../../context/file-digests.ts';
import { readIgnoreFile } from '../../context/ignore-file.ts';
import { ignoringStore } from '../../context/ignored-store.ts';
import type { RecordedContext } from '../../context/recorded-context.ts';
import type { ExportServices } from '../../engine/exporter/exporter.ts';
import { exporterFor, type Output } from '../../engine/exporter/exporters.ts';
import { outputPlace } from '../../engine/exporter/output-place.ts';
import { PushPreparation } from '../../engine/exporter/push-preparation.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { hostPlatform } from '../../oci/platform.ts';
import { readIndex } from '../../oci/read-document.ts';
import { familiarReference, formatReference, type Reference } from '../../oci/reference.ts';
import { failureJson } from '../../orchestrator/plan/failure-json.ts';
import { dockerfileNotices } from '../../project/dockerfile-notices.ts';
import type { Notice } from '../../project/project.ts';
import { type Failure, FailureError, FailuresError, failuresOf } from '../../result.ts';
import { systemErrorCode } from '../../store/failure.ts';
import type { Store } from '../../store/store.ts';
import { tellChecked } from '../check-image.ts';
import { type ExitStatus, exitStatus } from '../exit-codes.ts';
import { bug, contradictoryOptions, systemFailure } from '../failure.ts';
import { invalidTag, noDirectoryFor, nothingToPush, outputToTerminal } from '../image-failure.ts';
import { certainMistakes, explainedWithoutProject, likeStages, unusedGifts } from '../image-mistakes.ts';
import { findImageSource, type ImageSource, type ImageSourceOption } from '../image-source.ts';
import type { Invocation } from '../invocation.ts';
import { orThrow } from '../open-project.ts';
import type { ImageOutput } from '../options/image-output.ts';
import { readableSecrets } from '../prepare.ts';
import { toStandardOutput, writeToStandardOutput } from '../to-standard-output.ts';
import type { World } from '../world.ts';

type BuildImageOption =
  | ImageSourceOption
  | 'tag'
  | 'secret'
  | 'push'
  | 'output'
  | 'noCache'
  | 'checkOnly'
  | 'problemFormat'
  | 'json';

/** `cip build-image`: one Dockerfile, with no project around it, into the store, files and registries. */
export async function run(invocation: Invocation<BuildImageOption>, world: World): Promise<ExitStatus> {
  const { options } = invocation;
  const names = options.tag.map(nameOf);
  if (options.push && names.length === 0) throw new FailureError(nothingToPush());
  await expectWritable(options, world);
  const source = await findImageSource(invocation, world);
  const secrets = await readableSecrets(options, world);
  const context = await contextOf(source, 'counted', world);
  const mistakes = await certainMistakes(source, context, world);
  if (options.checkOnly) return tellChecked(source, { mistakes, ignore: context.context.ignore }, { options, world });
  if (mistakes.length > 0) throw new FailuresError(mistakes);
  tell([...dockerfileNotices(source.dockerfile), ...unusedGifts(source, secrets)], world);
  const title =
    names[0] === undefined ? basename(world.resolve(invocation.positionals[0]!)) : familiarReference(names[0]);
  world.renderer.begin({ title: `Building ${title}`, images: [title], lastEvent: 'image-finished' });

  const start = world.surroundings.now();
  const reached: Reached = { names: [], pushed: [] };
  const building = { source, title, secrets, context: context.context, names };
  const { digest } = await made(building, { options, reached }, world).catch((error: unknown) => {
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
  const { source, names } = building;
  const store = await world.store();
  const index = await build(building, options, world);
  const isOne = source.platforms.length === 1;
  const image = isOne ? await onlyManifest(index, store, world.signal) : index;
  const services: ExportServices = {
    store,
    preparation: new PushPreparation(store),
    repository: async ({ registry, repository }) => (await world.registryClient()).repository({ registry, repository }),
    progress: {
      ...world.progress,
      emit(event) {
        if (event.type === 'image-pushed') reached.pushed.push(event.reference);
        world.progress.emit(event);
      },
    },
  };
  let sent = image;
  for (const { to, passedOn } of outputsOf(options, store, world)) {
    sent = await exporterFor(to, services).export({ image, names }, world.signal);
    if (passedOn !== undefined) await writeToStandardOutput(passedOn, world);
    if (to.type === 'store') reached.names = names.map(formatReference);
  }
  return sent;
}

function tell(notices: readonly Notice[], world: World): void {
  for (const notice of notices) world.notify(notice, notice.level);
}

/**
 * In the order in which they are made: what fails is told before anybody else sees the image. `passedOn`: a file that is to be
 * written to standard output, and removed.
 */
function outputsOf(
  { output, push }: Invocation<BuildImageOption>['options'],
  { session }: Store,
  world: World,
): readonly { readonly to: Output; readonly passedOn?: string | undefined }[] {
  const files = output.map((one) => {
    const passedOn = isToStandardOutput(one) ? session.tempPath('output') : undefined;
    return { to: { type: 'oci', dest: passedOn ?? world.resolve(one.dest), tar: one.tar } as const, passedOn };
  });
  return [{ to: { type: 'store' } }, ...files, ...(push ? [{ to: { type: 'registry' } as const }] : [])];
}

function isToStandardOutput({ dest }: ImageOutput): boolean {
  return dest === toStandardOutput;
}

/** Standard output is for one tar, or for one document, and not for people. */
function standardOutputFailures({ output, json }: Invocation<BuildImageOption>['options'], world: World): Failure[] {
  const count = output.filter(isToStandardOutput).length;
  if (count === 0) return [];
  const flag = '--output type=oci,dest=-';
  return [
    ...(count > 1 ? [contradictoryOptions(flag, flag)] : []),
    ...(json ? [contradictoryOptions(flag, '--json')] : []),
    ...(world.surroundings.stdout.isTTY ? [outputToTerminal()] : []),
  ];
}

/** Before anything is built: a slip in a path would make directories that nobody wants, or cost the whole build. */
async function expectWritable(options: Invocation<BuildImageOption>['options'], world: World): Promise<void> {
  const failures = standardOutputFailures(options, world);
  for (const { dest, tar } of options.output.filter((one) => !isToStandardOutput(one))) {
    const parent = dirname(dest);
    const isThere = await stat(world.resolve(parent)).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isThere) failures.push(noDirectoryFor(dest, parent));
    else
      await outputPlace({ dest: world.resolve(dest), tar }).catch((error) => failures.push(...failuresOrThrow(error)));
  }
  if (failures.length > 0) throw new FailuresError(failures);
}

function failuresOrThrow(error: unknown): readonly Failure[] {
  const failures = failuresOf(error);
  if (failures === undefined) throw error;
  return failures;
}

/** A digest names what is there, and not what is to be. */
function nameOf(reference: Reference): Reference {
  if (reference.digest !== undefined) throw new FailureError(invalidTag(familiarReference(reference)));
  return reference;
}

interface Building {
  readonly source: ImageSource;
  readonly title: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly names: readonly Reference[];
  /** What the Dockerfile says that it reads. */
  readonly context: RecordedContext;
}

async function build(
  { source, title, secrets, context: counted }: Building,
  { noCache }: Pick<Invocation<BuildImageOption>['options'], 'noCache'>,
  world: World,
): Promise<Descriptor> {
  const store = await world.store();
  const { dockerfile, text, target, buildArgs, platforms } = source;
  // What was built before is there under its name in full.
  const local = Object.fromEntries(await store.refs.list());
  const request = (context: RecordedContext) => ({
    image: title,
    contextDir: source.context.directory,
    dockerfile: { file: dockerfile.file, text },
    context,
    target,
    buildArgs,
    platforms,
    secrets,
    resolved: local,
    pinned: {},
    annotations: { manifests: {}, index: {} },
    noCache,
  });
  const buildOn = async (context: RecordedContext) =>
    (await world.builder.build(request(context), world.progress, world.signal)).image;
  try {
    return await buildOn(counted).catch(async (error: unknown) => {
      // A trigger of a base image reads more than the Dockerfile says.
      const isMore = failuresOf(error)?.some(({ reason }) => reason === 'context-not-counted');
      if (!isMore) throw error;
      return await buildOn((await contextOf(source, 'whole', world)).context);
    });
  } catch (error) {
    throw explainedWithoutProject(error, source);
  }
}

async function contextOf(
  { context: { directory, path, isUnpacked }, file, dockerfile, target, buildArgs, platforms }: ImageSource,
  part: 'counted' | 'whole',
  world: World,
): Promise<DockerfileContext> {
  const { arch, now } = world.surroundings;
  const inputs = { dockerfile, target, platforms, buildPlatform: hostPlatform(arch), buildArgs };
  const written = isUnpacked ? [] : orThrow(await readIgnoreFile(directory, path, file));
  const memory = isUnpacked ? noMemory : (await world.store()).records('file-digests', FileDigests);
  const ignore = await ignoringStore(written, { context: directory, store: world.storeDirectory });
  return await decideDockerfileContext(
    { root: { directory, ignore }, inputs: { ...inputs, whole: part === 'whole' } },
    { files: contextFiles, memory, now },
    world.signal,
  );
}

/** Of directories that no later run meets again. */
const noMemory: DigestMemory = { get: async () => undefined, append: async () => {} };

/** What other builders make of one platform: its manifest, without an index. */
async function onlyManifest(index: Descriptor, store: Store, signal: AbortSignal): Promise<Descriptor> {
  const { value } = await readIndex(store.blobs, index, signal);
  return value.manifests[0]!;
}
