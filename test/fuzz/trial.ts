import { type Failure, failuresOf } from '../../src/result.ts';
import type { Target } from './target.ts';

/** How one run ended. */
export interface Trial {
  /** CPU time in milliseconds, of the whole process: nothing else is to run in it. */
  readonly ms: number;
  /** Of a failure that was returned or thrown, each once; absent for a value. */
  readonly reasons?: readonly string[];
  /** Why this is not how it is to end. */
  readonly wrong?: string;
}

const defaultBudget = 1000;

/** Characters of a message; more is no sentence. */
const longestMessage = 2000;

export function budgetOf({ budget = defaultBudget }: Target): number {
  return budget;
}

/** One run, and a second one where the first took too long: a collection of garbage may have fallen into it. */
export async function tryInput(target: Target, input: unknown): Promise<Trial> {
  const first = await once(target, input);
  if (first.wrong !== undefined || first.ms <= budgetOf(target)) return first;
  const second = await once(target, input);
  if (second.wrong !== undefined || second.ms <= budgetOf(target)) return second;
  return { ...second, wrong: `took ${Math.round(second.ms)} ms of CPU time, and may take ${budgetOf(target)}` };
}

async function once(target: Target, input: unknown): Promise<Trial> {
  const start = process.cpuUsage();
  const since = () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  try {
    const result = await target.run(input);
    const ms = since();
    return { ms, ...judged(failuresIn(result)) };
  } catch (error) {
    const ms = since();
    const failures = failuresOf(error);
    if (failures) return { ms, ...judged(failures) };
    return { ms, wrong: error instanceof Error ? (error.stack ?? error.message) : `threw ${String(error)}` };
  }
}

/** The failures of a Result; undefined for any other value. */
function failuresIn(result: unknown): readonly Failure[] | undefined {
  if (typeof result !== 'object' || result === null || !('ok' in result) || result.ok !== false) return undefined;
  const { failure } = result as unknown as { readonly failure: Failure | readonly Failure[] };
  return Array.isArray(failure) ? failure : [failure as Failure];
}

function judged(failures: readonly Failure[] | undefined): Pick<Trial, 'reasons' | 'wrong'> {
  if (failures === undefined) return {};
  if (failures.length === 0) return { wrong: 'failed without a failure' };
  const untyped = failures.find(({ reason }) => !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(reason));
  if (untyped) return { wrong: `the failure has the reason ${JSON.stringify(untyped.reason)}` };
  const long = failures.find(({ message, hint = '' }) => Math.max(message.length, hint.length) > longestMessage);
  if (long) return { wrong: `the message of ${long.reason} has ${long.message.length} characters` };
  return { reasons: [...new Set(failures.map(({ reason }) => reason))] };
}
