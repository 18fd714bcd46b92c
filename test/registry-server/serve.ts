import { join } from 'node:path';
import { type RegistryServerOptions, type RunningRegistry, serveRegistry } from '../../src/registry-server/server.ts';
import { tempDir } from '../support/temp-dir.ts';

export interface TestRegistry extends AsyncDisposable {
  readonly registry: RunningRegistry;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly storage: string;
  /** Requests it has answered, `METHOD url status`. */
  readonly log: readonly string[];
  /** Ends it and serves the same storage again, on another port. */
  restart(options?: Partial<RegistryServerOptions>): Promise<TestRegistry>;
}

/** A registry on a free port with a storage of its own; both are gone at the end of the scope. */
export async function serve(options: Partial<RegistryServerOptions> = {}): Promise<TestRegistry> {
  const dir = await tempDir();
  return start(join(dir.path, 'registry'), options, dir);
}

async function start(
  storage: string,
  options: Partial<RegistryServerOptions>,
  dir: AsyncDisposable,
): Promise<TestRegistry> {
  const log: string[] = [];
  const registry = await serveRegistry(
    {
      storage,
      host: '127.0.0.1',
      port: 0,
      log: ({ method, url, status, error }) => {
        log.push(`${method} ${url} ${status}`);
        if (error !== undefined) log.push(String((error as Error).stack));
      },
      ...options,
    },
    new AbortController().signal,
  );
  const host = `127.0.0.1:${registry.address.port}`;
  return {
    registry,
    url: `http://${host}`,
    host,
    storage,
    log,
    restart: async (options = {}) => {
      await registry.close();
      return start(storage, options, dir);
    },
    async [Symbol.asyncDispose]() {
      await registry.close();
      await dir[Symbol.asyncDispose]();
    },
  };
}
