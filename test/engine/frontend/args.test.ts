import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LowerInput } from '../../../src/engine/frontend/lower-input.ts';
import { lastOp, lowerText } from '../../support/lower-text.ts';

type Case = [title: string, text: string, env: Record<string, string>, options?: Partial<LowerInput>];

const cases: Case[] = [
  ['an ARG above FROM is not known in a stage', 'ARG V=1\nFROM base\nRUN x', {}],
  ['until it is declared there', 'ARG V=1\nFROM base\nARG V\nRUN x', { V: '1' }],
  [
    'a build argument wins over the global default',
    'ARG V=1\nFROM base\nARG V\nRUN x',
    { V: '2' },
    { buildArgs: { V: '2' } },
  ],
  ['a default in the stage wins over the global value', 'ARG V=1\nFROM base\nARG V=3\nRUN x', { V: '3' }],
  ['a build argument wins over both', 'ARG V=1\nFROM base\nARG V=3\nRUN x', { V: '2' }, { buildArgs: { V: '2' } }],
  ['a build argument that nobody declares does nothing', 'FROM base\nRUN x', {}, { buildArgs: { V: '2' } }],
  ['without a value an ARG is unset', 'FROM base\nARG V\nENV W=${V-unset}\nRUN x', { W: 'unset' }],
  ['an empty value is a value', 'FROM base\nARG V=\nENV W=${V-unset}\nRUN x', { V: '', W: '' }],
  ['ENV after ARG wins', 'FROM base\nARG V=1\nENV V=2\nRUN x', { V: '2' }],
  ['ARG after ENV wins', 'FROM base\nENV V=2\nARG V=1\nRUN x', { V: '1' }],
  ['ARG without a value leaves ENV alone', 'FROM base\nENV V=2\nARG V\nRUN x', { V: '2' }],
  ['several ARGs in one line', 'FROM base\nARG A=1 B=2\nRUN x', { A: '1', B: '2' }],
  ['a default uses what stands above', 'FROM base\nARG A=1\nARG B=$A-2\nRUN x', { A: '1', B: '1-2' }],
  ['a global default uses what stands above', 'ARG A=1\nARG B=$A-2\nFROM base\nARG B\nRUN x', { B: '1-2' }],
  [
    'a default that is not needed is not looked at',
    'FROM base\nARG A=${X:?no}\nRUN x',
    { A: '1' },
    { buildArgs: { A: '1' } },
  ],
  [
    'platform arguments must be declared',
    'FROM base\nARG TARGETARCH\nARG TARGETPLATFORM\nRUN x',
    { TARGETARCH: 'amd64', TARGETPLATFORM: 'linux/amd64' },
  ],
  ['a default hides a platform argument', 'FROM base\nARG TARGETARCH=x\nRUN x', { TARGETARCH: 'x' }],
  ['the name of the target', 'FROM base AS out\nARG TARGETSTAGE\nRUN x', { TARGETSTAGE: 'out' }, { target: 'out' }],
  [
    'the name of the last stage where no target is asked for',
    'FROM base AS Out\nARG TARGETSTAGE\nRUN x',
    { TARGETSTAGE: 'out' },
  ],
  [
    'no name where the last stage has none',
    'FROM base AS a\nFROM base\nARG TARGETSTAGE\nRUN x',
    { TARGETSTAGE: 'default' },
  ],
  ['a stage on a stage inherits its arguments', 'FROM base AS a\nARG V=1\nFROM a\nRUN x', { V: '1' }],
  ['ENV is seen again in a stage below', 'FROM base AS a\nENV V=2\nARG V=1\nFROM a\nRUN x', { V: '2' }],
  ['ARG of a stage below hides it once more', 'FROM base AS a\nENV V=2\nFROM a\nARG V=1\nRUN x', { V: '1' }],
  ['other stages do not', 'FROM base AS a\nARG V=1\nFROM base\nRUN x', {}],
  ['proxies reach RUN by themselves', 'FROM base\nRUN x', {}, { buildArgs: { HTTP_PROXY: 'http://p' } }],
];

for (const [title, text, env, options] of cases) {
  test(`ARG and ENV: ${title}`, () => {
    const run = lastOp(lowerText(text, options), 'exec');
    const pairs = run.env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
    const { PATH, ...rest } = Object.fromEntries(pairs);
    assert.equal(typeof PATH, 'string');
    assert.deepEqual(rest, env);
  });
}

test('a proxy of the machine reaches RUN, and a build argument of its name wins', () => {
  const proxies = { http_proxy: 'http://machine', no_proxy: 'localhost' };
  const run = lastOp(lowerText('FROM base\nRUN x', { proxies, buildArgs: { http_proxy: 'http://p' } }), 'exec');
  const [http, no] = ['http://p', 'localhost'];
  assert.deepEqual(run.keylessEnv, [`HTTP_PROXY=${http}`, `http_proxy=${http}`, `NO_PROXY=${no}`, `no_proxy=${no}`]);
});

test('a proxy is part of the environment, not of the key', () => {
  const plain = lastOp(lowerText('FROM base\nRUN x'), 'exec');
  const proxied = lastOp(lowerText('FROM base\nRUN x', { buildArgs: { http_proxy: 'http://p' } }), 'exec');
  assert.deepEqual(proxied.keylessEnv, ['HTTP_PROXY=http://p', 'http_proxy=http://p']);
  assert.deepEqual({ ...proxied, keylessEnv: [] }, plain);
});

const proxied: readonly [title: string, text: string, options: Parameters<typeof lowerText>[1], want: string[]][] = [
  ['an ENV', 'ENV http_proxy=env', {}, []],
  ['an ENV and a proxy of the machine', 'ENV http_proxy=env', { proxies: { http_proxy: 'm' } }, ['HTTP_PROXY=m']],
  [
    'an ENV and a build argument in the other case',
    'ENV http_proxy=env',
    { buildArgs: { HTTP_PROXY: 'arg' } },
    ['HTTP_PROXY=arg', 'http_proxy=arg'],
  ],
  [
    'an ARG with a default and a build argument in the other case',
    'ARG HTTP_PROXY=default',
    { buildArgs: { http_proxy: 'arg' } },
    ['HTTP_PROXY=arg', 'http_proxy=arg'],
  ],
  ['an empty build argument', '', { buildArgs: { http_proxy: '' }, proxies: { http_proxy: 'm' } }, []],
];
for (const [title, text, options, want] of proxied)
  test(`the proxies of a RUN with ${title}`, () => {
    assert.deepEqual(lastOp(lowerText(`FROM base\n${text}\nRUN x`, options), 'exec').keylessEnv, want);
  });
