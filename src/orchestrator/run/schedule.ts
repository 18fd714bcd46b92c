/** Something to be done after others. */
export interface Task<Id, T> {
  readonly id: Id;
  /** All of them tasks of the same run. */
  readonly after: readonly Id[];
  /** Of several that could start, the greatest does. */
  readonly priority: number;
  run(): Promise<T>;
}

/** How many tasks at once, and what happens after a failure or an interruption. */
export interface ScheduleOptions {
  /** How many run at once. */
  readonly jobs: number;
  /** After a failure go on with all that does not come after it; else start nothing new. */
  readonly keepGoing: boolean;
  /** When it aborts nothing new is started; what runs is waited for. */
  readonly drain: AbortSignal;
}

/** How a task ended. */
export type Outcome<Id, T> =
  | { readonly status: 'done'; readonly value: T }
  | { readonly status: 'failed'; readonly error: unknown }
  /** It comes after `by`, which failed. */
  | { readonly status: 'blocked'; readonly by: Id }
  /** Nothing was wrong with it, but the run ended before. */
  | { readonly status: 'not-started' };

/** Runs each task as soon as all it comes after are done. Never rejects: every task has an outcome, in their order. */
export async function schedule<Id, T>(
  tasks: readonly Task<Id, T>[],
  { jobs, keepGoing, drain }: ScheduleOptions,
): Promise<ReadonlyMap<Id, Outcome<Id, T>>> {
  const waiting = new Set(tasks);
  const running = new Set<Promise<void>>();
  const outcomes = new Map<Id, Outcome<Id, T>>();
  let hasFailed = false;

  const start = (task: Task<Id, T>) => {
    waiting.delete(task);
    const work = task
      .run()
      .then(
        (value) => outcomes.set(task.id, { status: 'done', value }),
        (error: unknown) => {
          hasFailed = true;
          outcomes.set(task.id, { status: 'failed', error });
        },
      )
      .then(() => void running.delete(work));
    running.add(work);
  };

  for (;;) {
    for (const task of waiting) {
      const by = blockerOf(task, outcomes);
      if (by === undefined) continue;
      waiting.delete(task);
      outcomes.set(task.id, { status: 'blocked', by });
    }
    const mayStart = !drain.aborted && (keepGoing || !hasFailed);
    while (mayStart && running.size < jobs) {
      const next = mostUrgent(waiting, outcomes);
      if (next === undefined) break;
      start(next);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  return new Map(tasks.map(({ id }) => [id, outcomes.get(id) ?? { status: 'not-started' }]));
}

/** `waiting` is in an order where each comes after those it needs, so blocking spreads in one pass. */
function blockerOf<Id, T>(task: Task<Id, T>, outcomes: ReadonlyMap<Id, Outcome<Id, T>>): Id | undefined {
  for (const id of task.after) {
    const outcome = outcomes.get(id);
    if (outcome?.status === 'failed') return id;
    if (outcome?.status === 'blocked') return outcome.by;
  }
  return undefined;
}

function mostUrgent<Id, T>(
  waiting: ReadonlySet<Task<Id, T>>,
  outcomes: ReadonlyMap<Id, Outcome<Id, T>>,
): Task<Id, T> | undefined {
  let best: Task<Id, T> | undefined;
  for (const task of waiting) {
    const isReady = task.after.every((id) => outcomes.get(id)?.status === 'done');
    if (isReady && (best === undefined || task.priority > best.priority)) best = task;
  }
  return best;
}
