import { type Failure, failed, ok, type Result } from '../../result.ts';
import type { HealthcheckInstruction } from '../dockerfile.ts';
import { nanosecondsOf } from '../duration.ts';
import { invalidFlagValue } from '../failure.ts';
import { checkFlags } from '../flags.ts';
import type { Fragment } from '../fragment.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { flagsWithoutEffect, invalidHealthcheck, missingArguments } from '../value-failure.ts';
import { commandLineOf } from './command-line.ts';

const FLAGS = {
  interval: 'one',
  timeout: 'one',
  'start-period': 'one',
  'start-interval': 'one',
  retries: 'one',
} as const;
const MILLISECOND = 1e6;

/** `HEALTHCHECK NONE` or `HEALTHCHECK [--interval=…] … CMD command`. */
export function parseHealthcheck(statement: Statement, context: ParseContext): Result<HealthcheckInstruction, Failure> {
  const { line, start, end, arguments: written } = statement;
  const flags = checkFlags(statement, FLAGS);
  if (!flags.ok) return flags;
  const base = instructionBase({ ...statement, keyword: 'HEALTHCHECK' }, context);
  if (written.kind !== 'typed') {
    return failed(missingArguments('HEALTHCHECK', 'CMD and a command, or NONE', line.span(start, end)));
  }
  const type = written.type.text.toUpperCase();
  if (type === 'NONE') {
    if (written.rest.kind !== 'nothing') {
      return failed(invalidHealthcheck('NONE with a command', line.span(written.type.start, end)));
    }
    if (statement.flags.length > 0) {
      context.warn(flagsWithoutEffect(line.span(start, end)));
    }
    return ok({ ...base, check: { type: 'none' } });
  }
  if (type !== 'CMD') {
    return failed(invalidHealthcheck(written.type.text, line.span(written.type.start, written.type.end)));
  }
  const command = commandLineOf(written.rest);
  if (command.form === 'shell' ? command.text === '' : command.args.length === 0) {
    return failed(missingArguments('HEALTHCHECK CMD', 'a command', line.span(start, end)));
  }
  const interval = durationOf('--interval', flags.value.interval, statement);
  if (!interval.ok) return interval;
  const timeout = durationOf('--timeout', flags.value.timeout, statement);
  if (!timeout.ok) return timeout;
  const startPeriod = durationOf('--start-period', flags.value['start-period'], statement);
  if (!startPeriod.ok) return startPeriod;
  const startInterval = durationOf('--start-interval', flags.value['start-interval'], statement);
  if (!startInterval.ok) return startInterval;
  const retries = retriesOf(flags.value.retries, statement);
  if (!retries.ok) return retries;
  return ok({
    ...base,
    check: {
      type: 'cmd',
      command,
      interval: interval.value,
      timeout: timeout.value,
      startPeriod: startPeriod.value,
      startInterval: startInterval.value,
      retries: retries.value,
    },
  });
}

/** Nanoseconds; undefined for nothing, and for 0, which means the same. */
function durationOf(
  flag: string,
  written: Fragment | undefined,
  { line }: Statement,
): Result<number | undefined, Failure> {
  if (!written?.text) return ok(undefined);
  const duration = nanosecondsOf(written.text);
  if (duration === undefined || (duration !== 0 && duration < MILLISECOND)) {
    const expected = 'a duration of at least 1ms, such as 30s or 1m30s';
    return failed(invalidFlagValue(flag, written.text, { expected, at: written.at(line) }));
  }
  return ok(duration || undefined);
}

function retriesOf(written: Fragment | undefined, { line }: Statement): Result<number | undefined, Failure> {
  if (!written?.text) return ok(undefined);
  const retries = /^\+?\d+$/.test(written.text) ? Number(written.text) : Number.NaN;
  if (!(retries < 2 ** 31)) {
    const expected = 'a number of retries, 0 or more';
    return failed(invalidFlagValue('--retries', written.text, { expected, at: written.at(line) }));
  }
  return ok(retries || undefined);
}
