import { formatRegistry, type RegistryName } from '../../oci/registry-name.ts';
import { failuresOf } from '../../result.ts';
import { type Check, checkMachine } from '../check-machine.ts';
import { type ExitStatus, exitStatus } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { doctorText } from '../render/doctor.ts';
import type { World } from '../world.ts';

type Option = 'localRegistry' | 'remoteRegistry' | 'json';

/** `cip doctor`: what this machine can do, and the command that fixes what it cannot; 5 if it cannot build. */
export async function run({ options }: Invocation<Option>, world: World): Promise<ExitStatus> {
  const { localRegistry, remoteRegistry } = options;
  const machine = await checkMachine(await world.store(), world.surroundings, world.signal);
  const local = await registryCheck('local registry', localRegistry, world);
  const checks: Check[] = [...machine, local.state === 'ok' ? local : { ...local, hint: 'cip registry serve' }];
  if (remoteRegistry !== undefined) checks.push(await registryCheck('remote registry', remoteRegistry, world));

  const document = { schema: 'cip.doctor/v1', checks, failures: [] };
  world.print(options.json ? `${JSON.stringify(document, null, 2)}\n` : doctorText(checks, world.colors));
  return checks.some(({ state }) => state === 'missing') ? exitStatus.environment : exitStatus.done;
}

/** A local registry is only needed by those who publish to one. */
async function registryCheck(name: string, registry: RegistryName, world: World): Promise<Check> {
  const client = await world.registryClient();
  try {
    await client.ping(registry.host, world.signal);
    return { name, state: 'ok', message: `${formatRegistry(registry)} answers` };
  } catch (error) {
    const [failure] = failuresOf(error) ?? [];
    if (failure === undefined) throw error;
    const state = name === 'local registry' ? 'limited' : 'missing';
    return { name, state, message: failure.message, hint: failure.hint };
  }
}
