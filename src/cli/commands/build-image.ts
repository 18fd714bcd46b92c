import { mkdir, realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { contextFiles } from '../../context/context-files.ts';
import { decideDockerfileContext } from '../../context/dockerfile-context.ts';
import { FileDigests } from '../../context/file-digests.ts';
import { readIgnoreFile } from '../../context/ignore-file.ts';
import type { RecordedContext } from '../../context/recorded-context.ts';
import type { Dockerfile } from '../../dockerfile/dockerfile.ts';
import { parseDockerfile } from '../../dockerfile/parse.ts';
import type { ExportServices } from '../../engine/exporter/exporter.ts';
import { exporterFor, type Output } from '../../engine/exporter/exporters.ts';
import { outputPlace } from '../../engine/exporter/output-place.ts';
import { PushPreparation } from '../../engine/exporter/push-preparation.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { hostPlatform, type Platform } from '../../oci/platform.ts';
import { readIndex } from '../../oci/read-document.ts';
import { familiarReference, type Reference } from '../../oci/reference.ts';
import { readRegularFile } from '../../read-regular-file.ts';
import { FailureError, failuresOf } from '../../result.ts';
import type { Store } from '../../store/store.ts';
import { parseBuildArguments } from '../build-arguments.ts';
import { type ExitStatus, exitStatus } from '../exit-codes.ts';
import {
  contextNotDirectory,
  dockerfileTwice,
  dockerfileUnreadable,
  invalidTag,
  missingDirectory,
  nothingToPush,
} from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { orThrow } from '../open-project.ts';
import { readableSecrets } from '../prepare.ts';
import type { World } from '../world.ts';

type BuildImageOption =
  | 'file'
  | 'tag'
  | 'target'
  | 'buildArg'
  | 'secret'
  | 'platform'
  | 'push'
  | 'output'
  | 'noCache'
  | 'json';

/** What one Dockerfile is built from, as it was found. */
interface Found {
  /** Absolute; an empty one for a build without a context. */
  readonly directory: string;
  readonly file: string;
  readonly text: string;
  readonly dockerfile: Dockerfile;
  readonly target: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platforms: readonly Platform[];
}

/** `cip build-image`: one Dockerfile, with no project around it, into the store, files and registries. */
export async function run(invocation: Invocation<BuildImageOption>, world: World): Promise<ExitStatus> {
  const { options } = invocation;
  const names = options.tag.map(nameOf);
  if (options.push && names.length === 0) throw new FailureError(nothingToPush());
  // What cannot be written is said before anything is built.
  for (const output of outputsOf(options, world)) if (output.type === 'oci') await outputPlace(output);
  const found = await find(invocation, world);
  const secrets = await readableSecrets(options, world);
  const store = await world.store();
  const title =
    names[0] === undefined ? basename(world.resolve(invocation.positionals[0]!)) : familiarReference(names[0]);
  world.renderer.begin({ title: `Building ${title}`, images: [title], lastEvent: 'image-finished' });

  const index = await build({ found, title, secrets }, options, world);
  const isOne = found.platforms.length === 1;
  const image = isOne ? await onlyManifest(index, store, world.signal) : index;
  const services: ExportServices = {
    store,
    preparation: new PushPreparation(store),
    repository: async ({ registry, repository }) => (await world.registryClient()).repository({ registry, repository }),
    progress: world.progress,
  };
  let sent = image;
  for (const output of outputsOf(options, world))
    sent = await exporterFor(output, services).export({ image, names }, world.signal);

  await world.renderer.close();
  const shown = names.map(familiarReference);
  // Whoever gets it elsewhere gets it compressed, under another digest.
  const { digest } = sent;
  const document = { schema: 'cip.image/v1', digest, names: shown, pushed: options.push ? shown : [], failures: [] };
  if (options.json) world.print(`${JSON.stringify(document, null, 2)}\n`);
  else world.print(shown.length === 0 ? `${digest}\n` : shown.map((name) => `${name}@${digest}\n`).join(''));
  return exitStatus.done;
}

/** In the order in which they are made: what fails is told before anybody else sees the image. */
function outputsOf({ output, push }: Invocation<BuildImageOption>['options'], world: World): readonly Output[] {
  const files = output.map(
    ({ dest, tar }) => ({ type: 'oci', dest: world.resolve(dest), tar: tar !== 'false' }) as const,
  );
  return [{ type: 'store' }, ...files, ...(push ? [{ type: 'registry' } as const] : [])];
}

/** A digest names what is there, and not what is to be. */
function nameOf(reference: Reference): Reference {
  if (reference.digest !== undefined) throw new FailureError(invalidTag(familiarReference(reference)));
  return reference;
}

async function find({ options, positionals }: Invocation<BuildImageOption>, world: World): Promise<Found> {
  const [from] = positionals;
  if (from === undefined) throw new FailureError(missingDirectory());
  if (from === '-' && options.file !== undefined && options.file !== '-')
    throw new FailureError(dockerfileTwice(options.file));
  const directory = from === '-' ? await emptyDirectory(await world.store()) : await directoryAt(from, world);
  const isInput = from === '-' || options.file === '-';
  const file = isInput ? 'Dockerfile' : (options.file ?? `${from.replace(/\/$/, '')}/Dockerfile`);
  const text = isInput ? await world.surroundings.readInput() : await textOf(file, world);
  const words = options.buildArg.flatMap((argument) => ['--build-arg', argument]);
  const { buildArgs } = orThrow(parseBuildArguments(words, world.surroundings.env));
  const dockerfile = orThrow(parseDockerfile(text, file));
  const platforms = options.platform ?? [hostPlatform(world.surroundings.arch)];
  const found = { directory, file: isInput ? file : world.resolve(file), text, dockerfile };
  return { ...found, target: options.target, buildArgs, platforms };
}

/** Where links lead: COPY would take a link for all that there is. */
async function directoryAt(from: string, world: World): Promise<string> {
  const path = await realpath(world.resolve(from)).catch(() => undefined);
  if (path === undefined || !(await stat(path)).isDirectory()) throw new FailureError(contextNotDirectory(from));
  return path;
}

async function textOf(file: string, world: World): Promise<string> {
  try {
    return (await readRegularFile(world.resolve(file))).toString();
  } catch (error) {
    throw new FailureError(dockerfileUnreadable(file, (error as Error).message), { cause: error });
  }
}

interface Building {
  readonly found: Found;
  readonly title: string;
  readonly secrets: Readonly<Record<string, string>>;
}

async function build(
  { found, title, secrets }: Building,
  { noCache }: Pick<Invocation<BuildImageOption>['options'], 'noCache'>,
  world: World,
): Promise<Descriptor> {
  const store = await world.store();
  const { directory, file, text, target, buildArgs, platforms } = found;
  const start = world.surroundings.now();
  // What was built before is there under its name in full.
  const local = Object.fromEntries(await store.refs.list());
  const request = (context: RecordedContext) => ({
    image: title,
    contextDir: directory,
    dockerfile: { file, text },
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
  const once = async (part: 'counted' | 'whole') => {
    const context = await contextOf(found, part, world);
    return await world.builder.build(request(context), world.progress, world.signal);
  };
  const { image } = await once('counted').catch((error: unknown) => {
    // A trigger of a base image reads more than the Dockerfile says.
    const isMore = failuresOf(error)?.some(({ reason }) => reason === 'context-not-counted');
    if (isMore) return once('whole');
    throw error;
  });
  const duration = world.surroundings.now() - start;
  world.progress.emit({ type: 'image-finished', image: title, digest: image.digest, duration });
  return image;
}

async function contextOf(
  { directory, file, dockerfile, target, buildArgs, platforms }: Found,
  part: 'counted' | 'whole',
  world: World,
): Promise<RecordedContext> {
  const { arch, now } = world.surroundings;
  const inputs = { dockerfile, target, platforms, buildPlatform: hostPlatform(arch), buildArgs };
  const ignore = orThrow(await readIgnoreFile(directory, directory, file));
  const memory = (await world.store()).records('file-digests', FileDigests);
  return await decideDockerfileContext(
    { root: { directory, ignore }, inputs: { ...inputs, whole: part === 'whole' } },
    { files: contextFiles, memory, now },
    world.signal,
  );
}

async function emptyDirectory(store: Store): Promise<string> {
  const directory = store.session.tempPath('context');
  await mkdir(directory);
  return directory;
}

/** What other builders make of one platform: its manifest, without an index. */
async function onlyManifest(index: Descriptor, store: Store, signal: AbortSignal): Promise<Descriptor> {
  const { value } = await readIndex(store.blobs, index, signal);
  return value.manifests[0]!;
}
