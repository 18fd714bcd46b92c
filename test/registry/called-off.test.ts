/**
 * Whatever a registry does, a request ends when its signal aborts, with the reason that was given: each operation, while the
 * registry says nothing, drips its headers, or drips its body. All other limits are those of real life.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Deed, forever, hostileServer } from './hostile-server.ts';
import { client } from './http-server.ts';
import { decent, operations } from './operations.ts';

const deeds: Readonly<Record<string, Deed>> = {
  'says nothing': () => {},
  'drips its headers': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX-Drip: ');
    forever(socket, 'x', 5);
  },
  'drips its body': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    forever(socket, '1\r\n{\r\n', 5);
  },
  'drips the body of an error': (socket) => {
    socket.write('HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n');
    forever(socket, '1\r\n{\r\n', 5);
  },
};

test('a request that is called off while a connection is made', { timeout: 30_000 }, async () => {
  const controller = new AbortController();
  const reason = new Error('called off');
  await using server = await hostileServer(() => {}, { declinesTls: false });
  const forLong = 600_000;
  await using one = client({ timeoutMs: forLong, limits: { connect: forLong, probe: forLong } });
  // Under a name that is not the loopback's, so that nothing but https is tried.
  const reached = one.reach(server.host.replace('127.0.0.1', '0.0.0.0'), controller.signal);
  setTimeout(() => controller.abort(reason), 50);
  await assert.rejects(reached, (error) => error === reason);
});

describe('a request that is called off', { concurrency: 16 }, () => {
  for (const [title, deed] of Object.entries(deeds)) {
    for (const [name, { isTarget, run }] of Object.entries(operations)) {
      // Their answer has no body that would matter, so they are over before anybody calls them off.
      if (name === 'manifest push' && title === 'drips its body') continue;
      if (name === 'resolve' && title === 'drips the body of an error') continue;
      test(`${name}, while a registry ${title}`, { timeout: 30_000 }, async () => {
        const controller = new AbortController();
        const reason = new Error('called off');
        await using server = await hostileServer((socket, asked) => {
          (isTarget(asked) ? deed : decent(name))(socket, asked);
          if (isTarget(asked)) setTimeout(() => controller.abort(reason), 20);
        });
        await using one = client({ timeoutMs: 600_000, limits: { drain: 600_000 } });
        await assert.rejects(run(one, server.host, controller.signal), (error) => error === reason);
      });
    }
  }
});
