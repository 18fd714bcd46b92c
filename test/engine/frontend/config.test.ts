import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerText, reasonsOf } from '../../support/lower-text.ts';

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const configs: [title: string, lines: string, base: Record<string, unknown>, want: Record<string, unknown>][] = [
  ['a base without PATH gets one', '', {}, { Env: [PATH] }],
  ['a base with PATH keeps it', '', { Env: ['PATH=/x'] }, { Env: ['PATH=/x'] }],
  ['ENV adds and replaces in place', 'ENV B=2 A=3', { Env: ['A=1', 'PATH=/x'] }, { Env: ['A=3', 'PATH=/x', 'B=2'] }],
  [
    'one ENV sees the environment before it',
    'ENV a=hi\nENV a=bye d=$a',
    { Env: ['PATH=/x'] },
    { Env: ['PATH=/x', 'a=bye', 'd=hi'] },
  ],
  [
    'LABEL merges, the later wins',
    'LABEL a=1 b=2\nLABEL b="3 4"',
    { Env: ['PATH=/x'], Labels: { z: '0' } },
    { Env: ['PATH=/x'], Labels: { z: '0', a: '1', b: '3 4' } },
  ],
  [
    'LABEL keys are expanded',
    'ENV K=key\nLABEL $K.x=$K',
    { Env: ['PATH=/x'] },
    { Env: ['PATH=/x', 'K=key'], Labels: { 'key.x': 'key' } },
  ],
  [
    'EXPOSE: tcp by default, ranges, many words of one variable',
    'ENV P="80 81/UDP"\nEXPOSE $P 90-91',
    { Env: ['PATH=/x'] },
    { Env: ['PATH=/x', 'P=80 81/UDP'], ExposedPorts: { '80/tcp': {}, '81/udp': {}, '90/tcp': {}, '91/tcp': {} } },
  ],
  [
    'VOLUME is a union',
    'VOLUME /b',
    { Env: ['PATH=/x'], Volumes: { '/a': {} } },
    { Env: ['PATH=/x'], Volumes: { '/a': {}, '/b': {} } },
  ],
  [
    'USER is kept as it is written',
    'USER nobody:users',
    { Env: ['PATH=/x'] },
    { Env: ['PATH=/x'], User: 'nobody:users' },
  ],
  ['STOPSIGNAL', 'STOPSIGNAL SIGUSR1', { Env: ['PATH=/x'] }, { Env: ['PATH=/x'], StopSignal: 'SIGUSR1' }],
  [
    'WORKDIR is relative to the one before',
    'WORKDIR /a\nWORKDIR b/../c',
    { Env: ['PATH=/x'] },
    { Env: ['PATH=/x'], WorkingDir: '/a/c' },
  ],
  [
    'a relative directory of the base stands twice in it',
    'WORKDIR x',
    { Env: ['PATH=/x'], WorkingDir: 'rel/dir' },
    { Env: ['PATH=/x'], WorkingDir: '/rel/dir/rel/dir/x' },
  ],
  [
    'an absolute directory of the base stays as it is',
    '',
    { Env: ['PATH=/x'], WorkingDir: '/a/../b/' },
    { Env: ['PATH=/x'], WorkingDir: '/a/../b/' },
  ],
  [
    'CMD in shell form',
    'CMD echo hi',
    { Env: ['PATH=/x'] },
    { Env: ['PATH=/x'], Cmd: ['/bin/sh', '-c', 'echo hi'], ArgsEscaped: true },
  ],
  [
    'CMD with the shell of SHELL',
    'SHELL ["/bin/bash", "-ec"]\nCMD echo hi',
    { Env: ['PATH=/x'] },
    { Env: ['PATH=/x'], Shell: ['/bin/bash', '-ec'], Cmd: ['/bin/bash', '-ec', 'echo hi'], ArgsEscaped: true },
  ],
  [
    'ENTRYPOINT clears an inherited CMD',
    'ENTRYPOINT ["/e"]',
    { Env: ['PATH=/x'], Cmd: ['old'] },
    { Env: ['PATH=/x'], Entrypoint: ['/e'] },
  ],
  [
    'ENTRYPOINT keeps a CMD of this stage',
    'CMD ["new"]\nENTRYPOINT ["/e"]',
    { Env: ['PATH=/x'], Cmd: ['old'] },
    { Env: ['PATH=/x'], Entrypoint: ['/e'], Cmd: ['new'], ArgsEscaped: true },
  ],
  ['an empty ENTRYPOINT is none', 'ENTRYPOINT []', { Env: ['PATH=/x'], Entrypoint: ['/e'] }, { Env: ['PATH=/x'] }],
  [
    'what is empty in a base, or nobody knows, is left out',
    '',
    {
      Env: ['PATH=/x'],
      Cmd: [],
      Entrypoint: null,
      User: '',
      Labels: {},
      ArgsEscaped: false,
      Image: 'sha256:1',
      Healthcheck: { Test: null, Interval: 0, Retries: 3, Extra: 1 },
    },
    { Env: ['PATH=/x'], Healthcheck: { Retries: 3 } },
  ],
  ['HEALTHCHECK NONE', 'HEALTHCHECK NONE', { Env: ['PATH=/x'] }, { Env: ['PATH=/x'], Healthcheck: { Test: ['NONE'] } }],
  [
    'HEALTHCHECK with durations in nanoseconds',
    'HEALTHCHECK --interval=5s --retries=2 CMD true',
    { Env: ['PATH=/x'] },
    { Env: ['PATH=/x'], Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 5_000_000_000, Retries: 2 } },
  ],
  ['ONBUILD is stored, not done', 'ONBUILD ENV X=1', { Env: ['PATH=/x'] }, { Env: ['PATH=/x'], OnBuild: ['ENV X=1'] }],
  [
    'triggers of the base are done once and do not go on',
    '',
    { Env: ['PATH=/x'], OnBuild: ['ENV X=1', 'USER u'] },
    { Env: ['PATH=/x', 'X=1'], User: 'u' },
  ],
];

for (const [title, lines, base, want] of configs) {
  test(`lower() configuration: ${title}`, () => {
    assert.deepEqual(lowerText(`FROM base\n${lines}\n`, { bases: { base } }).config, want);
  });
}

const refused: [title: string, lines: string, reasons: string[]][] = [
  ['a port that is none', 'EXPOSE http', ['invalid-value']],
  ['a protocol that is none', 'EXPOSE 80/http', ['invalid-value']],
  ['a signal that is none', 'STOPSIGNAL SIGNOTHING', ['invalid-value']],
  ['a signal beyond the last', 'STOPSIGNAL 65', ['invalid-value']],
  ['signal zero', 'STOPSIGNAL 0', ['invalid-value']],
  [
    'a real-time signal beyond the middle',
    'STOPSIGNAL RTMIN+16\nSTOPSIGNAL RTMAX-15',
    ['invalid-value', 'invalid-value'],
  ],
  [
    'signals there are',
    'STOPSIGNAL 64\nSTOPSIGNAL cld\nSTOPSIGNAL RTMIN+15\nSTOPSIGNAL SIGRTMAX-14\nSTOPSIGNAL 007',
    [],
  ],
  ['a mode that is none', 'RUN --mount=type=secret,id=a,mode=999 true', ['invalid-mount']],
  ['a later stage', 'COPY --from=later a b\nFROM base AS later', ['stage-not-yet-defined']],
  ['an ADD by another protocol', 'ADD ftp://example.com/a /a', ['invalid-value']],
  ['a WORKDIR with a long name', `WORKDIR /${'n'.repeat(256)}`, ['invalid-value']],
  ['a WORKDIR with a name that is long in bytes', `WORKDIR /${'é'.repeat(128)}`, ['invalid-value']],
  ['a long WORKDIR', `WORKDIR ${'/d'.repeat(2048)}`, ['invalid-value']],
  ['a WORKDIR as long as can be', `WORKDIR /${'n'.repeat(255)}`, []],
  ['a COPY to a long name', `COPY f /${'n'.repeat(256)}`, ['invalid-value']],
  ['a COPY to a long path', `COPY f ${'/d'.repeat(2048)}`, ['invalid-value']],
  ['an ADD to a long name', `ADD f /${'n'.repeat(256)}/`, ['invalid-value']],
  ['a heredoc with a long name', `COPY <<${'n'.repeat(256)} /d/\nx\n${'n'.repeat(256)}`, ['invalid-value']],
  ['all that is wrong at once', 'EXPOSE http\nSTOPSIGNAL SIGNOTHING', ['invalid-value', 'invalid-value']],
];

for (const [title, lines, reasons] of refused) {
  test(`lower() refuses ${title}`, () => {
    assert.deepEqual(
      reasonsOf(() => lowerText(`FROM base\n${lines}\n`, title === 'a later stage' ? { target: '0' } : {})),
      reasons,
    );
  });
}

test('MAINTAINER is the author', () => assert.equal(lowerText('FROM base\nMAINTAINER A <a@b>').author, 'A <a@b>'));
