import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface BreakingLine extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** How often it broke. */
  readonly breaks: () => number;
}

/** A line to `host` of which the first `times` connections break after so many bytes in both directions together. */
export async function breakingLine(host: string, after: number, times: number): Promise<BreakingLine> {
  const [address, port] = host.split(':');
  const sockets = new Set<Socket>();
  let broken = 0;
  const server = createServer((near) => {
    const far = connect(Number(port), address);
    let passed = 0;
    const count = (chunk: Buffer) => {
      passed += chunk.length;
      if (passed <= after || near.destroyed || broken >= times) return;
      broken++;
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) sockets.add(socket.on('data', count).on('error', () => {}));
    near.pipe(far).on('close', () => near.destroy());
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    breaks: () => broken,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
