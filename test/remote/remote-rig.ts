import { join } from 'node:path';
import {
  type HttpSource,
  parseRemoteSource,
  type RemoteFlags,
  type RemoteSource,
} from '../../src/dockerfile/remote-source.ts';
import type { RegistryOptions } from '../../src/registry/registry-options.ts';
import { RemoteSources } from '../../src/remote/remote-sources.ts';
import { failuresOf } from '../../src/result.ts';
import { Store } from '../../src/store/store.ts';
import { clientOptions } from '../support/client-options.ts';
import { tempDir } from '../support/temp-dir.ts';

export const never = new AbortController().signal;

/** A store, and remote sources of several runs with it. */
export class RemoteRig implements AsyncDisposable {
  /** Absolute. */
  readonly dir: string;
  readonly store: Store;
  /** Milliseconds that were waited between tries. */
  readonly slept: number[] = [];
  readonly #resources: (() => PromiseLike<void>)[];

  private constructor(dir: string, store: Store, resources: (() => PromiseLike<void>)[]) {
    this.dir = dir;
    this.store = store;
    this.#resources = resources;
  }

  static async open(): Promise<RemoteRig> {
    const temp = await tempDir();
    const store = await Store.open(join(temp.path, 'store'));
    return new RemoteRig(temp.path, store, [() => temp[Symbol.asyncDispose](), () => store.close()]);
  }

  /** As a run of the program has them. */
  run(options: Partial<RegistryOptions> = {}): RemoteSources {
    const sleep = async (milliseconds: number) => void this.slept.push(milliseconds);
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', ...options.env };
    const registry = { ...clientOptions, hooks: { sleep, random: () => 0 }, ...options, env };
    const run = new RemoteSources({ store: this.store, registry });
    this.#resources.push(() => run.close());
    return run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const dispose of this.#resources.toReversed()) await dispose();
  }
}

/** The source of a text that is one. */
export function sourceOf(text: string, flags?: RemoteFlags): RemoteSource {
  const source = parseRemoteSource(text, flags);
  if (!source.ok) throw new Error(`${text}: ${source.failure.message}`);
  return source.value;
}

/** The source of the address of a file. */
export function fileAt(url: string, flags?: RemoteFlags): HttpSource {
  const source = sourceOf(url, flags);
  if (source.type !== 'http') throw new Error(`${url} is no file`);
  return source;
}

/** `reason` and message of what a promise fails with. */
export async function failureOf(
  work: Promise<unknown>,
): Promise<{ readonly reason: string; readonly message: string }> {
  try {
    await work;
  } catch (error) {
    const [failure] = failuresOf(error) ?? [];
    if (failure === undefined) throw error;
    return failure;
  }
  return { reason: 'none', message: '' };
}
