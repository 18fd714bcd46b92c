import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What a client asked, as far as it matters here. */
export interface Asked {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** `127.0.0.1:<port>` of the server. */
  readonly host: string;
}

/** What a server does with a connection on which a request has come. */
export type Deed = (socket: Socket, asked: Asked) => void;

export interface HostileServer extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Requests of which the head has come. */
  readonly asked: readonly Asked[];
}

/** A server of TCP that reads the heads of requests and leaves everything else to `deed`: no library keeps it decent. */
export async function hostileServer(deed: Deed, { declinesTls = true } = {}): Promise<HostileServer> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    let head = '';
    /** Bytes of a body that are still to come. */
    let rest = 0;
    socket.on('data', (chunk) => {
      // A client that finds no HTTP tries TLS: that, at least, is declined at once.
      if (declinesTls && head === '' && rest === 0 && chunk[0] === 0x16) return void socket.destroy();
      let bytes = chunk;
      while (bytes.length > 0) {
        const ofBody = bytes.subarray(0, rest);
        rest -= ofBody.length;
        head += bytes.subarray(ofBody.length).toString('latin1');
        bytes = Buffer.alloc(0);
        const end = head.indexOf('\r\n\r\n');
        if (rest > 0 || end < 0) return;
        const one = parse(head.slice(0, end), host());
        bytes = Buffer.from(head.slice(end + 4), 'latin1');
        head = '';
        rest = Number(one.headers['content-length'] ?? 0);
        asked.push(one);
        deed(socket, one);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host: host(),
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parse(head: string, host: string): Asked {
  const [first = '', ...lines] = head.split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { method, path, headers: Object.fromEntries(headers), host };
}

/** A proper answer with a length, after which the connection stays open. */
export function answer(
  socket: Socket,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: string | Buffer = '',
): void {
  const lines = Object.entries({ 'Content-Length': String(Buffer.byteLength(body)), ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.write(`HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`);
  socket.write(body);
}

/** Writes again and again until the other side goes away: as fast as it reads, or one piece each `pause` milliseconds. */
export function forever(socket: Socket, piece: string | Buffer, pause = 0): void {
  const write = (): void => {
    if (socket.destroyed || !socket.writable) return;
    const isTaken = socket.write(piece);
    if (pause > 0) setTimeout(write, pause).unref();
    else if (isTaken) setImmediate(write);
    else socket.once('drain', write);
  };
  write();
}
