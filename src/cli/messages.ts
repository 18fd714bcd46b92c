import { failureJson } from '../orchestrator/plan/failure-json.ts';
import type { Failure } from '../result.ts';
import { visible } from './render/visible.ts';
import {
  type FailureGroup,
  type Level,
  type ReportOptions,
  reportFailure,
  reportFailures,
  reportGroups,
} from './report-failure.ts';

/** What is said on stderr besides progress, in the form in which progress is shown: for people, or a JSON object per line. */
export interface Messages {
  /** Text as it is, with its ends of lines. */
  text(text: string): void;
  /** One failure, or what is only to be known. */
  failure(failure: Failure, level: Level): void;
  failures(failures: readonly Failure[]): void;
  groups(groups: readonly FailureGroup[]): void;
}

/** For people. */
export function textMessages(write: (text: string) => void, options: ReportOptions): Messages {
  return {
    text: write,
    failure: (failure, level) => write(`${reportFailure(failure, level, options)}\n`),
    failures: (failures) => write(reportFailures(failures, options)),
    groups: (groups) => write(reportGroups(groups, options)),
  };
}

/** For machines, beside the events of `jsonRenderer`: each has a `type`, its `time` and a `message`, a failure also its fields. */
export function jsonMessages(write: (text: string) => void, now: () => number, cwd: string): Messages {
  const line = (object: { readonly type: Level | 'message'; readonly message: string }) =>
    write(`${visible(JSON.stringify({ time: new Date(now()).toISOString(), ...object }))}\n`);
  const text = (words: string) => {
    for (const message of words.split('\n')) if (message.trim() !== '') line({ type: 'message', message });
  };
  const failure = (one: Failure, level: Level, more = {}) =>
    line({ type: level, ...failureJson(one, undefined, cwd), ...more });
  return {
    text,
    failure,
    failures: (failures) => {
      for (const one of failures) failure(one, 'error');
    },
    groups: (groups) => {
      for (const { title, failures, notes } of groups) {
        for (const one of failures) failure(one, 'error', { group: title });
        for (const note of notes) text(note);
      }
    },
  };
}
