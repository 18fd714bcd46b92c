import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
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
  const child = spawn(program, args, { stdio: 'pipe', signal });
  const ended = once(child, 'close');
  // Also waited for below; if the consumer leaves before, its failure is of no interest.
  ended.catch(() => {});
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4096);
  });
  // A program that fails closes its input: how it ended says why. What fails in the source ends the program.
  let sourceError: unknown;
  const feeding = pipeline(source, child.stdin).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    sourceError = error;
    child.kill();
  });
  try {
    yield* child.stdout;
    const [code, killedBy] = (await ended) as [number | null, string | null];
    await feeding;
    if (sourceError !== undefined) throw sourceError;
    if (code !== 0) throw new FailureError(programFailed(program, purpose, stderr || `ended by ${killedBy}`));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new FailureError(programMissing(program, purpose), { cause: error });
    throw error;
  } finally {
    child.kill();
  }
}
