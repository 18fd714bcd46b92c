import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request as open, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that stands before a gate. */
export interface GateRequest {
  /** Counts from 1. */
  readonly number: number;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
}

/**
 * What becomes of it: `pass`; `refuse`: it is answered with status 500; `deny`: with 403; `cut`: the connection breaks before the
 * registry hears of it; `swallow`: the registry carries it out, and the connection breaks before the answer.
 */
export type Verdict = 'pass' | 'refuse' | 'deny' | 'cut' | 'swallow';

export interface RegistryGate extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Method and path of all that came, in order. */
  readonly requests: readonly string[];
  /** Resolves when no request is on its way, also of senders that are gone. */
  idle(): Promise<void>;
}

/**
 * A proxy on loopback before the registry at `host()` that may treat each request in its own way, or let it wait.
 * Without `conditions` the registry knows no If-Match and If-None-Match, as many do not.
 */
export async function registryGate(
  host: () => string,
  judge: (request: GateRequest) => Verdict | Promise<Verdict>,
  { conditions = true }: { readonly conditions?: boolean } = {},
): Promise<RegistryGate> {
  const requests: string[] = [];
  const agent = new Agent({ keepAlive: true });

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request;
    const chunks: Buffer[] = [];
    requests.push(`${method} ${url}`);
    const verdict = judge({ number: requests.length, method, url });
    // Read at once: what waits for its verdict has left the sender, whatever becomes of that.
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // Its sender went before it had said all.
    }
    const decided = await verdict;
    if (decided === 'cut') return void request.socket.destroy();
    if (decided === 'refuse' || decided === 'deny') {
      response.writeHead(decided === 'refuse' ? 500 : 403, { 'content-type': 'application/json' });
      return void response.end('{"errors":[{"code":"UNKNOWN","message":"on purpose"}]}');
    }
    const [hostname, port] = host().split(':');
    if (!conditions) for (const name of ['if-match', 'if-none-match']) delete headers[name];
    const forwarded = open({ hostname, port, method, path: url, headers, agent });
    forwarded.end(Buffer.concat(chunks));
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    if (decided === 'swallow') {
      answer.resume();
      await once(answer, 'close');
      return void request.socket.destroy();
    }
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  };
  const running = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const handled = handle(request, response).catch(() => void request.socket.destroy());
    running.add(handled);
    void handled.then(() => running.delete(handled));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
