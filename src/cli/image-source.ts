import { mkdir, realpath, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { notText } from '../dockerfile/decode.ts';
import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { hostPlatform, type Platform } from '../oci/platform.ts';
import { FailureError } from '../result.ts';
import type { Store } from '../store/store.ts';
import { parseBuildArguments } from './build-arguments.ts';
import { findDockerfile } from './find-dockerfile.ts';
import { contextNotDirectory, dockerfileTwice, missingDirectory } from './image-failure.ts';
import type { Invocation } from './invocation.ts';
import { orThrow } from './open-project.ts';
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
  };
  /** Absolute, as it was asked for: ignore files go by it. Undefined for standard input. */
  readonly file: string | undefined;
  readonly text: string;
  readonly dockerfile: Dockerfile;
  readonly target: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platforms: readonly Platform[];
}

/** What people are told a Dockerfile from standard input is called. */
const standardInput = '<stdin>';

/**
 * The directory and the Dockerfile of a command line, read and parsed. Throws FailureError: `missing-directory`,
 * `dockerfile-unreadable`, and what is wrong with the Dockerfile or the build arguments.
 */
export async function findImageSource(
  { options, positionals }: Invocation<ImageSourceOption>,
  world: World,
): Promise<ImageSource> {
  const [from] = positionals;
  if (from === undefined) throw new FailureError(missingDirectory());
  const isGiven = from !== '-';
  if (!isGiven && options.file !== undefined && options.file !== '-')
    throw new FailureError(dockerfileTwice(options.file));
  const directory = isGiven ? await directoryAt(from, world) : await emptyDirectory(await world.store());
  const isInput = !isGiven || options.file === '-';
  const asked = { file: options.file ?? join(from, 'Dockerfile'), isNamed: options.file !== undefined, from };
  const { file: shown, text } = isInput
    ? { file: standardInput, text: await world.surroundings.readInput() }
    : await findDockerfile(asked, world.resolve);
  const wrong = notText(text, shown);
  if (wrong !== undefined) throw new FailureError(wrong);
  const words = options.buildArg.flatMap((argument) => ['--build-arg', argument]);
  const { buildArgs } = orThrow(parseBuildArguments(words, world.surroundings.env, []));
  return {
    context: { directory, path: isGiven ? normalize(from).replace(/(?<=.)\/$/, '') : '-', isGiven },
    file: isInput ? undefined : world.resolve(asked.file),
    text,
    dockerfile: orThrow(parseDockerfile(text, shown)),
    target: options.target,
    buildArgs,
    platforms: options.platform ?? [hostPlatform(world.surroundings.arch)],
  };
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
