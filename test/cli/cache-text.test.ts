/** `--cache-from` and `--cache-to`: what people write, and what it means or what is wrong with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCache } from '../../src/cli/options/cache-text.ts';
import type { CacheAddress } from '../../src/engine/cache/cache-address.ts';
import { parseReference } from '../../src/oci/reference.ts';

const cache = { type: 'registry', registry: 'r.example', repository: 'team/cache', scope: 'latest' } as const;

const good: readonly [text: string, direction: 'from' | 'to', want: CacheAddress][] = [
  ['r.example/team/cache', 'from', cache],
  ['r.example/team/cache', 'to', cache],
  ['r.example/team/cache:main', 'to', { ...cache, scope: 'main' }],
  ['type=registry,ref=r.example/team/cache:main', 'from', { ...cache, scope: 'main' }],
  ['ref=r.example/team/cache,type=registry', 'from', cache],
  ['type=registry,ref=r.example/team/cache,mode=max,ignore-error=true', 'to', cache],
  ['type=local,src=a b/c', 'from', { type: 'local', directory: 'a b/c' }],
  ['type=local,dest=/tmp/c', 'to', { type: 'local', directory: '/tmp/c' }],
  ['type=local,dest=/tmp/c,mode=max', 'to', { type: 'local', directory: '/tmp/c' }],
];
for (const [text, direction, want] of good)
  test(`--cache-${direction} ${text}`, () => assert.deepEqual(parseCache(text, direction, parseReference), want));

const bad: readonly [text: string, direction: 'from' | 'to', message: RegExp, hint: RegExp][] = [
  ['', 'from', /nothing|empty|reference/, /./],
  ['Team/Cache', 'from', /upper|lower/, /./],
  ['./dir', 'to', /registry/, /--cache-to type=local,dest=\.\/dir/],
  ['/dir', 'from', /registry/, /--cache-from type=local,src=\/dir/],
  ['type=gha,scope=x', 'to', /registry or local, not gha/, /--cache-to type=registry,ref=/],
  ['ref=r.example/c', 'from', /no type/, /type=registry/],
  ['type=local', 'from', /no directory/, /--cache-from type=local,src=DIR/],
  ['type=local,src=', 'from', /no directory/, /src=DIR/],
  ['type=local,dest=c', 'from', /it can have src, not dest/, /./],
  ['type=local,src=c', 'to', /it can have dest, .*, not src/, /./],
  ['type=registry,reference=r.example/c', 'from', /it can have ref, not reference/, /./],
  ['type=registry,ref=r.example/c,mode=min', 'to', /all steps/, /leave mode out/],
  ['type=registry,ref=r.example/c,mode=max', 'from', /not mode/, /./],
  ['type=registry,ref=r.example/c,ignore-error=false', 'to', /never/, /leave ignore-error out/],
  [`type=registry,ref=r.example/c:${'t'.repeat(51)}`, 'to', /more than 50/, /./],
  [`r.example/c@sha256:${'0'.repeat(64)}`, 'from', /digest/, /./],
];
for (const [text, direction, message, hint] of bad)
  test(`--cache-${direction} ${text || '(nothing)'}: said`, () => {
    const read = parseCache(text, direction, parseReference);
    assert.ok('message' in read);
    assert.match(read.message, message);
    assert.match(read.hint, hint);
  });
