import { mkdir, realpath, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import type { NamedContexts } from '../context/named-contexts.ts';
import { notText } from '../dockerfile/decode.ts';
import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { hostPlatform, type Platform } from '../oci/platform.ts';
import { FailureError } from '../result.ts';
import type { Store } from '../store/store.ts';
import { parseBuildArguments } from './build-arguments.ts';
import { findDockerfile } from './find-dockerfile.ts';
import { contextNotDirectory, dockerfileTwice, inputTwice, missingDirectory } from './image-failure.ts';
import { readInputContext, readInputText } from './input-context.ts';
import type { Invocation } from './invocation.ts';
import { orThrow } from './open-project.ts';
import { packedDockerfile } from './packed-dockerfile.ts';
import type { World } from './world.ts';

/** The options that say what one image is built from. */
export type ImageSourceOption = 'file' | 'target' | 'buildArg' | 'platform';

/** What one Dockerfile is built from, as it was found. */
export interface ImageSource {
  readonly context: {
    /** Absolute; an empty one for a build without a context. */
    readonly directory: string;
    /** As typed. */
    readonly path: string;
    /** False where the Dockerfile is all there is. */
    readonly isGiven: boolean;
    /** It came as a tar: no ignore file counts, as in BuildKit, and the directory is gone when cip ends. */
    readonly isUnpacked: boolean;
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
 * `dockerfile-unreadable`, what is wrong with a tar on standard input, and with the Dockerfile or the build arguments.
 */
export async function findImageSource(
  { options, positionals }: Invocation<ImageSourceOption>,
  world: World,
): Promise<ImageSource> {
  const [from] = positionals;
  if (from === undefined) throw new FailureError(missingDirectory());
  const { shown, text, ...found } = await (from === '-'
    ? inputSource(options, world)
    : diskSource(from, options, world));
  const wrong = notText(text, shown);
  if (wrong !== undefined) throw new FailureError(wrong);
  const words = options.buildArg.flatMap((argument) => ['--build-arg', argument]);
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

type FileOption = Pick<Invocation<'file'>['options'], 'file'>;

async function diskSource(from: string, { file }: FileOption, world: World): Promise<FoundSource> {
  const directory = await directoryAt(from, world);
  const context = { directory, path: normalize(from).replace(/(?<=.)\/$/, ''), isGiven: true, isUnpacked: false };
  if (file === '-') return { context, file: undefined, shown: standardInput, text: await readInputText(world) };
  const asked = { file: file ?? join(from, 'Dockerfile'), isNamed: file !== undefined, from };
  const { file: shown, text } = await findDockerfile(asked, world.resolve);
  return { context, file: world.resolve(asked.file), shown, text };
}

/** A Dockerfile without files to copy, or a context with the Dockerfile in it. */
async function inputSource({ file }: FileOption, world: World): Promise<FoundSource> {
  const input = await readInputContext(world);
  if (input.kind === 'dockerfile') {
    if (file !== undefined && file !== '-') throw new FailureError(dockerfileTwice(file));
    const directory = await emptyDirectory(await world.store());
    const context = { directory, path: '-', isGiven: false, isUnpacked: false };
    return { context, file: undefined, shown: standardInput, text: input.text };
  }
  if (file === '-') throw new FailureError(inputTwice());
  const { directory } = input;
  const found = await packedDockerfile(directory, file ?? 'Dockerfile', world.signal);
  const context = { directory, path: standardInput, isGiven: true, isUnpacked: true };
  // As a place it is none that a file of the current directory has.
  return { context, file: undefined, shown: `${standardInput}/${found.file}`, text: found.text };
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
