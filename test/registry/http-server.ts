import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { RegistryClient } from '../../src/registry/registry.ts';
import type { RegistryOptions } from '../../src/registry/registry-options.ts';

export interface HttpRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface HttpServer extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** All that came, in order. */
  readonly requests: HttpRequest[];
  /** `GET /path` of all that came, without the question whether it speaks http. */
  readonly log: () => readonly string[];
}

/** A server on a port of its own that notes each request, with its body, before `answer` answers it. */
export async function serve(
  answer: (request: HttpRequest, response: ServerResponse) => void | Promise<void>,
  tls?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<HttpServer> {
  const requests: HttpRequest[] = [];
  const listener = async (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = '', url = '', headers } = incoming;
    const request = { method, path: url, headers, body: Buffer.concat(chunks) };
    requests.push(request);
    await answer(request, response);
  };
  const onRequest = (incoming: IncomingMessage, response: ServerResponse) =>
    void listener(incoming, response).catch(() => response.destroy());
  const server: Server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    requests,
    log: () => requests.filter(({ path }) => path !== '/v2/').map(({ method, path }) => `${method} ${path}`),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A client whose pauses take no time and are noted in `slept`. */
export function client(options: Partial<RegistryOptions> = {}): RegistryClient & { readonly slept: number[] } {
  const slept: number[] = [];
  const sleep = async (milliseconds: number, signal: AbortSignal) => {
    signal.throwIfAborted();
    slept.push(milliseconds);
  };
  const one = new RegistryClient({
    insecureRegistries: [],
    retries: 4,
    timeoutMs: 5000,
    userAgent: 'cip-test/1',
    env: {},
    hooks: { sleep, random: () => 0 },
    ...options,
  });
  return Object.assign(one, { slept });
}
