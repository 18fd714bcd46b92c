import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePorts } from '../../../src/engine/frontend/ports.ts';

const cases: [text: string, want: string | undefined][] = [
  ['80', '80-80/tcp'],
  ['0', '0-0/tcp'],
  ['65535', '65535-65535/tcp'],
  ['65536', undefined],
  ['0080', '80-80/tcp'],
  ['+80', '80-80/tcp'],
  ['-80', undefined],
  ['', undefined],
  ['/tcp', undefined],
  ['80/', '80-80/tcp'],
  ['80/UDP', '80-80/udp'],
  ['80/sctp', '80-80/sctp'],
  ['80/http', undefined],
  ['80-90', '80-90/tcp'],
  ['80-80', '80-80/tcp'],
  ['90-80', undefined],
  ['80-', undefined],
  ['80-90-100', undefined],
  ['8000:80', '80-80/tcp'],
  [':80', '80-80/tcp'],
  ['x:80', undefined],
  ['8000-8009:80', '80-80/tcp'],
  ['8000-8009:80-89', '80-89/tcp'],
  ['8000-8009:80-81', undefined],
  ['8000:80-81', undefined],
  ['127.0.0.1:8000:80/udp', '80-80/udp'],
  ['127.0.0.1::80', '80-80/tcp'],
  ['localhost:8000:80', undefined],
  ['[::1]:8000:80', '80-80/tcp'],
  ['::1:8000:80', '80-80/tcp'],
  ['[localhost]:8000:80', undefined],
];

for (const [text, want] of cases) {
  test(`parsePorts() ${JSON.stringify(text)}`, () => {
    const found = parsePorts(text);
    assert.equal(found && `${found.first}-${found.last}/${found.protocol}`, want);
  });
}
