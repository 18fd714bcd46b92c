/**
 * Registries that do wicked things, each a server of TCP on this machine, against all that is asked of a registry: every
 * combination ends by itself with a failure that has a reason.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import type { RegistryLimits } from '../../src/registry/limits.ts';
import { FailureError } from '../../src/result.ts';
import { answer, type Deed, forever, hostileServer } from './hostile-server.ts';
import { client } from './http-server.ts';
import { content, decent, manifest, type OperationName, operations } from './operations.ts';

const never = new AbortController().signal;
/** For registries that never end: short, yet long for a request on this machine. The others end under the real limits. */
const short: Partial<RegistryLimits> = { probe: 1_000, document: 1_000, change: 1_000, window: 500, drain: 20 };
/** A reason for all operations, and others for some; `ends well` where the deed does no harm to it. */
type Expected = Readonly<{ all: string } & Partial<Record<OperationName, string>>>;

const unreachable = 'registry-unreachable';
const tooSlow = 'registry-too-slow';
const invalid: Expected = { all: 'registry-answer-not-understood', reach: 'not-a-registry' };

interface Wickedness {
  readonly deed: Deed;
  readonly want: Expected;
  /** It goes on until somebody loses patience. */
  readonly isEndless?: boolean;
}

const wicked: Readonly<Record<string, Wickedness>> = {
  'says nothing': { isEndless: true, deed: () => {}, want: { all: unreachable } },
  'goes away': { deed: (socket) => socket.destroy(), want: { all: unreachable } },
  'resets the connection': { deed: (socket) => socket.resetAndDestroy(), want: { all: unreachable } },
  'drips its headers': {
    isEndless: true,
    deed: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-Drip: ');
      forever(socket, 'x', 5);
    },
    want: { all: unreachable },
  },
  'sends headers without end': {
    deed: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      forever(socket, `X-More: ${'x'.repeat(1000)}\r\n`);
    },
    want: invalid,
  },
  'sends one header without end': {
    deed: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-Long: ');
      forever(socket, 'x'.repeat(10_000));
    },
    want: invalid,
  },
  'promises an answer without end (103)': {
    isEndless: true,
    deed: (socket) => forever(socket, 'HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n', 1),
    want: { all: unreachable },
  },
  'asks to go on without end (100)': {
    deed: (socket) => forever(socket, 'HTTP/1.1 100 Continue\r\n\r\n', 1),
    want: { all: unreachable },
  },
  'switches to another protocol': {
    deed: (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
    want: { all: unreachable },
  },
  'speaks SSH': { deed: (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'), want: invalid },
  'speaks SMTP': { deed: (socket) => socket.write('220 mail ESMTP\r\n'), want: invalid },
  'speaks TLS': { deed: (socket) => socket.end(Buffer.from('15030300020228', 'hex')), want: invalid },
  'sends noise': { deed: (socket) => socket.write(Buffer.alloc(5_000, 0xa5)), want: invalid },
  'has a status that is no number': { deed: (socket) => socket.write('HTTP/1.1 abc OK\r\n\r\n'), want: invalid },
  'has two lengths': {
    deed: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'),
    want: { all: unreachable },
  },
  'has a negative length': {
    deed: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'),
    want: invalid,
  },
  'has a length and chunks': {
    deed: (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
    want: { all: unreachable },
  },
  'drips its body': {
    isEndless: true,
    deed: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n');
      forever(socket, '{', 5);
    },
    want: { all: tooSlow, resolve: tooSlow, upload: 'registry-refused', 'manifest push': 'ends well' },
  },
  'drips its body in chunks': {
    isEndless: true,
    deed: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      forever(socket, '1\r\n{\r\n', 5);
    },
    want: { all: tooSlow, upload: 'registry-refused', 'manifest push': 'ends well' },
  },
  'drips the body of an error': {
    isEndless: true,
    deed: (socket) => {
      socket.write('HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n');
      forever(socket, '1\r\n{\r\n', 5);
    },
    want: { all: 'registry-refused' },
  },
  'stops in its body': {
    isEndless: true,
    deed: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n{'),
    want: { all: tooSlow, blob: unreachable, upload: 'registry-refused', 'manifest push': 'ends well' },
  },
  'breaks off in its body': {
    deed: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n{'),
    want: { all: unreachable, upload: 'registry-refused', 'manifest push': 'ends well' },
  },
  'resets the connection in its body': {
    deed: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n{', () =>
        setTimeout(() => socket.resetAndDestroy(), 5),
      );
    },
    want: { all: unreachable, upload: 'registry-refused', 'manifest push': 'ends well' },
  },
  'has a chunk of no size': {
    deed: (socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n'),
    want: { ...invalid, upload: 'registry-refused', 'manifest push': 'ends well' },
  },
  'has a chunk of a huge size': {
    deed: (socket) => socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'F'.repeat(17)}\r\n{}`),
    want: { ...invalid, upload: 'registry-refused', 'manifest push': 'ends well' },
  },
  'has chunks after proper ones that are garbage': {
    deed: (socket) => socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n!!garbage!!\r\n`),
    want: { ...invalid, upload: 'registry-refused', 'manifest push': 'ends well' },
  },
  'sends more than it said': {
    deed: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]and so much more'),
    want: {
      ...invalid,
      blob: 'blob-size-mismatch',
      upload: 'registry-refused',
      'manifest push': 'ends well',
    },
  },
  'sends a body without end': {
    deed: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      forever(socket, Buffer.alloc(64 << 10, '['));
    },
    want: { ...invalid, blob: 'blob-size-mismatch', upload: 'registry-refused', 'manifest push': 'ends well' },
  },
  'sends a page of HTML': {
    deed: (socket) => answer(socket, 200, { 'Content-Type': 'text/html' }, '<!doctype html><title>Sign in</title>'),
    want: { ...invalid, blob: 'blob-size-mismatch', upload: 'registry-refused', 'manifest push': 'ends well' },
  },
  'sends gzip that grows': {
    deed: (socket) =>
      answer(socket, 200, { 'Content-Encoding': 'gzip', 'Content-Type': mediaTypes.imageManifest }, bomb),
    want: { ...invalid, blob: 'blob-size-mismatch', upload: 'registry-refused', 'manifest push': 'ends well' },
  },
  'nests its JSON without end': {
    deed: (socket) => answer(socket, 200, { 'Content-Type': mediaTypes.imageManifest }, '[{"a":'.repeat(20_000)),
    want: { ...invalid, blob: 'blob-size-mismatch', upload: 'registry-refused', 'manifest push': 'ends well' },
  },
  'redirects in a circle': {
    deed: (socket, { path }) => answer(socket, 307, { Location: path }),
    want: { all: 'registry-redirect-refused', token: 'registry-refused' },
  },
  'redirects to a file': {
    deed: (socket) => answer(socket, 307, { Location: 'file:///etc/passwd' }),
    want: { all: 'registry-redirect-refused', token: 'registry-refused' },
  },
  'redirects to a socket': {
    deed: (socket) => answer(socket, 307, { Location: 'unix:/var/run/docker.sock' }),
    want: { all: 'registry-redirect-refused', token: 'registry-refused' },
  },
  'redirects to gopher': {
    deed: (socket) => answer(socket, 307, { Location: 'gopher://127.0.0.1/' }),
    want: { all: 'registry-redirect-refused', token: 'registry-refused' },
  },
  'redirects to an address with a user': {
    deed: (socket, { host }) => answer(socket, 307, { Location: `http://user:password@${host}/` }),
    want: { all: 'registry-redirect-refused', token: 'registry-refused' },
  },
  'redirects to no address': {
    deed: (socket) => answer(socket, 307, { Location: 'http://[' }),
    want: { all: 'registry-redirect-refused', token: 'registry-refused' },
  },
  'asks for another login each time': {
    deed: (socket, { host }) =>
      answer(socket, 401, { 'WWW-Authenticate': `Bearer realm="http://${host}/elsewhere",service="y"` }),
    want: { all: 'registry-refused', reach: 'ends well', token: 'registry-denied' },
  },
  'asks for a login in a way nobody knows': {
    deed: (socket) => answer(socket, 401, { 'WWW-Authenticate': `Negotiate ${'a'.repeat(500)}==, X a=", b` }),
    want: { all: 'registry-denied', reach: 'ends well' },
  },
  'asks for a token of a file': {
    deed: (socket) => answer(socket, 401, { 'WWW-Authenticate': 'Bearer realm="file:///etc/passwd"' }),
    want: { all: 'registry-answer-not-understood', reach: 'ends well', token: 'registry-denied' },
  },
  'asks for a token of an address with a user': {
    deed: (socket, { host }) => answer(socket, 401, { 'WWW-Authenticate': `Bearer realm="http://a:b@${host}/token"` }),
    want: { all: 'registry-answer-not-understood', reach: 'ends well', token: 'registry-denied' },
  },
  'says 503': {
    deed: (socket) => answer(socket, 503, { 'Retry-After': '0' }),
    want: { all: 'registry-refused' },
  },
  'says to wait for years': {
    deed: (socket) => answer(socket, 429, { 'Retry-After': '9'.repeat(300) }),
    want: { all: 'registry-refused' },
  },
  'says 404 to everything': {
    deed: (socket) => answer(socket, 404, { 'Content-Type': 'text/plain' }, '404 page not found\n'),
    want: {
      all: 'registry-refused',
      reach: 'not-a-registry',
      resolve: 'ends well',
      manifest: 'ends well',
      tags: 'ends well',
      blob: 'blob-unknown',
    },
  },
  'lies about the digest': {
    deed: (socket, { method }) =>
      answer(
        socket,
        method === 'PUT' ? 201 : 200,
        {
          'Content-Type': mediaTypes.imageManifest,
          'Content-Length': String(manifest.bytes.length),
          'Docker-Content-Digest': digestOf('something else'),
        },
        method === 'HEAD' ? '' : Buffer.from(manifest.bytes),
      ),
    want: {
      all: 'manifest-digest-mismatch',
      reach: 'ends well',
      resolve: 'ends well',
      tags: 'ends well',
      blob: 'blob-size-mismatch',
      upload: 'ends well',
      token: 'registry-answer-not-understood',
    },
  },
  'sends the bytes of another blob': {
    deed: (socket) => answer(socket, 200, {}, Buffer.alloc(content.length, '{')),
    want: {
      ...invalid,
      reach: 'ends well',
      blob: 'blob-digest-mismatch',
      upload: 'registry-refused',
      'manifest push': 'ends well',
    },
  },
  'gives a token that would be two headers': {
    deed: (socket) => answer(socket, 200, {}, JSON.stringify({ token: 'a\r\nX-Injected: b' })),
    want: {
      ...invalid,
      reach: 'ends well',
      tags: 'ends well',
      blob: 'blob-size-mismatch',
      upload: 'registry-refused',
      'manifest push': 'ends well',
    },
  },
};
const bomb = gzipSync(Buffer.alloc(10 << 20));

describe('a registry that', { concurrency: 24 }, () => {
  for (const [title, { deed, want, isEndless = false }] of Object.entries(wicked)) {
    for (const [name, { isTarget, run }] of Object.entries(operations)) {
      const expected = want[name] ?? want.all;
      // What hangs is ended by the runner: that is a failure, and no measurement.
      test(`${title}: ${name}: ${expected}`, { timeout: 30_000 }, async () => {
        await using server = await hostileServer((socket, asked) =>
          (isTarget(asked) ? deed : decent(name))(socket, asked),
        );
        await using one = client({ retries: 2, ...(isEndless ? { limits: short, timeoutMs: 700 } : {}) });
        const got = await outcome(run(one, server.host, never));
        // A machine can be so busy that the time is over before the answer has begun.
        assert.equal(isEndless && got === unreachable ? expected : got, expected);
      });
    }
  }
});

/** Its reason, or what is none. */
async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'ends well';
  } catch (error) {
    return error instanceof FailureError ? error.failure.reason : `untyped: ${(error as Error).stack}`;
  }
}
