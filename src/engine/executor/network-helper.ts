import { complaintLine } from '../../program/run-program.ts';
import { type RunningProgram, startProgram } from '../../program/start-program.ts';

/** What a private network is like inside, whichever program is its way out: as slirp4netns(1) has it, on the `eth0` of containers. */
export const HELPER = {
  interface: 'eth0',
  address: '10.0.2.100',
  prefix: 24,
  gateway: '10.0.2.2',
  /** Answers questions of names, by those the machine asks. */
  nameServer: '10.0.2.3',
} as const;

/** Milliseconds a helper gets to bring its interface up. */
const TO_START = 20_000;

/** Why there is no private network, as a sentence, and what would give one. */
export interface NoNetwork {
  readonly why: string;
  readonly fix: string;
}

/** A running program, such as slirp4netns, that gives a namespace its network. */
export interface Helper {
  readonly child: RunningProgram['child'];
  /** Its standard output, error, and what it has open as 3, keep nobody waiting any more; it ends with this process. */
  leave(): void;
}

/**
 * Starts one, and resolves when `ready` does; with what it said, where it ends before that or takes too long. `ready` is
 * given a signal that is aborted when nobody waits for it any more.
 */
export async function startHelper(
  program: string,
  args: readonly string[],
  ready: (child: RunningProgram['child'], signal: AbortSignal) => Promise<unknown>,
): Promise<Helper | string> {
  const running = await startProgram({
    program,
    args,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    detached: true,
    keptStderr: 1000,
  });
  if ('how' in running) return running.error.message;
  const { child, ended, said } = running;
  const waiting = new AbortController();
  const complaint = await new Promise<string | undefined>((resolve) => {
    const timer = setTimeout(() => resolve('it does not get ready'), TO_START);
    waiting.signal.addEventListener('abort', () => clearTimeout(timer));
    void ended.then((end) => resolve(complaintLine({ ...end, stdout: '', stderr: said() })));
    ready(child, waiting.signal).then(
      () => resolve(undefined),
      (error: Error) => resolve(error.message),
    );
  });
  waiting.abort();
  const leave = () => {
    child.unref();
    for (const stream of [child.stdio[3], child.stderr]) (stream as { unref?: () => void }).unref?.();
  };
  if (complaint === undefined) return { child, leave };
  child.kill('SIGKILL');
  leave();
  return complaint;
}
