import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { excerpt } from './excerpt.ts';
import type { Find, Order, Report } from './report.ts';
import type { Target } from './target.ts';

/** A run is stopped at this many times its budget of CPU time. */
const patience = 3;

/** MiB of heap. An input of 64 KiB that needs more is a find. */
const heap = 512;

/** As much as the main thread of Node has by default, in MiB; a worker would get four times that. */
const stack = 1;

const pollEvery = 50;

/**
 * Runs inputs in a thread of its own and watches the CPU time of this process, which is that thread's as long as nothing
 * else runs here. So an input that would take hours, or fill the memory, ends as a find like any other.
 */
export class WatchedThread implements AsyncDisposable {
  readonly #pulse = new Float64Array(new SharedArrayBuffer(3 * Float64Array.BYTES_PER_ELEMENT));
  #worker: Worker | undefined;

  async runSlice(target: Target, seed: number, runs: number): Promise<Report> {
    const report = await this.#run(target, { kind: 'slice', target: target.name, seed, runs });
    if (!('stopped' in report)) return report;
    // The same seed gives the same inputs, without anything being run.
    const input = fc.sample(target.input, { seed, numRuns: report.run + 1 }).at(-1);
    return withFind({ wrong: report.stopped, input: excerpt(input), run: report.run });
  }

  async runRow(target: Target, row: number): Promise<Report> {
    const report = await this.#run(target, { kind: 'row', target: target.name, row });
    if (!('stopped' in report)) return report;
    return withFind({ wrong: report.stopped, input: excerpt(target.rows[row]?.input()), run: row });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate();
  }

  #run(target: Target, order: Order): Promise<Report | { readonly stopped: string; readonly run: number }> {
    const worker = this.#started();
    this.#pulse[1] = -1;
    return new Promise((resolve, reject) => {
      const end = () => {
        clearInterval(poll);
        worker.off('message', reported);
        worker.off('error', broke);
      };
      const stop = (why: string) => {
        end();
        this.#worker = undefined;
        // A thread that is being stopped may still fail, which must not end the process.
        worker.on('error', () => {});
        void worker.terminate();
        resolve({ stopped: why, run: this.#pulse[0] ?? 0 });
      };
      const reported = (report: Report) => {
        end();
        resolve(report);
      };
      const broke = (error: NodeJS.ErrnoException) => {
        if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') return stop(`needed more than ${heap} MiB`);
        end();
        this.#worker = undefined;
        reject(new Error(`the thread that runs ${target.name} failed`, { cause: error }));
      };
      const poll = setInterval(() => {
        const [, start = -1, budget = 0] = this.#pulse;
        const { user, system } = process.cpuUsage();
        if (start < 0 || (user + system - start) / 1000 < budget * patience) return;
        stop(`took more than ${budget * patience} ms of CPU time, and may take ${budget}`);
      }, pollEvery);
      worker.on('message', reported);
      worker.on('error', broke);
      worker.postMessage(order);
    });
  }

  #started(): Worker {
    this.#worker ??= new Worker(join(import.meta.dirname, `worker${extname(import.meta.filename)}`), {
      workerData: this.#pulse.buffer,
      resourceLimits: { maxOldGenerationSizeMb: heap, stackSizeMb: stack },
    });
    return this.#worker;
  }
}

function withFind(find: Find): Report {
  return { runs: find.run + 1, values: 0, reasons: {}, slowest: 0, find };
}
