import { z } from 'zod';
import type { ContextListing } from '../../context/decide-context.ts';
import { Digest } from '../../oci/digest.ts';
import type { RecordLog } from '../../store/record-log.ts';
import type { Store } from '../../store/store.ts';
import type { KeyParts } from '../key/build-key.ts';
import type { ExplainedKey } from '../key/key-change.ts';

const KeyPartsRecord = z.object({
  schema: z.number(),
  platform: z.string(),
  target: z.string().optional(),
  instructions: z.array(z.tuple([z.number(), Digest])),
  keywords: z.array(z.string()).optional(),
  texts: z.array(z.string()).optional(),
  escape: z.string(),
  args: z.record(z.string(), Digest),
  parents: z.record(z.string(), Digest),
  context: Digest,
}) satisfies z.ZodType<KeyParts>;

/** What keys were made of, so that it can be said why one is new. Lost records only make the answer shorter. */
export class KeyMemory {
  readonly #keys: RecordLog<z.infer<typeof KeyPartsRecord>>;
  readonly #contexts: RecordLog<Record<string, string>>;

  constructor(store: Store) {
    this.#keys = store.records('build-keys', KeyPartsRecord);
    this.#contexts = store.records('build-contexts', z.record(z.string(), z.string()));
  }

  async recall(key: Digest): Promise<ExplainedKey | undefined> {
    const parts = await this.#keys.get(key);
    return parts && { parts, paths: await this.#contexts.get(parts.context) };
  }

  /** Nothing where it is remembered already. Contexts of other paths may have one digest: those that are there now count. */
  async remember(key: Digest, parts: KeyParts, { digest, paths }: ContextListing): Promise<void> {
    const known = await this.#contexts.get(digest);
    if (known === undefined || !isEqual(known, paths)) await this.#contexts.append(digest, { ...paths });
    if ((await this.#keys.get(key)) === undefined) await this.#keys.append(key, KeyPartsRecord.parse(parts));
  }
}

function isEqual(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
