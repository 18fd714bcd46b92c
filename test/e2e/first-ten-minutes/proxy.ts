import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** `pass` it on, answer with this status, or `die`: close all connections and accept no more. */
type Treatment = 'pass' | 'die' | 403 | 401;

/** A registry as it is seen through something that goes wrong. */
export async function proxyOf(host: string, treat: (request: IncomingMessage) => Treatment) {
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    const treatment = treat(incoming);
    if (treatment === 'die') {
      server.close();
      for (const socket of sockets) socket.destroy();
      return;
    }
    if (treatment !== 'pass') {
      incoming.resume();
      const challenge = treatment === 401 ? { 'www-authenticate': 'Basic realm="registry"' } : {};
      outgoing.writeHead(treatment, { 'content-type': 'application/json', ...challenge });
      outgoing.end(JSON.stringify({ errors: [{ code: treatment === 401 ? 'UNAUTHORIZED' : 'DENIED' }] }));
      return;
    }
    const { method, url, headers } = incoming;
    const onward = request(`http://${host}${url}`, { method, headers: { ...headers, host } }, (answer) => {
      const location = answer.headers.location?.replace(`http://${host}`, '');
      outgoing.writeHead(answer.statusCode!, { ...answer.headers, ...(location !== undefined && { location }) });
      answer.pipe(outgoing);
    });
    onward.on('error', () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}
