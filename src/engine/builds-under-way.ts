import { setMaxListeners } from 'node:events';
import { type Failure, FailureError } from '../result.ts';
import { ProcessTerminal, type Terminals } from './executor/terminal.ts';
import { stoppedForShell } from './failure.ts';
import type { RunnerServices } from './op/runner-services.ts';

/** A build that runs, as far as others can stop it. */
interface Running {
  readonly image: string;
  /** Of whoever asked for it. */
  readonly signal: AbortSignal;
  readonly stop: AbortController;
}

/** The builds of an engine that run, and the terminal that one of their steps may have once it has failed. */
export class BuildsUnderWay {
  readonly #terminals: Terminals | undefined;
  readonly #running = new Set<Running>();
  #isLent = false;

  constructor(terminals: Terminals | undefined) {
    this.#terminals = terminals;
  }

  /** Aborts when the build is to end, for whatever reason. */
  add(image: string, signal: AbortSignal): { readonly either: AbortSignal; readonly running: Running } {
    const stop = new AbortController();
    const running = { image, signal, stop };
    this.#running.add(running);
    const either = AbortSignal.any([signal, stop.signal]);
    setMaxListeners(0, either);
    return { either, running };
  }

  delete(running: Running): void {
    this.#running.delete(running);
  }

  /** What a failed step of `image` may do; undefined without a terminal. */
  lender(image: string | undefined): RunnerServices['lendTerminal'] {
    const terminals = this.#terminals;
    if (terminals === undefined) return undefined;
    return async (failure, use) => {
      if (this.#isLent) return;
      this.#isLent = true;
      // Its own signal ends with those of the others; only who asked for the builds ends the shell.
      const asked = AbortSignal.any([...this.#running].map(({ signal }) => signal));
      for (const running of this.#running) running.stop.abort(new FailureError(reasonFor(running, image, failure)));
      const user = new ProcessTerminal();
      const terminal = await terminals.open(whyShell(failure), user);
      try {
        await use({ terminal, user }, asked);
      } finally {
        terminal.close();
      }
    };
  }
}

function reasonFor(running: Running, image: string | undefined, failure: Failure): Failure {
  return image === undefined || running.image === image ? failure : stoppedForShell(image);
}

function whyShell({ message }: Failure): readonly string[] {
  return [
    message,
    'This is a shell in its place: with its files, mounts, environment and user. Nothing that is changed here is kept; exit ends the build.',
  ];
}
