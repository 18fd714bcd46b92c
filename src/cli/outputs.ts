import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Daemon } from '../engine/exporter/daemon-place.ts';
import type { Output } from '../engine/exporter/exporters.ts';
import type { FoundOutput } from '../engine/exporter/output-file.ts';
import { outputPlace, type WantedOutput } from '../engine/exporter/output-place.ts';
import { zstd } from '../layer/zstd.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import { type Failure, FailuresError, failuresOf } from '../result.ts';
import { contradictoryOptions } from './failure.ts';
import { noDirectoryFor, nothingToPush, outputsCollide, outputToTerminal } from './image-failure.ts';
import type { Invocation } from './invocation.ts';
import { expectDaemon } from './load-images.ts';
import type { FilesToWrite, ImageOutput, LayoutToWrite, NamedImage } from './options/image-output.ts';
import { toStandardOutput } from './to-standard-output.ts';
import type { World } from './world.ts';

/** What says where an image goes. */
type OutputOption = 'push' | 'load' | 'output' | 'iidfile' | 'metadataFile' | 'trace' | 'cacheTo' | 'json';
type OutputOptions = Pick<Invocation<OutputOption>['options'], OutputOption>;

/** What was found to be there before anything is built. */
export interface ExpectedOutputs {
  /** Where the image is loaded, if it is. */
  readonly daemon: Daemon | undefined;
}

/** One way that the image takes. */
export interface WayOut {
  readonly to: Output;
  readonly names: readonly Reference[];
  /** A file that is to be written to standard output, and removed. */
  readonly passedOn?: string | undefined;
}

/** What the ways out are made from: `tempPath` gives a new path in a directory of this process. */
export interface OutputSurroundings {
  readonly resolve: (path: string) => string;
  readonly tempPath: (purpose: string) => string;
  /** Of every file: SOURCE_DATE_EPOCH. */
  readonly mtime: number | undefined;
  readonly expected: ExpectedOutputs;
}

/** In the order in which they are made: what fails is told before anybody else sees the image. `names`: those of `--tag`. */
export function waysOut(
  { output, push }: OutputOptions,
  names: readonly Reference[],
  surroundings: OutputSurroundings,
): readonly WayOut[] {
  const inFiles = output.filter(isWritten).map((one): WayOut => {
    const passedOn = isToStandardOutput(one) ? surroundings.tempPath('output') : undefined;
    const dest = passedOn ?? surroundings.resolve(one.dest);
    if (!('tar' in one)) {
      const { mtime } = surroundings;
      const { type, splitsPlatforms, deletesOthers } = one;
      return { to: { type, dest, mtime, splitsPlatforms, deletesOthers }, names: [], passedOn };
    }
    return { to: { type: one.type, dest, tar: one.tar, form: one.form }, names: one.names ?? names, passedOn };
  });
  const { daemon } = surroundings.expected;
  const loaded =
    daemon === undefined ? [] : [{ to: { type: 'load', daemon }, names: namesToLoad(output, names) } as const];
  const inRegistries = output.flatMap((one): readonly WayOut[] => {
    if (!isPushed(one)) return [];
    const { form, isByDigest } = one;
    return [{ to: { type: 'registry', form, isByDigest }, names: one.names ?? names }];
  });
  const pushed = push ? [{ to: { type: 'registry' }, names } as const] : [];
  return [
    { to: { type: 'store' }, names: namesInStore(output, names) },
    ...inFiles,
    ...loaded,
    ...inRegistries,
    ...pushed,
  ];
}

function namesToLoad(output: readonly ImageOutput[], names: readonly Reference[]): readonly Reference[] {
  const own = output.flatMap((one) => (one.type === 'load' ? (one.names ?? names) : []));
  return own.length > 0 ? own : names;
}

/** Those of `--tag`, and of `type=image`. */
export function namesInStore(output: readonly ImageOutput[], names: readonly Reference[]): readonly Reference[] {
  const more = output.flatMap((one) => (one.type === 'image' ? (one.names ?? []) : []));
  return [...new Map([...names, ...more].map((name) => [formatReference(name), name])).values()];
}

/** Before anything is built: a slip in a path would make directories that nobody wants, or cost the whole build. */
export async function expectOutputs(
  options: OutputOptions,
  names: readonly Reference[],
  world: World,
): Promise<ExpectedOutputs> {
  const failures = [...pushFailures(options, names), ...standardOutputFailures(options, world)];
  const found: FoundOutput[] = [];
  const look = async ({ dest, ...wanted }: WantedOutput) => {
    const missing = wanted.isFilled === true ? [] : await expectDirectory(dest, world);
    failures.push(...missing);
    if (missing.length === 0)
      await outputPlace({ ...wanted, dest: world.resolve(dest) }).then(
        (place) => found.push({ dest, place }),
        (error) => failures.push(...failuresOrThrow(error)),
      );
  };
  for (const one of options.output.filter(isWritten)) if (!isToStandardOutput(one)) await look(wantedOf(one));
  for (const dest of [options.iidfile, options.metadataFile, options.trace])
    if (dest !== undefined) await look({ dest, tar: true });
  failures.push(...collisionsOf(found), ...(await collisionsWithCaches(found, options, world)));
  if (failures.length > 0) throw new FailuresError(failures);
  const isZstd = options.output.some((one) => 'form' in one && one.form?.compression === 'zstd');
  if (isZstd) for await (const _ of zstd(nothing(), 1, world.signal));
  const isLoaded = options.output.some(({ type }) => type === 'load');
  const choice = options.load ?? (isLoaded ? 'auto' : 'none');
  return { daemon: choice === 'none' ? undefined : await expectDaemon(choice, world) };
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}

function pushFailures({ output, push }: OutputOptions, names: readonly Reference[]): Failure[] {
  const isNameless = output.some((one) => isPushed(one) && (one.names ?? names).length === 0);
  return (push && names.length === 0) || isNameless ? [nothingToPush()] : [];
}

/** Standard output is for one tar, or for one document, and not for people. */
function standardOutputFailures({ output, json }: OutputOptions, world: World): Failure[] {
  const flags = output
    .filter(isWritten)
    .filter(isToStandardOutput)
    .map(({ type }) => `--output type=${type},dest=-`);
  const [flag, other] = flags;
  if (flag === undefined) return [];
  return [
    ...(other === undefined ? [] : [contradictoryOptions(flag, other)]),
    ...(json ? [contradictoryOptions(flag, '--json')] : []),
    ...(world.surroundings.stdout.isTTY ? [outputToTerminal(flag)] : []),
  ];
}

/** One file for two outputs, also where links lead to it, and one output in the directory of another. */
function collisionsOf(outputs: readonly FoundOutput[]): Failure[] {
  return outputs.flatMap((one, at) =>
    outputs
      .slice(0, at)
      .filter((other) => areSame(one.place.path, other.place.path) && one.place.kind !== 'device')
      .map((other) => outputsCollide(other.dest, one.dest)),
  );
}

/** A cache that is a directory; one that cannot be used is told when it is, and fails nothing. */
async function collisionsWithCaches(
  outputs: readonly FoundOutput[],
  { cacheTo }: OutputOptions,
  { resolve }: Pick<World, 'resolve'>,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const cache of cacheTo) {
    if (cache.type !== 'local') continue;
    const { directory } = cache;
    const place = await outputPlace({ dest: resolve(directory), tar: false, isFilled: true }).catch(() => undefined);
    const met = place && outputs.filter((one) => areSame(one.place.path, place.path));
    failures.push(...(met ?? []).map(({ dest }) => outputsCollide(dest, directory)));
  }
  return failures;
}

function areSame(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}

function wantedOf(one: LayoutToWrite | FilesToWrite): WantedOutput {
  const { dest } = one;
  if (one.type === 'local') return { dest, tar: false, isFilled: true };
  return { dest, tar: 'tar' in one ? one.tar : true };
}

function isWritten(one: ImageOutput): one is LayoutToWrite | FilesToWrite {
  return 'dest' in one;
}

function isPushed(one: ImageOutput): one is NamedImage {
  return 'isPushed' in one && one.isPushed;
}

/** Whether a way out has standard output to itself. */
export function isToStandardOutput(one: ImageOutput): boolean {
  return isWritten(one) && one.dest === toStandardOutput;
}

/** Whether something can be put there: what is above it is a directory. */
export async function expectDirectory(dest: string, { resolve }: Pick<World, 'resolve'>): Promise<readonly Failure[]> {
  return (await isDirectory(resolve(dirname(dest)))) ? [] : [noDirectoryFor(dest, dirname(dest))];
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function failuresOrThrow(error: unknown): readonly Failure[] {
  const failures = failuresOf(error);
  if (failures === undefined) throw error;
  return failures;
}
