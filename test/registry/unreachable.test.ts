import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registryUnreachable } from '../../src/registry/failure.ts';

/** What to do where nobody answers: on this machine, cip has a registry to offer. */
const rows: [registry: string, command: string | undefined][] = [
  ['localhost:5000', 'cip registry serve,'],
  ['127.0.0.1:5001', 'cip registry serve --addr 127.0.0.1:5001,'],
  ['[::1]:5001', 'cip registry serve --addr [::1]:5001,'],
  ['localhost', undefined],
  ['registry.example.com', undefined],
  ['registry.example.com:5000', undefined],
];
for (const [registry, command] of rows) {
  test(`registryUnreachable() at ${registry}`, () => {
    const { hint } = registryUnreachable({ registry }, 'nothing is listening there');
    assert.equal(/cip registry serve.*?,/.exec(hint)?.[0], command);
  });
}
