import { complaintOf, succeeded } from '../program/run-program.ts';
import { startProgram } from '../program/start-program.ts';
import { FailureError } from '../result.ts';
import { programFailed, programMissing } from './failure.ts';

/** A program that reads on standard input and writes on standard output, such as zstd. */
export interface Filter {
  readonly program: string;
  readonly args: readonly string[];
  /** What it is needed to do, for a message: an infinitive. */
  readonly purpose: string;
}

/** What the program makes of the source. Throws FailureError if it is not there or fails; leaving early ends it. */
export async function* throughProgram(
  source: AsyncIterable<Uint8Array>,
  { program, args, purpose }: Filter,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal.throwIfAborted();
  const running = await startProgram({ program, args, env: 'inherited', stdio: 'pipe' });
  if ('how' in running) {
    const { how, error } = running;
    if (how === 'not-found') throw new FailureError(programMissing(program, purpose), { cause: error });
    throw new FailureError(programFailed(program, purpose, error.message), { cause: error });
  }
  const { child, closed, said, stop } = running;
  const onAbort = () => void stop();
  signal.addEventListener('abort', onAbort);
  const feeding = running.feed(source);
  // Also waited for below; if the consumer leaves before, its failure is of no interest.
  feeding.catch(() => {});
  try {
    if (signal.aborted) onAbort();
    yield* child.stdout!;
    const outcome = { ...(await closed), stdout: '', stderr: said() };
    signal.throwIfAborted();
    await feeding;
    if (!succeeded(outcome)) throw new FailureError(programFailed(program, purpose, complaintOf(outcome)));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    await stop();
  }
}
