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
  const abort = new AbortController();
  const progress = {
    emit: (event: ProgressEvent) => {
      events.push(event);
      // Not at once: whoever says that it will be busy is so a moment later.
      if (order.abortWhen === event.type) setTimeout(() => abort.abort(new Error('enough')), 200);
    },
  };
  const signal = order.abortAfter === undefined ? abort.signal : AbortSignal.timeout(order.abortAfter);
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
