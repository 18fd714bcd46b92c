import type { ContentSink } from '../../oci/content.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageName } from '../../project/image-name.ts';
import { latest, movesLatest } from '../../project/latest.ts';
import type { Store } from '../../store/store.ts';
import type { ProjectRegistry } from '../state/project-registry.ts';
import type { MovedTag } from './moved-tag.ts';
import type { ImageVersion, Target } from './target.ts';

/** The local store, which images are copied to under the names that they have in the registry. */
export class StoreTarget implements Target {
  readonly #from: ProjectRegistry;
  readonly #store: Store;
  readonly #signal: AbortSignal;

  constructor(from: ProjectRegistry, store: Store, signal: AbortSignal) {
    this.#from = from;
    this.#store = store;
    this.#signal = signal;
  }

  reference(image: ImageName, tag: string): string {
    return this.#from.reference(image, tag);
  }

  async find({ name, version }: ImageVersion, { digest }: Descriptor): Promise<Digest | undefined> {
    const there = await this.#store.refs.get(this.reference(name, version));
    return there?.digest === digest ? digest : undefined;
  }

  sink(): ContentSink {
    return this.#store.blobs;
  }

  /** All names at once. */
  async name({ name: image, version }: ImageVersion, descriptor: Descriptor): Promise<readonly MovedTag[]> {
    const repository = this.reference(image, '');
    let moved: readonly MovedTag[] = [];
    const choose = (names: ReadonlyMap<string, Descriptor>) => {
      const existing = [...names.keys()].flatMap((name) =>
        name.startsWith(repository) ? [name.slice(repository.length)] : [],
      );
      const tags = movesLatest(version, existing) ? [version, latest] : [version];
      moved = tags.flatMap((tag): readonly MovedTag[] => {
        const reference = this.reference(image, tag);
        const before = names.get(reference)?.digest ?? null;
        return before === descriptor.digest ? [] : [{ reference, before, after: descriptor.digest }];
      });
      return new Map(moved.map(({ reference }) => [reference, descriptor]));
    };
    await this.#store.refs.change(choose, this.#signal);
    return moved;
  }

  async finish(image: ImageVersion): Promise<readonly MovedTag[]> {
    const descriptor = await this.#store.refs.get(this.reference(image.name, image.version));
    return descriptor === undefined ? [] : await this.name(image, descriptor);
  }
}
