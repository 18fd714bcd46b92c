import type { BuildResult } from '../../src/builder.ts';
import type { ProgressEvent } from '../../src/progress.ts';
import { failuresOf } from '../../src/result.ts';
import { WorkerBuilder, type WorkerBuilderOptions } from '../../src/worker/worker-builder.ts';
import { type BuilderAnswer, type BuilderOrder, plainRequest } from './person-builder.ts';

/** A process of a person: a WorkerBuilder that does what it is told over IPC. */
let builder: WorkerBuilder | undefined;

process.on('message', (order: BuilderOrder) => void obey(order));
process.on('disconnect', () => void builder?.close());

async function obey(order: BuilderOrder): Promise<void> {
  if (order.type === 'make') {
    builder = new WorkerBuilder(order.options as WorkerBuilderOptions);
    return;
  }
  if (order.type === 'close') {
    await builder!.close();
    process.disconnect();
    return;
  }
  const events: ProgressEvent[] = [];
  const progress = { emit: (event: ProgressEvent) => void events.push(event) };
  const signal = order.abortAfter === undefined ? new AbortController().signal : AbortSignal.timeout(order.abortAfter);
  try {
    const result: BuildResult = await builder!.build(plainRequest(order.buildArgs), progress, signal);
    answer({ id: order.id, events, result });
  } catch (error) {
    const { name, message, stack } = error as Error;
    answer({ id: order.id, events, error: { name, message, stack, failures: failuresOf(error) } });
  }
}

function answer(message: BuilderAnswer): void {
  process.send!(message);
}
