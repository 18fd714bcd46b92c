import { DaemonExporter } from '../engine/exporter/daemon.ts';
import { askDaemon } from '../engine/exporter/daemon-client.ts';
import type { Daemon } from '../engine/exporter/daemon-place.ts';
import { PushPreparation } from '../engine/exporter/push-preparation.ts';
import { parseReference } from '../oci/reference.ts';
import { type Failure, failuresOf } from '../result.ts';
import { type DaemonChoice, findDaemon } from './find-daemon.ts';
import { plural } from './render/plural.ts';
import type { World } from './world.ts';

/** Where Docker or Podman listens, once it has answered. Throws FailureError before any work is done. */
export async function expectDaemon(choice: DaemonChoice, world: World): Promise<Daemon> {
  const daemon = await findDaemon(choice, world.surroundings.env);
  await askDaemon(daemon, { path: '/_ping' }, world.signal);
  return daemon;
}

/**
 * Loads images of the store, each under its reference; what the store has no image of is left out. Returns what went wrong,
 * after which no other is tried.
 */
export async function loadImages(
  references: readonly string[],
  daemon: Daemon,
  world: World,
): Promise<readonly Failure[]> {
  const store = await world.store();
  const { progress } = world;
  const exporter = new DaemonExporter(
    { type: 'load', daemon },
    { store, preparation: new PushPreparation(store), progress },
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
  progress.emit({ type: 'notice', message: `${plural(count, 'image')} loaded into ${daemon.address}` });
  return [];
}
