import { mkdir, realpath, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import type { NamedContexts } from '../context/named-contexts.ts';
import { notText } from '../dockerfile/decode.ts';
import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { isRemoteSource } from '../dockerfile/remote-source.ts';
import { hostPlatform, type Platform } from '../oci/platform.ts';
import { FailureError } from '../result.ts';
import type { Store } from '../store/store.ts';
import { parseBuildArguments } from './build-arguments.ts';
import { findDockerfile } from './find-dockerfile.ts';
import { contextNotDirectory, dockerfileTwice, inputTwice, missingDirectory } from './image-failure.ts';
import { type InputContext, readInputContext, readInputText } from './input-context.ts';
import type { Invocation } from './invocation.ts';
import { orThrow } from './open-project.ts';
import { packedDockerfile } from './packed-dockerfile.ts';
import { readRemoteContext } from './remote-context.ts';
import type { World } from './world.ts';

/** The options that say what one image is built from. */
export type ImageSourceOption = 'file' | 'target' | 'buildArg' | 'platform' | 'secret';

/** What one Dockerfile is built from, as it was found. */
export interface ImageSource {
  readonly context: {
    /** Absolute; an empty one for a build without a context. */
    readonly directory: string;
    /** As typed. */
    readonly path: string;
    /** False where the Dockerfile is all there is. */
    readonly isGiven: boolean;
    /** Where it was fetched; undefined for one of this machine. */
    readonly address?: string | undefined;
    /** It came as a tar or was fetched: no ignore file counts, as in BuildKit, and the directory is gone when cip ends. */
    readonly isUnpacked: boolean;
    /** Of what was fetched, in seconds since 1970, where that has one. */
    readonly time?: number | undefined;
  };
  /** Absolute, as it was asked for: ignore files go by it. Undefined for standard input. */
  readonly file: string | undefined;
  readonly text: string;
  readonly dockerfile: Dockerfile;
  /** What stages and images of these names are replaced by. */
  readonly contexts?: NamedContexts | undefined;
  readonly target: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platforms: readonly Platform[];
}

/** What people are told that standard input is called, as a Dockerfile and as a context. */
const standardInput = '<stdin>';

/**
 * The directory and the Dockerfile of a command line, read and parsed. Throws FailureError: `missing-directory`,
 * `dockerfile-unreadable`, what is wrong with a tar on standard input or with what was fetched, and with the Dockerfile or the build arguments.
 */
export async function findImageSource(
  { options, positionals }: Invocation<ImageSourceOption>,
  world: World,
): Promise<ImageSource> {
  const [from] = positionals;
  if (from === undefined) throw new FailureError(missingDirectory());
  const words = options.buildArg.flatMap((argument) => ['--build-arg', argument]);
  const { shown, text, ...found } = await sourceAt(from, options, world);
  const wrong = notText(text, shown);
  if (wrong !== undefined) throw new FailureError(wrong);
  const { buildArgs } = orThrow(parseBuildArguments(words, world.surroundings.env, []));
  return {
    ...found,
    text,
    dockerfile: orThrow(parseDockerfile(text, shown)),
    target: options.target,
    buildArgs,
    platforms: options.platform ?? [hostPlatform(world.surroundings.arch)],
  };
}

interface FoundSource extends Pick<ImageSource, 'context' | 'file' | 'text'> {
  /** What people are told the Dockerfile is called. */
  readonly shown: string;
}

async function sourceAt(
  from: string,
  options: Invocation<ImageSourceOption>['options'],
  world: World,
): Promise<FoundSource> {
  if (from === '-') return packedSource(await readInputContext(world), { ...options, shown: standardInput }, world);
  if (!isRemoteSource(from)) return diskSource(from, options, world);
  const keepsGitDir = /^BUILDKIT_CONTEXT_KEEP_GIT_DIR=(?:1|t|true)$/i;
  const input = await readRemoteContext(
    from,
    { ...options, keepsGitDir: options.buildArg.some((argument) => keepsGitDir.test(argument)) },
    world,
  );
  const { shown } = input;
  return packedSource(input, { ...options, shown, address: shown }, world);
}

type FileOption = Pick<Invocation<'file'>['options'], 'file'>;

async function diskSource(from: string, { file }: FileOption, world: World): Promise<FoundSource> {
  const directory = await directoryAt(from, world);
  const context = { directory, path: normalize(from).replace(/(?<=.)\/$/, ''), isGiven: true, isUnpacked: false };
  if (file === '-') return { context, file: undefined, shown: standardInput, text: await readInputText(world) };
  const asked = { file: file ?? join(from, 'Dockerfile'), isNamed: file !== undefined, from };
  const { file: shown, text } = await findDockerfile(asked, world.resolve);
  return { context, file: world.resolve(asked.file), shown, text };
}

/** A Dockerfile without files to copy, or a context with the Dockerfile in it; `address` where it was fetched. */
async function packedSource(
  input: InputContext,
  { file, shown, address }: FileOption & { readonly shown: string; readonly address?: string },
  world: World,
): Promise<FoundSource> {
  const isInput = address === undefined;
  if (input.kind === 'dockerfile') {
    if (file !== undefined && !(isInput && file === '-')) throw new FailureError(dockerfileTwice(file, address));
    const directory = await emptyDirectory(await world.store());
    const context = { directory, address, path: isInput ? '-' : shown, isGiven: false, isUnpacked: false };
    return { context, file: undefined, shown, text: input.text };
  }
  if (isInput && file === '-') throw new FailureError(inputTwice());
  const { directory, time } = input;
  const context = { directory, address, path: shown, isGiven: true, isUnpacked: true, time };
  if (file === '-') return { context, file: undefined, shown: standardInput, text: await readInputText(world) };
  const found = await packedDockerfile({ directory, address }, file ?? 'Dockerfile', world.signal);
  // As a place it is none that a file of the current directory has.
  return { context, file: undefined, shown: `${shown}/${found.file}`, text: found.text };
}

/** Where links lead: COPY would take a link for all that there is. */
async function directoryAt(from: string, world: World): Promise<string> {
  const path = await realpath(world.resolve(from)).catch(() => undefined);
  if (path === undefined || !(await stat(path)).isDirectory()) throw new FailureError(contextNotDirectory(from));
  return path;
}

async function emptyDirectory(store: Store): Promise<string> {
  const directory = store.session.tempPath('context');
  await mkdir(directory);
  return directory;
}
