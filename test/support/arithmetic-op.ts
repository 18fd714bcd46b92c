import type { Op } from '../../src/engine/solver/op.ts';
import { digestOf } from '../../src/oci/digest.ts';

/** Work that has nothing to do with containers: the solver must not care. */
export type Arithmetic =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'sum'; readonly plus: number; readonly byContent?: boolean }
  | { readonly kind: 'parity' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'endless' };

/** Makes operations and remembers each run of one, by what it computed. */
export class Calculator {
  readonly runs: string[] = [];
  running = 0;
  mostAtOnce = 0;
  readonly #pause: number;

  /** `pause`: milliseconds that each run takes, so that siblings overlap. */
  constructor(pause = 5) {
    this.#pause = pause;
  }

  opOf = (op: Arithmetic): Op<number> => ({
    cacheMap: () => {
      const byContent =
        op.kind === 'sum' && op.byContent ? (input: number) => Promise.resolve(digestOf(`${input}`)) : undefined;
      return Promise.resolve({ digest: digestOf(JSON.stringify(op)), contentDigests: [byContent, byContent] });
    },
    exec: async (inputs, { signal }) => {
      this.running += 1;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
      try {
        if (this.#pause > 0) await new Promise((resolve) => setTimeout(resolve, this.#pause));
        return await this.#compute(op, inputs, signal);
      } finally {
        this.running -= 1;
      }
    },
  });

  async #compute(op: Arithmetic, inputs: readonly number[], signal: AbortSignal): Promise<number> {
    this.runs.push(op.kind === 'sum' ? `${inputs.join('+')}+${op.plus}` : op.kind);
    const total = inputs.reduce((sum, input) => sum + input, 0);
    switch (op.kind) {
      case 'constant':
        return op.value;
      case 'sum':
        return total + op.plus;
      case 'parity':
        return total % 2;
      case 'broken':
        throw new Error('does not compute');
      case 'endless':
        signal.throwIfAborted();
        return new Promise<number>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
    }
  }
}
