import type { BuildRequest, BuildResult } from '../builder.ts';
import type { EngineOptions, IsolationTier } from '../engine/engine-options.ts';
import type { OpenTerminal, TerminalSize } from '../engine/executor/terminal.ts';
import type { ProgressEvent } from '../progress.ts';
import { type Failure, FailureError, FailuresError, failuresOf } from '../result.ts';
import { diskFull, systemErrorCode } from '../store/failure.ts';
import { workerFilesExhausted } from './failure.ts';

/** From the parent to the worker, over Node's IPC channel. `id` tells builds apart. */
export type ToWorker =
  /** `module` (a file: URL) exports `createEngine(options)`. Comes first, once. */
  | { readonly type: 'start'; readonly module: string; readonly options: EngineOptions }
  | { readonly type: 'build'; readonly id: number; readonly request: BuildRequest; readonly watchesWork: boolean }
  | { readonly type: 'cancel'; readonly id: number }
  /** Whoever reads what steps print is behind: let them wait, until `resume`. */
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** Answers `terminal-open`. */
  | { readonly type: 'terminal-lent'; readonly terminal: Pick<OpenTerminal, 'type' | 'size'> }
  /** In base64. */
  | { readonly type: 'typed'; readonly bytes: string }
  | { readonly type: 'resized'; readonly size: TerminalSize }
  /** In place of `start`: tries what builds need. */
  | { readonly type: 'probe'; readonly order: ProbeOrder }
  /** Nothing is being built any more: end. */
  | { readonly type: 'close' };

/** From the worker to the parent. Each `build` is answered by one `built` or `not-built`, and progress before it. */
export type FromWorker =
  | { readonly type: 'started' }
  | { readonly type: 'not-started'; readonly error: SentError }
  | { readonly type: 'probed'; readonly facts: readonly MachineFact[] }
  /** Answers `cancel` at once: what was cancelled is about to end. */
  | { readonly type: 'cancelling'; readonly id: number }
  | { readonly type: 'progress'; readonly id: number; readonly event: ProgressEvent }
  /** A step is to have the terminal; one at a time. */
  | { readonly type: 'terminal-open'; readonly why: readonly string[] }
  /** In base64. */
  | { readonly type: 'terminal-output'; readonly bytes: string }
  | { readonly type: 'terminal-close' }
  | { readonly type: 'built'; readonly id: number; readonly result: BuildResult }
  | { readonly type: 'not-built'; readonly id: number; readonly error: SentError };

/** An error as data: failures whole, bugs with the stack of where they happened. */
export type SentError =
  | { readonly kind: 'failures'; readonly failures: readonly Failure[] }
  | {
      readonly kind: 'bug';
      readonly name: string;
      readonly message: string;
      readonly stack: string;
      /** Of an error of the operating system: ENOSPC and the like. */
      readonly code?: string;
      readonly syscall?: string;
    };

/**
 * Errors lose their class between processes: failures are sent as the plain data they are, anything else as a bug with
 * its stack.
 */
export function sendable(error: unknown): SentError {
  const failures = failuresOf(error);
  if (failures !== undefined) return { kind: 'failures', failures };
  const bug = error instanceof Error ? error : new Error(String(error));
  const code = systemErrorCode(bug);
  if (code === 'EMFILE' || code === 'ENFILE') {
    return { kind: 'failures', failures: [workerFilesExhausted(bug.message)] };
  }
  // All that is written on this side is in the store; errors of writing name no path.
  if (code === 'ENOSPC' || code === 'EDQUOT') return { kind: 'failures', failures: [diskFull(pathOf(bug))] };
  const { syscall } = bug as NodeJS.ErrnoException;
  const said = { name: bug.name, message: bug.message, stack: stackOf(bug) };
  return { kind: 'bug', ...said, ...(code !== undefined && { code }), ...(syscall !== undefined && { syscall }) };
}

/** The error to throw on this side. */
export function received(error: SentError): Error {
  if (error.kind === 'failures') {
    const [first, ...others] = error.failures;
    return first !== undefined && others.length === 0 ? new FailureError(first) : new FailuresError(error.failures);
  }
  const { message, kind: _, ...others } = error;
  return Object.assign(new Error(message), others);
}

function pathOf({ path }: NodeJS.ErrnoException): string {
  return path ?? 'the store';
}

/** With what is inside of it: an error of cleaning up carries the one that came first. */
function stackOf(bug: Error): string {
  const inner = ['suppressed', 'error', 'cause'].flatMap((key) => {
    const value: unknown = Reflect.get(bug, key);
    return value instanceof Error ? [`${key}: ${stackOf(value)}`] : [];
  });
  return [bug.stack ?? bug.message, ...inner].join('\n');
}

/** One thing that building needs of a machine, tried for real. */
export interface MachineFact {
  /** Stable: `overlay`, `tool-unshare`, `emulation-arm64`. */
  readonly id: string;
  /** `partly`: building works, but something is lost or slower. */
  readonly ok: 'yes' | 'no' | 'partly';
  /** One sentence for a person, no full stop. */
  readonly detail: string;
  /** Command or setting that makes it `yes`. */
  readonly fix?: string | undefined;
}

/** What `probeMachine()` sends to the process inside; the answer is a list of facts. */
export interface ProbeOrder {
  /** Empty. Removed by who made it, when the process has ended and with it all mounts. */
  readonly dir: string;
  readonly path: string;
  readonly tier: IsolationTier;
}

/** Below `dir`: directories of an overlay mount, `upper`, `work` and so on. */
export const OVERLAY = 'overlay';
