import { invalidSourceDateEpoch } from '../context/failure.ts';
import { isSeconds, sourceDateEpoch } from '../context/source-date-epoch.ts';
import { type Failure, failed, ok, type Result } from '../result.ts';
import { invalidBuildArgument, registryArgument, unknownBuildArgument } from './failure.ts';

/** What `--` is followed by: settings of the builds themselves. */
export interface BuildArguments {
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly target?: string | undefined;
}

/**
 * `--build-arg NAME=VALUE` (a NAME alone takes its value from the environment, and is left out where that has none)
 * and `--target STAGE`, with a space or `=`; the last of a name wins. SOURCE_DATE_EPOCH of the environment is one of them.
 * All mistakes are reported. `taken`: names that the project sets itself.
 */
export function parseBuildArguments(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  taken: readonly string[],
): Result<BuildArguments> {
  const failures: Failure[] = [];
  const buildArgs: Record<string, string> = {};
  let target: string | undefined;
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, flag, glued] = /^(--build-arg|--target)(?:=(.*))?$/s.exec(word) ?? [];
    if (flag === undefined) {
      failures.push(unknownBuildArgument(word));
      continue;
    }
    const value = glued ?? rest.shift();
    if (value === undefined || value === '') failures.push(invalidBuildArgument(flag, 'needs a value'));
    else if (flag === '--target') target = value;
    else if (taken.includes(nameIn(value))) failures.push(registryArgument(`${flag} ${value}`, nameIn(value)));
    else failures.push(...setBuildArg(buildArgs, value, env));
  }
  failures.push(...takeEpoch(buildArgs, env));
  if (failures.length > 0) return failed(failures);
  return ok({ buildArgs, ...(target !== undefined && { target }) });
}

/**
 * SOURCE_DATE_EPOCH is a build argument, of the environment where none is given. An empty argument means none, whatever a Dockerfile
 * has for a default. What a name means its Dockerfile says.
 */
function takeEpoch(
  buildArgs: Record<string, string>,
  env: Readonly<Record<string, string | undefined>>,
): readonly Failure[] {
  const text = buildArgs[sourceDateEpoch] ?? (env[sourceDateEpoch] || undefined);
  if (text === undefined) return [];
  if (text !== '' && !isSeconds(text) && !/^[a-z]/i.test(text)) return [invalidSourceDateEpoch(text)];
  buildArgs[sourceDateEpoch] = text;
  return [];
}

function nameIn(argument: string): string {
  return argument.split('=')[0]!;
}

function setBuildArg(
  buildArgs: Record<string, string>,
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly Failure[] {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return [invalidBuildArgument(`--build-arg ${text}`, 'does not begin with a name')];
  }
  const value = at < 0 ? env[name] : text.slice(at + 1);
  if (value !== undefined) buildArgs[name] = value;
  return [];
}
