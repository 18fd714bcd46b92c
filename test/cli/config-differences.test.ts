/** What is told of two configurations that differ, and what is no difference. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configDifferences } from '../../src/cli/config-differences.ts';
import type { PlatformContent } from '../../src/cli/image-content.ts';
import { digestOf } from '../../src/oci/digest.ts';
import type { ContainerConfig } from '../../src/oci/image-config.ts';

function content(config: ContainerConfig, more: Partial<PlatformContent> = {}): PlatformContent {
  return {
    platform: 'linux/amd64',
    digest: digestOf('x'),
    mediaType: 'x',
    size: 0,
    created: undefined,
    author: undefined,
    osVersion: undefined,
    osFeatures: undefined,
    annotations: {},
    descriptorAnnotations: {},
    configDigest: digestOf('y'),
    config,
    layers: [],
    ...more,
  };
}

/** `+ field name`, `- field name` or `~ field name`. */
function told(before: PlatformContent, after: PlatformContent, times = false): readonly string[] {
  return configDifferences(before, after, times).map(({ field, name, before: one, after: other }) => {
    const what = name === undefined ? field : `${field} ${name}`;
    return `${one === undefined ? '+' : other === undefined ? '-' : '~'} ${what}`;
  });
}

const second = 1e9;

const configs: readonly (readonly [
  title: string,
  before: ContainerConfig,
  after: ContainerConfig,
  told: readonly string[],
])[] = [
  ['nothing', {}, {}, []],
  ['a variable', { Env: ['A=1', 'B=2'] }, { Env: ['A=1', 'B=3'] }, ['~ Env B']],
  ['a variable more', { Env: null }, { Env: ['A=1'] }, ['+ Env A']],
  ['a variable that is empty', { Env: ['A='] }, {}, ['- Env A']],
  ['variables in another order', { Env: ['A=1', 'B=2'] }, { Env: ['B=2', 'A=1'] }, []],
  ['a variable with = in it', { Env: ['A=b=1'] }, { Env: ['A=b=2'] }, ['~ Env A']],
  ['a variable of two lines', { Env: ['A=b\nc'] }, { Env: ['A=b\nd'] }, ['~ Env A']],
  ['one that is set twice', { Env: ['A=1', 'A=2'] }, { Env: ['A=2'] }, ['~ Env A']],
  ['and the other way', { Env: ['A=1', 'A=2'] }, { Env: ['A=2', 'A=1'] }, ['~ Env A']],
  [
    'named as no object has it',
    { Env: ['__proto__=1'] },
    { Env: ['constructor=1'] },
    ['- Env __proto__', '+ Env constructor'],
  ],
  ['labels', { Labels: { a: '1', b: '' } }, { Labels: { b: 'x', c: '' } }, ['- Labels a', '~ Labels b', '+ Labels c']],
  ['no labels', { Labels: null }, { Labels: {} }, []],
  [
    'ports',
    { ExposedPorts: { '80/tcp': {} } },
    { ExposedPorts: { '80/udp': {} } },
    ['- ExposedPorts 80/tcp', '+ ExposedPorts 80/udp'],
  ],
  ['a port without a protocol', { ExposedPorts: { '80': {} } }, { ExposedPorts: { '80/tcp': {} } }, []],
  ['volumes', { Volumes: { '/a': {} } }, { Volumes: { '/b': {} } }, ['- Volumes /a', '+ Volumes /b']],
  ['user', { User: 'a' }, { User: 'b' }, ['~ User']],
  ['no user', { User: '' }, {}, []],
  ['directory', { WorkingDir: '/' }, {}, ['- WorkingDir']],
  ['command', { Cmd: ['a', 'b'] }, { Cmd: ['a b'] }, ['~ Cmd']],
  ['order of a command', { Cmd: ['a', 'b'] }, { Cmd: ['b', 'a'] }, ['~ Cmd']],
  ['no command', { Cmd: null }, { Cmd: [] }, []],
  ['entrypoint', { Entrypoint: ['a'] }, {}, ['- Entrypoint']],
  ['stop signal', {}, { StopSignal: 'SIGINT' }, ['+ StopSignal']],
  ['shell', { Shell: ['/bin/sh', '-c'] }, { Shell: ['/bin/bash', '-c'] }, ['~ Shell']],
  ['triggers', { OnBuild: ['RUN a'] }, { OnBuild: ['RUN b'] }, ['~ OnBuild']],
  [
    'health',
    { Healthcheck: { Test: ['CMD', 'a'], Retries: 3 } },
    { Healthcheck: { Test: ['CMD', 'b'], Interval: second } },
    ['+ Healthcheck Interval', '- Healthcheck Retries', '~ Healthcheck Test'],
  ],
  ['health is not looked at', { Healthcheck: { Test: ['NONE'] } }, {}, ['- Healthcheck Test']],
  [
    'health with what goes without saying',
    { Healthcheck: { Test: ['CMD', 'a'], Retries: 0 } },
    { Healthcheck: { Test: ['CMD', 'a'] } },
    [],
  ],
  ['arguments that are not escaped', { ArgsEscaped: false }, {}, []],
  ['arguments that are', { ArgsEscaped: true }, {}, ['- ArgsEscaped']],
  ['what only others know', { Memory: 1, Foo: { a: [1] } }, { Foo: { a: [2] } }, ['~ Foo', '- Memory']],
  ['what only others know, in another order', { Foo: { a: 1, b: 2 } }, { Foo: { b: 2, a: 1 } }, []],
];
for (const [title, before, after, want] of configs) {
  test(`of two configurations: ${title}`, () => {
    assert.deepEqual(told(content(before), content(after)), want);
    const swap: Readonly<Record<string, string>> = { '+': '-', '-': '+', '~': '~' };
    assert.deepEqual(
      told(content(after), content(before)),
      want.map((line) => line.replace(/^./, (sign) => swap[sign]!)),
    );
  });
}

test('who made it, for which system, and with times when', () => {
  const before = content({}, { author: 'a', osVersion: '1', osFeatures: ['x'], created: '2026-01-01T00:00:00Z' });
  const after = content({}, { author: 'b', osVersion: '2', osFeatures: [], created: '2026-01-02T00:00:00Z' });
  assert.deepEqual(told(before, after), ['~ author', '~ os.version', '- os.features']);
  assert.deepEqual(told(before, after, true), ['~ author', '~ os.version', '- os.features', '~ created']);
});

test('values are as they are', () => {
  const [variable, command, port] = configDifferences(
    content({ Env: ['A=1', 'A=2'], Cmd: ['x'], ExposedPorts: { '80/tcp': {} } }),
    content({ Env: ['A='] }),
    false,
  ).toSorted((a, b) => (a.field === 'Env' ? -1 : b.field === 'Env' ? 1 : a.field < b.field ? -1 : 1));
  assert.deepEqual(variable, { field: 'Env', name: 'A', before: ['1', '2'], after: '' });
  assert.deepEqual(command, { field: 'Cmd', before: ['x'], after: undefined });
  assert.deepEqual(port, { field: 'ExposedPorts', name: '80/tcp', before: true, after: undefined });
});
