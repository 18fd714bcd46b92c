import assert from 'node:assert/strict';
import { test } from 'node:test';
import { page } from '../../src/registry-server/paging.ts';

const all = ['b', 'C', 'a', 'c', 'B2', '10', '9'];
const next = (n: number, last: string) => ({ Link: `</list?n=${n}&last=${last}>; rel="next"` });

const cases: [query: string, items: string[], headers: object][] = [
  ['', ['10', '9', 'a', 'b', 'B2', 'C', 'c'], {}],
  ['n=2', ['10', '9'], next(2, '9')],
  ['n=2&last=9', ['a', 'b'], next(2, 'b')],
  ['n=3&last=b', ['B2', 'C', 'c'], {}],
  ['n=100', ['10', '9', 'a', 'b', 'B2', 'C', 'c'], {}],
  ['n=0', [], {}],
  ['last=C', ['c'], {}],
  ['last=bb', ['C', 'c'], {}],
  ['n=5&last=c', [], {}],
];
for (const [query, items, headers] of cases) {
  test(`page() ${query}`, () => assert.deepEqual(page(all, new URLSearchParams(query), '/list'), { items, headers }));
}

for (const n of ['-1', 'x', '1.5', '']) {
  test(`page() refuses n=${n}`, () => {
    assert.throws(() => page(all, new URLSearchParams({ n }), '/list'), { code: 'UNSUPPORTED', status: 400 });
  });
}
