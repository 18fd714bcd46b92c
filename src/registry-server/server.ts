import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { FailureError, failuresOf } from '../result.ts';
import { explained } from '../store/failure.ts';
import { Lock } from '../store/lock.ts';
import { addressInUse, cannotListen, notLoopback, storageInUse } from './failure.ts';
import { type ServedRequest, serve } from './serve.ts';
import { isLoopbackAddress, ServedHosts } from './served-hosts.ts';
import { Storage } from './storage.ts';

/** What `cip registry serve` was asked for, and what it says of each request. */
export interface RegistryServerOptions {
  /** Absolute path of a directory; made where there is none. */
  readonly storage: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Refuse everything that would change something. */
  readonly readonly?: boolean;
  /** Listen on addresses that other machines reach. There is no authentication. */
  readonly allowRemote?: boolean;
  /** Names to answer to besides those of this machine and `host`. */
  readonly allowedHosts?: readonly string[];
  /** Instead of the usual ones. */
  readonly limits?: Partial<ClientLimits>;
  /** Called once for each request, when it was answered or broken off. */
  readonly log?: (request: ServedRequest) => void;
}

/** What a client may take: times in milliseconds. */
export interface ClientLimits {
  /** From the first byte of a request to the end of its headers. */
  readonly headers: number;
  /** Of a connection on which nothing moves. A request as a whole may take as long as it needs. */
  readonly idle: number;
  /** In so much time `leastBytes` of a body must come. */
  readonly window: number;
  readonly leastBytes: number;
  /** At once. Clients open a few dozen. */
  readonly connections: number;
}

/** A server that is listening, and the only way to end it. */
export interface RunningRegistry {
  readonly address: { readonly host: string; readonly port: number };
  /** Lets running requests end for a moment, then breaks them off. Uploads can be gone on with after the next start. */
  close(): Promise<void>;
}

/** How long requests may go on after `close()`, in milliseconds. */
const patience = 2_000;
/** A window of a minute and 16 KiB let lines pass that are ten times as slow as any in use. */
const usualLimits: ClientLimits = {
  headers: 10_000,
  idle: 5 * 60_000,
  window: 60_000,
  leastBytes: 16 << 10,
  connections: 1_000,
};

/**
 * A registry without authentication for this machine: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md.
 * It also ends when `signal` aborts.
 */
export async function serveRegistry(options: RegistryServerOptions, signal: AbortSignal): Promise<RunningRegistry> {
  signal.throwIfAborted();
  if (options.allowRemote !== true) await refuseRemote(options.host);
  const release = await occupy(options.storage, signal);
  try {
    const storage = await Storage.open(options.storage);
    try {
      if (options.readonly !== true) await storage.collectGarbage(signal);
      return await start(options, { storage, release }, signal);
    } catch (error) {
      await storage.store.close();
      throw error;
    }
  } catch (error) {
    await release();
    throw explained(error, options.storage);
  }
}

/** Storage that no other server has, until it is released. */
interface OccupiedStorage {
  readonly storage: Storage;
  readonly release: () => Promise<void>;
}

async function start(
  options: RegistryServerOptions,
  { storage, release }: OccupiedStorage,
  signal: AbortSignal,
): Promise<RunningRegistry> {
  const running = new Set<Promise<void>>();
  const limits = { ...usualLimits, ...options.limits };
  const hosts = new ServedHosts([options.host, ...(options.allowedHosts ?? [])], options.allowRemote === true);
  const settings = {
    requestTimeout: 0,
    headersTimeout: limits.headers,
    connectionsCheckingInterval: Math.ceil(limits.headers / 2),
    keepAliveTimeout: 60_000,
  };
  const server = createServer(settings, (request, response) => {
    const served = serve({ request, response, storage, hosts, limits, options });
    running.add(served);
    void served.finally(() => running.delete(served)); // serve() never rejects
  });
  server.timeout = limits.idle;
  server.maxConnections = limits.connections;
  await listen(server, options);

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      signal.removeEventListener('abort', closeNow);
      const closed = once(server, 'close');
      server.close();
      const timer = setTimeout(() => server.closeAllConnections(), patience);
      await closed;
      clearTimeout(timer);
      await Promise.all(running);
      await storage.store.close();
      await release();
    })();
    return closing;
  };
  const closeNow = (): void => void close();
  signal.addEventListener('abort', closeNow, { once: true });
  if (signal.aborted) await close();
  signal.throwIfAborted();
  const { address, port } = server.address() as AddressInfo;
  return { address: { host: address, port }, close };
}

async function listen(server: Server, { host, port }: RegistryServerOptions): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const failure = code === 'EADDRINUSE' ? addressInUse(host, port) : cannotListen(host, port, message);
    throw new FailureError(failure, { cause: error });
  }
}

/** Two servers would not know of each other's changes. Returns what ends the occupation. */
async function occupy(directory: string, signal: AbortSignal): Promise<() => Promise<void>> {
  try {
    await mkdir(directory, { recursive: true });
    return await new Lock(join(directory, 'lock'), { timeout: 1_000 }).acquire(signal);
  } catch (error) {
    if (failuresOf(error)?.some(({ reason }) => reason === 'lock-timeout')) {
      throw new FailureError(storageInUse(directory), { cause: error });
    }
    throw explained(error, directory);
  }
}

async function refuseRemote(host: string): Promise<void> {
  const addresses = await lookup(host, { all: true }).catch((error: Error) => {
    throw new FailureError(cannotListen(host, 0, error.message), { cause: error });
  });
  for (const { address } of addresses) {
    if (!isLoopbackAddress(address)) throw new FailureError(notLoopback(host, address));
  }
}
