import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import { makeCertificates } from '../registry/certificates.ts';
import { hostileServer } from '../registry/hostile-server.ts';
import { serve } from '../registry/http-server.ts';
import { needs } from '../support/needs.ts';
import { startWebServer, type WebFile } from '../support/web-server.ts';
import { failureOf, fileAt, never, RemoteRig } from './remote-rig.ts';

const modified = 'Mon, 20 Jun 2005 01:02:03 GMT';

/** How a server answers a second run that asks again; how often it sends the file then, after a change and without one. */
const again: Readonly<
  Record<string, { readonly file: WebFile; readonly unchanged: string; readonly isSent: boolean }>
> = {
  ETag: { file: { headers: { etag: '"1"' }, knowsConditions: true }, unchanged: '304', isSent: false },
  'Last-Modified': {
    file: { headers: { 'last-modified': modified }, knowsConditions: true },
    unchanged: '304',
    isSent: false,
  },
  'an ETag, by a server that knows no conditions': {
    file: { headers: { etag: '"1"' } },
    unchanged: '200',
    isSent: false,
  },
  'a weak ETag': { file: { headers: { etag: 'W/"1"' }, knowsConditions: true }, unchanged: '304', isSent: false },
  nothing: { file: {}, unchanged: '200', isSent: true },
};

for (const [what, { file, unchanged }] of Object.entries(again)) {
  test(`a file is asked for again by ${what}`, async () => {
    await using rig = await RemoteRig.open();
    await using web = await startWebServer([['/f', { body: 'one', ...file }]]);
    const source = fileAt(`http://${web.host}/f`);
    const first = await rig.run().files.file(source, never);
    const second = await rig.run().files.file(source, never);
    assert.deepEqual(second, first);
    assert.deepEqual(web.log, ['GET /f 200', `GET /f ${unchanged}`]);

    web.files.set('/f', { body: 'two', headers: { etag: '"2"' } });
    const third = await rig.run().files.file(source, never);
    assert.equal(await readFile(await rig.run().files.path(source, third, never), 'utf8'), 'two');
  });
}

test('a file has the size, the time and the name that its server says', async () => {
  await using rig = await RemoteRig.open();
  const disposition = 'attachment; filename="a\\"b.txt"';
  await using web = await startWebServer([
    ['/', { body: 'text', headers: { 'last-modified': modified, 'content-disposition': disposition } }],
    ['/f', { body: '', headers: { 'content-disposition': disposition } }],
  ]);
  const run = rig.run();
  const digest = `sha256:${createHash('sha256').update('text').digest('hex')}`;
  const found = await run.files.file(fileAt(`http://${web.host}/`), never);
  assert.deepEqual(found, { type: 'http', digest, size: 4, modified: 1_119_229_323, name: 'a"b.txt' });
  const { size, modified: time, name } = await run.files.file(fileAt(`http://${web.host}/f`), never);
  assert.deepEqual([size, time, name], [0, 0, undefined]);
});

const names: Readonly<Record<string, string | undefined>> = {
  'attachment; filename=plain.txt': 'plain.txt',
  'attachment; filename="in quotes"; x=y': 'in quotes',
  "attachment; filename=no; filename*=UTF-8''%c3%a4": 'ä',
  'attachment; filename="/etc/passwd"': 'passwd',
  'attachment; filename="..\\\\..\\\\up"': 'up',
  'attachment; filename=".."': undefined,
  'attachment; filename="a/"': undefined,
  "attachment; filename*=UTF-8''%ff": undefined,
  attachment: undefined,
};

for (const [header, name] of Object.entries(names)) {
  test(`Content-Disposition: ${header} names ${name ?? 'nothing'}`, async () => {
    await using rig = await RemoteRig.open();
    await using web = await startWebServer([['/', { headers: { 'content-disposition': header } }]]);
    assert.equal((await rig.run().files.file(fileAt(`http://${web.host}/`), never)).name, name);
  });
}

test('a file with a checksum that the store has is asked for no more', async () => {
  await using rig = await RemoteRig.open();
  await using web = await startWebServer([['/f', { body: 'one' }]]);
  for (const algorithm of ['sha256', 'sha384', 'sha512']) {
    web.log.length = 0;
    const checksum = `${algorithm}:${createHash(algorithm).update('one').digest('hex')}`;
    const source = fileAt(`http://${web.host}/f`, { checksum });
    for (let run = 0; run < 2; run++) await rig.run().files.file(source, never);
    assert.deepEqual(web.log, ['GET /f 200'], algorithm);
    const other = fileAt(`http://${web.host}/f`, {
      checksum: checksum.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    });
    assert.equal((await failureOf(rig.run().files.file(other, never))).reason, 'source-checksum-mismatch');
  }
});

test('who asks at the same time shares one answer', async () => {
  await using rig = await RemoteRig.open();
  await using web = await startWebServer([['/f', { body: 'one' }]]);
  const run = rig.run();
  await Promise.all([1, 2, 3].map(() => run.files.file(fileAt(`http://${web.host}/f`), never)));
  assert.deepEqual(web.log, ['GET /f 200']);
});

test('a file that is gone from the store is fetched again, and must be the same', async () => {
  await using rig = await RemoteRig.open();
  await using web = await startWebServer([['/f', { body: 'one', headers: { etag: '"1"' }, knowsConditions: true }]]);
  const source = fileAt(`http://${web.host}/f`);
  const file = await rig.run().files.file(source, never);
  const lose = async () => await rm(await rig.store.blobs.openPath(file.digest));
  await lose();
  assert.equal(await readFile(await rig.run().files.path(source, file, never), 'utf8'), 'one');
  await lose();
  web.files.set('/f', { body: 'two' });
  assert.equal((await failureOf(rig.run().files.path(source, file, never))).reason, 'source-moved');
});

/** What a server does → how asking for `/f` ends, and how often it is asked where there is one more try. */
const answers: Readonly<Record<string, { readonly file?: WebFile; readonly reason: string; readonly times: number }>> =
  {
    'says 404': { reason: 'source-not-found', times: 1 },
    'says 410': { file: { status: 410 }, reason: 'source-not-found', times: 1 },
    'says 403': { file: { status: 403 }, reason: 'source-refused', times: 1 },
    'says 204': { file: { status: 204 }, reason: 'source-refused', times: 1 },
    'says 503': { file: { status: 503 }, reason: 'source-refused', times: 2 },
    'says 429': { file: { status: 429, headers: { 'retry-after': '1' } }, reason: 'source-refused', times: 2 },
    'leads to itself': {
      file: { status: 302, headers: { location: '/f' } },
      reason: 'source-redirect-refused',
      times: 11,
    },
    'leads to a file': {
      file: { status: 302, headers: { location: 'file:///etc/passwd' } },
      reason: 'source-redirect-refused',
      times: 1,
    },
    'leads nowhere': {
      file: { status: 302, headers: { location: 'http://[' } },
      reason: 'source-redirect-refused',
      times: 1,
    },
  };

for (const [what, { file, reason, times }] of Object.entries(answers)) {
  test(`a server that ${what}: ${reason}`, async () => {
    await using rig = await RemoteRig.open();
    await using web = await startWebServer(file === undefined ? [] : [['/f', file]]);
    const failure = await failureOf(rig.run({ retries: 1 }).files.file(fileAt(`http://u:secret@${web.host}/f`), never));
    assert.equal(failure.reason, reason);
    assert.equal(web.log.length, times);
    assert.doesNotMatch(failure.message, /secret/);
  });
}

test('an answer that is cut off is asked for again, and leaves nothing', async () => {
  await using rig = await RemoteRig.open();
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(200, { 'content-length': '10' });
    if (asked > 1) response.end('0123456789');
    else response.write('01234', () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const source = fileAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}/f`);
    assert.equal((await rig.run({ retries: 1 }).files.file(source, never)).size, 10);
    assert.equal(asked, 2);
    asked = 0;
    await using other = await RemoteRig.open();
    assert.equal((await failureOf(other.run().files.file(source, never))).reason, 'source-unreachable');
    assert.equal(await other.run().files.lastSeen(source), undefined);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('nobody there', async () => {
  await using rig = await RemoteRig.open();
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const failure = await failureOf(rig.run().files.file(fileAt(`http://127.0.0.1:${port}/f`), never));
  assert.equal(failure.reason, 'source-unreachable');
});

test('who is stopped takes nobody along', async () => {
  await using rig = await RemoteRig.open();
  let isOpen = false;
  await using web = await serve((_, response) => void (isOpen ? response.end('one') : undefined));
  const run = rig.run();
  const stop = new AbortController();
  const source = fileAt(`http://${web.host}/f`);
  const stopped = run.files.file(source, stop.signal);
  const other = run.files.file(source, never);
  isOpen = true;
  stop.abort(new Error('enough'));
  await assert.rejects(stopped, /enough/);
  assert.equal((await other).size, 3);
});

test('a login in the address is shown to its server and to no other', async () => {
  await using rig = await RemoteRig.open();
  await using other = await serve((_, response) => void response.end('there'));
  await using web = await serve((_, response) => {
    response.writeHead(302, { location: `http://${other.host}/f` }).end();
  });
  await rig.run().files.file(fileAt(`http://me:se%40cret@${web.host}/f`), never);
  assert.equal(web.requests[0]?.headers.authorization, `Basic ${Buffer.from('me:se@cret').toString('base64')}`);
  assert.equal(other.requests[0]?.headers.authorization, undefined);
  for await (const [key] of rig.store.records('remote-files', (await import('zod')).z.unknown()).entries()) {
    assert.doesNotMatch(key, /cret/);
  }
});

test('https that leads to http is followed for bytes that are known alone', needs('openssl'), async () => {
  await using rig = await RemoteRig.open();
  await using plain = await serve((_, response) => void response.end('one'));
  const { key, cert, ca } = await makeCertificates(rig.dir);
  const tls = { key, cert };
  const location = `http://${plain.host}/f`;
  await using web = await serve((_, response) => void response.writeHead(302, { location }).end(), tls);
  const address = `https://${web.host}/f`;
  const checksum = `sha256:${createHash('sha256').update('one').digest('hex')}`;
  const refused = await failureOf(rig.run({ ca }).files.file(fileAt(address), never));
  assert.equal(refused.reason, 'source-redirect-refused');
  assert.equal((await rig.run({ ca }).files.file(fileAt(address, { checksum }), never)).size, 3);
  assert.equal((await failureOf(rig.run().files.file(fileAt(address), never))).reason, 'source-unreachable');
});

test('who is stopped while a connection is made does not wait for it', { timeout: 30_000 }, async () => {
  await using rig = await RemoteRig.open();
  await using server = await hostileServer(() => {}, { declinesTls: false });
  const forLong = 600_000;
  const run = rig.run({ timeoutMs: forLong, limits: { connect: forLong } });
  const stop = new AbortController();
  const asked = run.files.file(fileAt(`https://${server.host}/f`), stop.signal);
  setTimeout(() => stop.abort(new Error('enough')), 50);
  await assert.rejects(asked, /enough/);
});
