import { type Failure, FailuresError, failuresOf } from '../result.ts';
import { type AgentSource, countAgentKeys, kindOfSource, readAgentKey } from '../ssh/agent-source.ts';
import { sshAgentUnknown, sshSourcesMixed } from './failure.ts';
import { sshAgentEmpty } from './image-failure.ts';
import type { OptionValues } from './options.ts';
import type { World } from './world.ts';

/** Milliseconds in which an agent is to say what keys it has; it asks nobody for that. */
const TO_ANSWER = 5000;

/** What steps may sign with, by id: agents that answer, and keys that can be read. Throws all failures at once. */
export async function sshSources(
  { ssh }: OptionValues<'ssh'>,
  world: World,
): Promise<Readonly<Record<string, AgentSource>>> {
  const failures: Failure[] = [];
  const sources: Record<string, AgentSource> = {};
  for (const { id, paths } of ssh) {
    try {
      sources[id] = await sourceOf(id, paths, world);
    } catch (error) {
      const found = failuresOf(error);
      if (found === undefined) throw error;
      failures.push(...found);
    }
  }
  if (failures.length > 0) throw new FailuresError(failures);
  return sources;
}

async function sourceOf(id: string, written: readonly string[], world: World): Promise<AgentSource> {
  const ofEnvironment = world.surroundings.env['SSH_AUTH_SOCK'] ?? '';
  if (written.length === 0 && ofEnvironment === '') throw new FailuresError([sshAgentUnknown(id)]);
  const paths = (written.length === 0 ? [ofEnvironment] : written).map((path) => world.resolve(path));
  const kinds = await Promise.all(paths.map(kindOfSource));
  if (kinds.every((kind) => kind === 'key')) {
    await Promise.all(paths.map(readAgentKey));
    return { keys: paths };
  }
  const [socket] = paths;
  if (paths.length > 1 || socket === undefined) throw new FailuresError([sshSourcesMixed(id)]);
  const inTime = AbortSignal.any([world.signal, AbortSignal.timeout(TO_ANSWER)]);
  const count = await countAgentKeys(socket, inTime);
  world.signal.throwIfAborted();
  if (count === 0) world.notify(sshAgentEmpty(id, socket), 'warning');
  return { socket };
}
