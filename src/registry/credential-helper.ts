import { z } from 'zod';
import { complaintOf, runProgram, succeeded } from '../program/run-program.ts';
import { FailureError } from '../result.ts';
import type { Credentials } from './docker-config.ts';
import { credentialHelperFailed } from './failure.ts';
import type { RegistryOptions } from './registry-options.ts';

const Answer = z.looseObject({ Username: z.string(), Secret: z.string() });

/** Milliseconds for its answer; it may have to ask somebody. */
const TO_ANSWER = 60_000;

/** The user name that says that the secret is an identity token. */
const tokenUser = '<token>';

/**
 * Asks `docker-credential-<helper>` as Docker does; undefined if it has nothing for the registry.
 * https://github.com/docker/docker-credential-helpers/blob/v0.8.2/README.md#development
 */
export async function runCredentialHelper(
  helper: string,
  registry: string,
  env: RegistryOptions['env'],
): Promise<Credentials | undefined> {
  const program = `docker-credential-${helper}`;
  const input = registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
  const outcome = await runProgram(program, { args: ['get'], input, env, timeout: TO_ANSWER });
  if (!succeeded(outcome)) {
    const said = outcome.stdout.trim() || complaintOf(outcome);
    if (/credentials not found/i.test(said)) return undefined;
    const [line = ''] = said.split('\n');
    throw new FailureError(credentialHelperFailed(registry, program, line));
  }

  const answer = Answer.safeParse(parse(outcome.stdout));
  // What it printed may hold a secret and is not shown.
  if (!answer.success)
    throw new FailureError(credentialHelperFailed(registry, program, 'its answer is no credentials'));
  const { Username: username, Secret: secret } = answer.data;
  if (username === '' && secret === '') return undefined;
  return username === tokenUser
    ? { kind: 'identity-token', token: secret }
    : { kind: 'password', username, password: secret };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
