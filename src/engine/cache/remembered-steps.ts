import { z } from 'zod';
import { digestOfFields } from '../../oci/fields-digest.ts';
import type { RecordLog } from '../../store/record-log.ts';
import type { Store } from '../../store/store.ts';

const Remembered = z.object({
  kind: z.string(),
  /** Name of the stage, or its number; empty for images. */
  stage: z.string(),
  /** The instruction as it may be shown. */
  text: z.string(),
  parts: z.array(z.tuple([z.string(), z.string()])),
});

/** A step that has run, with what its key was made of. */
export type RememberedStep = z.infer<typeof Remembered>;

/** Runs of one instruction that are kept: one of them may be what is gone back to. */
const RUNS = 3;
/** Of one image. */
const MOST_STEPS = 500;
/** Characters of the record of one image. */
const MOST_TEXT = 512 * 1024;

/**
 * Steps that have run for an image and a platform, the last at the end. For people alone: nothing is found or missed by it, and
 * what is lost makes an answer shorter.
 */
export class RememberedSteps {
  readonly #records: RecordLog<readonly RememberedStep[]>;

  constructor(store: Store) {
    this.#records = store.records('step-parts', z.array(Remembered));
  }

  async of(image: string, platform: string): Promise<readonly RememberedStep[]> {
    return (await this.#records.get(keyOf(image, platform))) ?? [];
  }

  /** `made` come last; of one instruction the latest few are kept, and of all as many as there is room for. */
  async add(image: string, platform: string, made: readonly RememberedStep[]): Promise<void> {
    const all = [...(await this.of(image, platform)), ...made];
    const runs = new Map<string, number>();
    const seen = new Set<string>();
    const kept: RememberedStep[] = [];
    let length = 0;
    for (const step of all.reverse()) {
      const json = JSON.stringify(step);
      const name = JSON.stringify([step.kind, step.stage, step.text]);
      const run = (runs.get(name) ?? 0) + 1;
      if (run > RUNS || seen.has(json)) continue;
      length += json.length;
      if (kept.length === MOST_STEPS || length > MOST_TEXT) break;
      runs.set(name, run);
      seen.add(json);
      kept.push(step);
    }
    await this.#records.append(keyOf(image, platform), kept.reverse());
  }
}

function keyOf(image: string, platform: string): string {
  return digestOfFields([image, platform]);
}
