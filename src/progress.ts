import type { Failure } from './result.ts';

/**
 * What happened, in order. Rooms emit; cli/render/ alone decides how it looks.
 * Durations in milliseconds, sizes in bytes. `image` names the image of the project that the event belongs to,
 * `platform` is `linux/amd64`, and `step` identifies a step within one build.
 */
export type ProgressEvent = EventSubject & Happening;

/** What an event belongs to. */
interface EventSubject {
  readonly image?: string;
  readonly platform?: string;
}

type Happening =
  | {
      readonly type: 'image-started';
      readonly image: string;
      readonly platforms: readonly string[];
      readonly why: string;
    }
  | { readonly type: 'image-skipped'; readonly image: string; readonly why: string }
  /** `digest` where it is the one that people will meet: not where the image is still to be sent. */
  | { readonly type: 'image-finished'; readonly image: string; readonly digest?: string; readonly duration: number }
  /**
   * `failures`: what `message` says; absent for an error of the operating system, of which `code` is what it said, such as
   * ENOSPC, and for a bug.
   */
  | {
      readonly type: 'image-failed';
      readonly image: string;
      readonly message: string;
      readonly failures?: readonly Failure[] | undefined;
      readonly code?: string | undefined;
    }
  | { readonly type: 'image-pushed'; readonly image: string; readonly reference: string; readonly digest: string }
  | {
      readonly type: 'step-started';
      readonly step: string;
      readonly name: string;
      /** Why no cache had it; absent where nothing is remembered that it could be compared with. */
      readonly why?: StepWhy;
    }
  | {
      readonly type: 'step-cached';
      readonly step: string;
      readonly name: string;
    }
  | {
      readonly type: 'step-output';
      readonly step: string;
      readonly stream: 'stdout' | 'stderr';
      readonly text: string;
    }
  | { readonly type: 'step-finished'; readonly step: string; readonly duration: number }
  | {
      readonly type: 'blob-progress';
      readonly digest: string;
      readonly done: number;
      readonly total: number;
      /** `present`: the other side had it, and nothing was sent. The other two come after one another. */
      readonly state: 'present' | 'copying' | 'copied';
    }
  /** Only for a progress that `watchesWork`, as all of `Work` is. */
  | (Work & { readonly type: 'work-started' })
  | (Work & { readonly type: 'work-finished'; readonly isFailed?: true })
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'warning'; readonly message: string };

/** Why a step is run. */
export interface StepWhy {
  /**
   * `part-changed`: its key is made of other `parts`. `input-changed`: what it stands on or takes from is another. `new`: there was
   * no such step. `result-gone`: the store has no result any more of what it is made of. `asked-for`: by an option.
   */
  readonly reason: 'part-changed' | 'input-changed' | 'new' | 'result-gone' | 'asked-for';
  /** Names of the parts that differ: `file etc/a.conf`, `env MODE`, `args`. */
  readonly parts: readonly string[];
  /** On one line, for people. */
  readonly message: string;
}

/**
 * What takes its time within a step, an image or a run. Of a kind, with one name and subject, one is under way at a time; what several
 * images wait for has none of them as its subject.
 */
export interface Work {
  readonly kind: 'image' | 'send' | 'hash' | 'pull' | 'unpack' | 'pack' | 'compress' | 'push';
  readonly name: string;
  /** Of which it is a part; or which it is about, before that runs. */
  readonly step?: string;
  /** Of the blob that it is about; where it makes one, known when it is finished. */
  readonly digest?: string;
  readonly size?: number;
}

/** Where rooms report what happens; only cli/ knows how it is shown. */
export interface Progress {
  emit(event: ProgressEvent): void;
  /**
   * undefined when whoever reads keeps up; else settles when that is so again. Who has much to say, such as a step that
   * prints, waits for it: what nobody reads is not kept. Nothing to wait for where it is absent.
   */
  taken?(): Promise<void> | undefined;
  /** Whether events about work are wanted. */
  readonly watchesWork?: boolean | undefined;
}

/** Swallows everything: for callers that do not show progress. */
export const silent: Progress = { emit() {} };

/** The same, for what belongs to `subject`. */
export function progressOf(progress: Progress, subject: EventSubject): Progress {
  return { watchesWork: progress.watchesWork, emit: (event) => progress.emit({ ...subject, ...event }) };
}

/** Does `work`, and tells when it began and ended where that is wanted. `made`: what of its result is told. */
export async function watched<T>(
  {
    progress,
    made,
    ...what
  }: Work & {
    readonly progress: Progress;
    readonly made?: ((result: T) => Pick<Work, 'digest' | 'size'>) | undefined;
  },
  work: () => Promise<T>,
): Promise<T> {
  if (progress.watchesWork !== true) return await work();
  progress.emit({ type: 'work-started', ...what });
  try {
    const result = await work();
    progress.emit({ type: 'work-finished', ...what, ...made?.(result) });
    return result;
  } catch (error) {
    progress.emit({ type: 'work-finished', ...what, isFailed: true });
    throw error;
  }
}
