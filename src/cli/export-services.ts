import type { ExportServices } from '../engine/exporter/exporter.ts';
import { PushPreparation } from '../engine/exporter/push-preparation.ts';
import { hostPlatform } from '../oci/platform.ts';
import { userOf } from './create-builder.ts';
import type { World } from './world.ts';

/** What images leave the store with. `onPushed` hears of each name that is set in a registry, in full. */
export async function exportServices(
  world: World,
  onPushed: (reference: string) => void = () => {},
): Promise<ExportServices> {
  const store = await world.store();
  return {
    store,
    preparation: new PushPreparation(store, world.progress),
    repository: async ({ registry, repository }) => (await world.registryClient()).repository({ registry, repository }),
    progress: {
      ...world.progress,
      emit(event) {
        if (event.type === 'image-pushed') onPushed(event.reference);
        world.progress.emit(event);
      },
    },
    platform: hostPlatform(world.surroundings.arch),
    isRoot: userOf().uid === 0,
  };
}
