import type {
  EnvInstruction,
  ExposeInstruction,
  HealthcheckInstruction,
  LabelInstruction,
  OnbuildInstruction,
  VolumeInstruction,
  WordInstruction,
} from '../../dockerfile/dockerfile.ts';
import { formatDuration } from '../../dockerfile/duration.ts';
import { expandWords } from '../../dockerfile/expand.ts';
import { expansionTooLarge } from '../../dockerfile/value-failure.ts';
import type { Healthcheck } from '../../oci/image-config.ts';
import { invalidValue, located } from './failure.ts';
import type { InstructionContext } from './lowering-context.ts';
import { parsePorts } from './ports.ts';
import { isSignal } from './signals.ts';
import { type StageState, withEntries } from './stage-state.ts';

/** All values of one ENV see the environment as it was before the line. */
export function lowerEnv({ pairs }: EnvInstruction, state: StageState, context: InstructionContext): void {
  const values = pairs.map(
    ({ key, value, at }) => [context.expand(key, state.valueOf, at), context.expand(value, state.valueOf, at)] as const,
  );
  for (const [key, value] of values) state.setEnv(key, value);
  context.record(state, `ENV ${values.map(([key, value]) => `${key}=${value}`).join(' ')}`);
}

/** Keys and values are expanded; a key that is there already keeps its place in the order and takes the new value. */
export function lowerLabel({ pairs }: LabelInstruction, state: StageState, context: InstructionContext): void {
  const labels = pairs.map(
    ({ key, value, at }) => [context.expand(key, state.valueOf, at), context.expand(value, state.valueOf, at)] as const,
  );
  state.config.Labels = withEntries(state.config.Labels, labels);
  context.record(state, `LABEL ${labels.map(([key, value]) => `${key}=${value}`).join(' ')}`);
}

/** A port is some dozen characters, in the configuration and in the history. */
const stepsPerPort = 256;

/** Each port becomes `number/protocol`, ranges become their ports. */
export function lowerExpose({ ports, at }: ExposeInstruction, state: StageState, context: InstructionContext): void {
  const exposed: string[] = [];
  // The history has them in the order of their words, as these are written.
  for (const word of [...ports].sort()) {
    const words = expandWords(word, state.valueOf, context.lowering.expansion);
    if (!words.ok) {
      context.lowering.fail(...located(words.failure, at));
      continue;
    }
    for (const text of words.value.words) {
      const parsed = parsePorts(text);
      if (parsed && !context.lowering.expansion.budget.spend((parsed.last - parsed.first + 1) * stepsPerPort)) {
        context.lowering.fail({ ...expansionTooLarge(text), at });
        return;
      }
      if (parsed) {
        for (let port = parsed.first; port <= parsed.last; port++) exposed.push(`${port}/${parsed.protocol}`);
      } else
        context.lowering.fail(
          invalidValue({ what: 'EXPOSE', value: text, hint: 'write for example 8080, 8080/udp or 8000-8010' }, at),
        );
    }
  }
  state.config.ExposedPorts = withEntries(
    state.config.ExposedPorts,
    exposed.map((port) => [port, {}]),
  );
  context.record(state, `EXPOSE [${exposed.join(' ')}]`);
}

/** Metadata only: nothing is created, and what later steps write there is kept. */
export function lowerVolume({ paths, at }: VolumeInstruction, state: StageState, context: InstructionContext): void {
  const volumes = paths.map((path) => context.expand(path, state.valueOf, at));
  for (const volume of volumes) {
    if (volume === '')
      context.lowering.fail(invalidValue({ what: 'VOLUME', value: volume, hint: 'give the path of a directory' }, at));
  }
  state.config.Volumes = withEntries(
    state.config.Volumes,
    volumes.map((volume) => [volume, {}]),
  );
  context.record(state, `VOLUME [${volumes.join(' ')}]`);
}

/** Only notes the user: whether the image has it is asked where a process is to run as it. */
export function lowerUser({ value, at }: WordInstruction, state: StageState, context: InstructionContext): void {
  state.config.User = context.expand(value, state.valueOf, at);
  context.record(state, `USER ${state.config.User}`);
}

/** A name or number that the kernel has; fails with `invalid-value` otherwise. */
export function lowerStopSignal({ value, at }: WordInstruction, state: StageState, context: InstructionContext): void {
  const name = context.expand(value, state.valueOf, at);
  if (!isSignal(name))
    context.lowering.fail(
      invalidValue({ what: 'STOPSIGNAL', value: name, hint: 'write for example SIGTERM or 15' }, at),
    );
  state.config.StopSignal = name;
  context.record(state, `STOPSIGNAL ${name}`);
}

/** The author of the image, in no layer and not expanded. */
export function lowerMaintainer({ value }: WordInstruction, state: StageState, context: InstructionContext): void {
  state.author = value;
  context.record(state, `MAINTAINER ${value}`);
}

/** The history does not know of it. */
export function lowerOnbuild({ trigger }: OnbuildInstruction, state: StageState): void {
  state.config.OnBuild = [...(state.config.OnBuild ?? []), trigger];
}

/** The command stays as text for the shell of whoever runs the check: HEALTHCHECK does not use SHELL. */
export function lowerHealthcheck(
  { check }: HealthcheckInstruction,
  state: StageState,
  context: InstructionContext,
): void {
  if (check.type === 'none') {
    state.config.Healthcheck = { Test: ['NONE'] };
  } else {
    const { command } = check;
    const Test = command.form === 'exec' ? ['CMD', ...command.args] : ['CMD-SHELL', command.text];
    const rest: Healthcheck = {
      Interval: check.interval,
      Timeout: check.timeout,
      StartPeriod: check.startPeriod,
      StartInterval: check.startInterval,
      Retries: check.retries,
    };
    const given = Object.entries(rest).filter(([, value]) => value !== undefined);
    state.config.Healthcheck = { Test, ...Object.fromEntries(given) };
  }
  context.record(state, `HEALTHCHECK ${shownHealthcheck(state.config.Healthcheck)}`);
}

/** As Go prints the structure, which is what the history holds. */
function shownHealthcheck({
  Test = [],
  Interval,
  Timeout,
  StartPeriod,
  StartInterval,
  Retries = 0,
}: Healthcheck): string {
  const times = Object.entries({ Interval, Timeout, StartPeriod, StartInterval }).map(
    ([name, nanoseconds = 0]) => `${name}:${formatDuration(nanoseconds)}`,
  );
  return `{Test:[${(Test ?? []).join(' ')}] ${times.join(' ')} Retries:${Retries}}`;
}
