import { once } from 'node:events';
import type { ServedRequest } from '../../registry-server/serve.ts';
import { serveRegistry } from '../../registry-server/server.ts';
import { exitStatus } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import type { World } from '../world.ts';

type Options = 'addr' | 'storage' | 'allowRemote' | 'allowedHost' | 'verbose';

/** `cip registry serve`: a registry on this machine until a signal comes; its address on stdout. */
export async function run({ options }: Invocation<Options>, world: World) {
  const { addr, storage, allowRemote, allowedHost, verbose } = options;
  const directory = storage === undefined ? `${world.storeDirectory}-registry` : world.resolve(storage);
  const log = ({ method, url, status, duration, error }: ServedRequest) => {
    if (error !== undefined) world.complain(`${method} ${url} ${status}: ${String(error)}\n`);
    else if (verbose > 0) world.tell(`${method} ${url} ${status} ${Math.round(duration)}ms\n`);
  };
  const running = await serveRegistry(
    { ...addr, storage: directory, allowRemote, allowedHosts: allowedHost, log },
    world.signal,
  );
  const { host, port } = running.address;
  world.print(`${host.includes(':') ? `[${host}]` : host}:${port}\n`);
  world.tell(`serving ${directory}; Ctrl-C ends it\n`);
  if (!world.signal.aborted) await once(world.signal, 'abort');
  await running.close();
  return exitStatus.done;
}
