import { DaemonExporter } from '../engine/exporter/daemon.ts';
import { askDaemon } from '../engine/exporter/daemon-client.ts';
import type { Daemon } from '../engine/exporter/daemon-place.ts';
import { PushPreparation } from '../engine/exporter/push-preparation.ts';
import { parseReference } from '../oci/reference.ts';
import type { ImageName } from '../project/image-name.ts';
import type { Context } from '../project/project.ts';
import { type Failure, failuresOf } from '../result.ts';
import { type DaemonChoice, findDaemon } from './find-daemon.ts';
import type { OptionValues } from './options.ts';
import { plural } from './render/plural.ts';
import type { World } from './world.ts';

/** Where Docker or Podman listens, once it has answered. Throws FailureError before any work is done. */
export async function expectDaemon(choice: DaemonChoice, world: World): Promise<Daemon> {
  const daemon = await findDaemon(choice, world.surroundings.env);
  await askDaemon(daemon, { path: '/_ping' }, world.signal);
  return daemon;
}

/** An image of the project, and the reference that it has in the store. */
export interface LoadedImage {
  readonly name: ImageName;
  readonly reference: string;
}

/** Where which images of a project are loaded. */
export interface Loading {
  readonly daemon: Daemon;
  readonly takes: (name: ImageName) => boolean;
}

/**
 * What `--load` asks for, or without it `:load` of the images: where nobody listens for that, it is a notice, and else a failure
 * before any work is done.
 */
export async function expectLoading(
  choice: OptionValues<'load'>['load'],
  contexts: ReadonlyMap<ImageName, Pick<Context, 'load'>>,
  world: World,
): Promise<readonly Loading[]> {
  if (choice === 'none') return [];
  if (choice !== undefined) return [{ daemon: await expectDaemon(choice, world), takes: () => true }];
  const loadings: Loading[] = [];
  for (const wanted of new Set([...contexts.values()].flatMap(({ load }) => load ?? []))) {
    try {
      const daemon = await expectDaemon(wanted, world);
      loadings.push({ daemon, takes: (name) => contexts.get(name)?.load === wanted });
    } catch (error) {
      const failures = failuresOf(error);
      if (failures === undefined) throw error;
      for (const failure of failures) world.notify(failure, 'notice');
    }
  }
  return loadings;
}

/** Loads images of a project where they are wanted. Returns what went wrong. */
export async function loadImages(
  images: readonly LoadedImage[],
  loadings: readonly Loading[],
  world: World,
): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  for (const { daemon, takes } of loadings) {
    const references = images.filter(({ name }) => takes(name)).map(({ reference }) => reference);
    failures.push(...(await loadInto(references, daemon, world)));
  }
  return failures;
}

/**
 * Loads images of the store, each under its reference; what the store has no image of is left out. Returns what went wrong,
 * after which no other is tried.
 */
async function loadInto(references: readonly string[], daemon: Daemon, world: World): Promise<readonly Failure[]> {
  const store = await world.store();
  const { progress } = world;
  const exporter = new DaemonExporter(
    { type: 'load', daemon },
    { store, preparation: new PushPreparation(store, progress), progress },
  );
  let count = 0;
  for (const reference of references) {
    const [image, name] = [await store.refs.get(reference), parseReference(reference)];
    if (image === undefined || !name.ok) continue;
    try {
      await exporter.export({ image, names: [name.value] }, world.signal);
    } catch (error) {
      const failures = failuresOf(error);
      if (failures === undefined) throw error;
      return failures;
    }
    count += 1;
  }
  if (count > 0) progress.emit({ type: 'notice', message: `${plural(count, 'image')} loaded into ${daemon.address}` });
  return [];
}
