import { type ChildProcess, spawn } from 'node:child_process';

/** What a private network is like inside, whichever program is its way out: that of slirp4netns(1), unless told. */
export const HELPER = {
  interface: 'tap0',
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
  readonly child: ChildProcess;
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
  ready: (child: ChildProcess, signal: AbortSignal) => Promise<unknown>,
): Promise<Helper | string> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    detached: true,
  });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-1000);
  });
  const waiting = new AbortController();
  const complaint = await new Promise<string | undefined>((resolve) => {
    const timer = setTimeout(() => resolve('it does not get ready'), TO_START);
    waiting.signal.addEventListener('abort', () => clearTimeout(timer));
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(oneLine(said) || (signal ?? `exit status ${code}`)));
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

/** What a command complained of, on one line. */
export function saidBy(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string };
  return oneLine(stderr || message);
}

function oneLine(text: string): string {
  return text.trim().replaceAll('\n', '; ');
}
