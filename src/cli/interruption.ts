import { setMaxListeners } from 'node:events';
import { FailureError } from '../result.ts';
import { statusOfSignal } from './exit-codes.ts';
import { interrupted } from './failure.ts';

/** Signals as an AbortSignal: the first lets everything end in order, the second ends it at once. */
export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** Which signal came first, once one has come. */
  readonly by: () => NodeJS.Signals | undefined;
}

/** A person, whoever started cip, and the terminal or the session it was started in, which is gone. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Of this process, from when this file is loaded: before all others, which takes a while. */
export const interruption: Interruption = watchForInterruption((signal) => process.exit(statusOfSignal(signal)));

function watchForInterruption(onSecond: (signal: NodeJS.Signals) => void): Interruption {
  const controller = new AbortController();
  // Everything that waits listens to it, each for as long as it waits.
  setMaxListeners(0, controller.signal);
  let first: NodeJS.Signals | undefined;
  const listener = (signal: NodeJS.Signals) => {
    if (first !== undefined) return onSecond(signal);
    first = signal;
    controller.abort(new FailureError(interrupted(signal)));
  };
  for (const signal of signals) process.on(signal, listener);
  return {
    signal: controller.signal,
    by: () => first,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
