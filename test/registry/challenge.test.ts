import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Challenge, parseChallenges } from '../../src/registry/challenge.ts';

const cases: [title: string, header: string, want: Challenge[]][] = [
  ['nothing', '', []],
  ['basic', 'Basic realm="Registry Realm"', [{ scheme: 'basic', parameters: { realm: 'Registry Realm' } }]],
  [
    "Docker Hub's",
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/debian:pull"',
    [
      {
        scheme: 'bearer',
        parameters: {
          realm: 'https://auth.docker.io/token',
          service: 'registry.docker.io',
          scope: 'repository:library/debian:pull',
        },
      },
    ],
  ],
  [
    'commas within quotes, and an error',
    'Bearer realm="https://a.example/t",scope="repository:a:pull,push",error="insufficient_scope"',
    [
      {
        scheme: 'bearer',
        parameters: { realm: 'https://a.example/t', scope: 'repository:a:pull,push', error: 'insufficient_scope' },
      },
    ],
  ],
  [
    'two schemes in one header',
    'Basic realm="a", Bearer realm="https://b.example", service=b',
    [
      { scheme: 'basic', parameters: { realm: 'a' } },
      { scheme: 'bearer', parameters: { realm: 'https://b.example', service: 'b' } },
    ],
  ],
  [
    'unquoted values and other case',
    'BASIC Realm=a , Charset=UTF-8',
    [{ scheme: 'basic', parameters: { realm: 'a', charset: 'UTF-8' } }],
  ],
  ['escapes', 'Basic realm="a \\"b\\" \\\\"', [{ scheme: 'basic', parameters: { realm: 'a "b" \\' } }]],
  ['blanks around the sign', 'Basic realm = "a"', [{ scheme: 'basic', parameters: { realm: 'a' } }]],
  [
    'a token instead of parameters',
    'Negotiate YII/abc==, Basic realm="a"',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'a' } },
    ],
  ],
  [
    'schemes without anything',
    'Negotiate, NTLM',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'ntlm', parameters: {} },
    ],
  ],
  ['empty elements', ', ,Basic realm="a",,', [{ scheme: 'basic', parameters: { realm: 'a' } }]],
  ['the first of two equal names', 'Basic realm="a", realm="b"', [{ scheme: 'basic', parameters: { realm: 'a' } }]],
  [
    'what comes before a value that never ends',
    'Basic realm="a", charset="',
    [{ scheme: 'basic', parameters: { realm: 'a' } }],
  ],
  ['nothing of garbage', '"""', []],
];
for (const [title, header, want] of cases) {
  test(`parseChallenges() finds ${title}`, () => assert.deepEqual(parseChallenges(header), want));
}
