import fc from 'fast-check';

/** One instruction. A line is kept whole by shrinking, but for its options and its words. */
export interface RandomLine {
  readonly keyword: string;
  readonly options: readonly string[];
  /** What may be left out, one by one. */
  readonly words: readonly string[];
  /** What may not: a destination, a command. */
  readonly rest: string;
}

const sources = ['f', 'd', 'd/', 'd/x', 'd/sub', '.', '*', 'd/*', 'l', 'ld', '**/x', './d/./sub', '/d/x', 'ld/*'];
const moreSources = ['[df]*', 'd/../f', '?', 'd/s*', 'ld/x', 'd/./*', '*/x', 'd/**', 'no*', 'none'];
const ofStage = [
  '/t',
  '/t/x',
  '/etc/passwd',
  '/a',
  '/l',
  '/tmp',
  '/t/*',
  '/l/',
  '/t/./x',
  '/*/x',
  '/t/sub',
  '/m',
  '/home',
];
const places = ['/t/', '/t', '/t/x', '/a/b/', '/tmp/', '/tmp/x', '.', './y', '/l/z', '/etc/', '/'];
const chmods = [
  '755',
  '0600',
  '4711',
  'u=rwX,go=rX',
  '+x',
  'go-rwx',
  'a+t',
  'g+s',
  'a-x,a+X',
  'g=u,o=',
  '1777',
  'ug=rx-w',
];
const chowns = ['5:6', '7', ':8', 'app', 'app:extra', 'root', ':extra', '0:0', 'app:', '1000', 'root:extra', '$U'];
const values = [
  'v',
  '"a b"',
  '$A',
  '${A:-d}',
  '${U-none}',
  "'$A'",
  'x\\ y',
  '"$A$B"',
  '',
  '${A%v}',
  '\\$A',
  '${A:+w}',
  '${A/v/w}',
  '${A#?}',
  "'x y'",
  '$$A',
  '${B:-${A}}',
  '"\\""',
];
const commands = [
  'mkdir -p /t/sub /a && echo x > /t/x',
  'ln -sf /tmp /l',
  'rm -rf /t /a',
  'touch /tmp/n && chmod 600 /tmp/n',
  'mkdir -p /a/b && chmod 2770 /a',
  'chown -R 5:6 /t 2>/dev/null || true',
  'mkdir -p /t && echo y > /t/y && ln -f /t/y /t/z',
  'mv /t /m 2>/dev/null || mkdir -p /m',
  'rm -f /etc/group',
  'id > /tmp/id',
  'pwd > /tmp/pwd; echo "$A-$B-$U" > /tmp/env',
  'true',
  '["touch", "/tmp/exec $A"]',
  '<<E\necho "$A" > /tmp/script\nE',
  '<<-"E"\n\techo \\$A > /tmp/tabs\n\tE',
  '<<E\n#!/bin/sh -e\necho "$0 $A" > /tmp/shebang\nE',
  'mkdir -p /t && mkfifo /t/p && ln -sfn sub /t/link',
  'touch -d @1000000000 /tmp/old; chmod 1777 /home',
  'mkdir -p /t/sub && echo deep > /t/sub/x && rm -rf /t/sub/* && mkdir /t/sub/new',
  'rm -rf /home && mkdir /home && echo h > /home/h',
  'ls -d /t /a/b /new /mnt /c > /tmp/list 2>&1 || true',
  // A pipe would be waited for.
  'echo w > /mnt/w 2>/dev/null; for i in /mnt/*; do test -p "$i" || cat "$i"; done > /tmp/cat 2>/dev/null; true',
  'truncate -s 3000 /tmp/size; adduser -D -u 1234 new 2>/dev/null || true',
  'mount > /dev/null; umask > /tmp/umask; echo $HOME > /tmp/home; hostname > /tmp/hostname',
];
/** One of them, each as often. */
export const pick = <T>(...all: T[]) => fc.constantFrom(...all);
export const none = fc.constant([] as readonly string[]);
const some = (...all: readonly (readonly [string, fc.Arbitrary<string>])[]) =>
  fc
    .tuple(
      ...all.map(([flag, value]) =>
        fc.option(
          value.map((text) => `--${flag}${text}`),
          { nil: undefined, freq: 2 },
        ),
      ),
    )
    .map((chosen) => (chosen as (string | undefined)[]).filter((one) => one !== undefined).slice(0, 3));
export const of = <T>(one: T) => fc.constant(one);
const line = (
  keyword: string | fc.Arbitrary<string>,
  options: fc.Arbitrary<readonly string[]>,
  words: fc.Arbitrary<readonly string[]>,
  rest: fc.Arbitrary<string> = of(''),
) => fc.record({ keyword: typeof keyword === 'string' ? of(keyword) : keyword, options, words, rest });

const copyOptions = [
  ['chown=', pick(...chowns)],
  ['chmod=', pick(...chmods)],
  ['link', of('')],
] as const;
const fromContext = fc.array(
  fc.oneof({ weight: 12, arbitrary: pick(...sources) }, { weight: 1, arbitrary: pick(...moreSources) }),
  { minLength: 1, maxLength: 3 },
);
const directories = fc.array(pick('d', 'd/', '.', 'ld', 'd/sub'), { minLength: 1, maxLength: 2 });
const excluding = pick('x', 'sub', '*/x', '.env', '**/.env', '!sub', 'd/x', 'd/*', 'l*', '**').map(
  (one) => `--exclude=${one}`,
);
const pair = fc.tuple(pick('A', 'B', 'C', '$A'), pick(...values)).map(([name, value]) => `${name}=${value}`);
const pairs = fc.array(pair, { minLength: 1, maxLength: 3 });
const place = pick(...places);

/** What lines that copy from a stage find there. */
export const furnished: readonly RandomLine[] = [
  { keyword: 'USER', options: [], words: [], rest: '0' },
  {
    keyword: 'RUN',
    options: [],
    words: [],
    rest: 'mkdir -p /t/sub /a /m /home && echo x > /t/x && echo yy > /t/sub/x && ln -s /tmp /l && chmod 2711 /m',
  },
];

const linesWithoutStage = [
  { weight: 5, arbitrary: line('COPY', some(...copyOptions, ['parents', of('')]), fromContext, place) },
  {
    // What is named directly is left out by cip alone (ADR 0011).
    weight: 2,
    arbitrary: fc
      .tuple(
        line(pick('COPY', 'ADD'), some(...copyOptions), directories, place),
        fc.array(excluding, { minLength: 1, maxLength: 2 }),
      )
      .map(([one, excluded]) => ({ ...one, options: [...one.options, ...excluded] })),
  },
  { weight: 2, arbitrary: line('ADD', some(...copyOptions), fromContext, place) },
  {
    weight: 2,
    arbitrary: line(
      'ADD',
      some(...copyOptions.slice(0, 3), ['unpack=', pick('true', 'false')]),
      fc.array(pick('a.tar', 'b.tgz', '*.t*', 'f'), { minLength: 1, maxLength: 2 }),
      place,
    ),
  },
  {
    weight: 1,
    arbitrary: line(
      pick('COPY', 'ADD'),
      some(...copyOptions.slice(0, 3)),
      pick('<<E', '<<"E"', 'f <<E', '<<-E').map((one) => [one]),
      place.map((one) => `${one}\n\t$A text \\$B ${'${A:-x}'}\n\\\nE`),
    ),
  },
  {
    weight: 5,
    arbitrary: line(
      'RUN',
      some(
        ['mount=type=tmpfs,target=', pick('/t', '/a/b', '/new/deep', '/l/tmpfs')],
        ['network=', pick('none', 'default')],
        ['mount=type=bind,target=/mnt', pick('', ',source=d', ',source=f', ',rw', ',source=ld')],
        ['mount=type=cache,target=', pick('/c', '/t', '/c,uid=5,mode=700', '/c,id=$A,sharing=locked', '/tmp/c')],
        ['mount=type=secret,id=s', pick('', ',target=/tmp/s', ',uid=1000,mode=444', ',required=true', ',dst=/etc/s')],
      ),
      none,
      pick(...commands),
    ),
  },
  { weight: 3, arbitrary: line('ENV', none, pairs) },
  {
    weight: 1,
    arbitrary: line(pick('ENV', 'LABEL'), none, none, pick('A v w', 'B "q" $A', '$A x', '"k" v')),
  },
  { weight: 1, arbitrary: line('MAINTAINER', none, none, pick('me', 'me $A  <m@e>')) },
  {
    weight: 1,
    arbitrary: line(
      'ONBUILD',
      none,
      none,
      pick(
        'ENV O=$A',
        'RUN echo o > /tmp/o',
        'COPY f /o',
        'WORKDIR o',
        'LABEL o="x y"',
        'USER app',
        'ARG O=1',
        'CMD o',
      ),
    ),
  },
  {
    weight: 2,
    arbitrary: line(
      'ARG',
      none,
      fc.array(
        fc.oneof(
          pair.filter((one) => !one.startsWith('$')),
          pick('A', 'U', 'TARGETARCH'),
        ),
        { minLength: 1, maxLength: 2 },
      ),
    ),
  },
  { weight: 2, arbitrary: line('LABEL', none, pairs) },
  {
    weight: 3,
    arbitrary: line(
      'WORKDIR',
      none,
      none,
      pick('/w', 'x', '/t/', '../y', '/l/q', '$A', '/a//b/.', '/', '.', '"/q r"', './z/', '/tmp', '~', '/tmp/../v'),
    ),
  },
  {
    weight: 2,
    arbitrary: line(
      'USER',
      none,
      none,
      pick('app', '0', '1000', '4711', 'app:extra', '5:6', 'root', 'app:', ':8', '$U', '1000:extra', '"app"'),
    ),
  },
  {
    weight: 1,
    arbitrary: line(
      'EXPOSE',
      none,
      fc.array(pick('80', '53/udp', '90-92', '${P:-1}', '127.0.0.1:1:2', '8/TCP', '80', '$A', '"7 9"'), {
        minLength: 1,
        maxLength: 3,
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: line(
      'VOLUME',
      none,
      fc.array(pick('/t', '/v', '$A', '["/j", "k $A"]', '"/q"'), { minLength: 1, maxLength: 2 }),
    ),
  },
  {
    weight: 1,
    arbitrary: line('CMD', none, none, pick('["a", "b"]', 'echo $A', '[]', '["$A", "\\u0041"]', "['x']", '["a" ]  ')),
  },
  { weight: 1, arbitrary: line('ENTRYPOINT', none, none, pick('["a"]', 'exec x', '[]', '["a", ""]', '{}')) },
  {
    weight: 1,
    arbitrary: line(
      'SHELL',
      none,
      none,
      pick('["/bin/sh", "-ec"]', '["/bin/sh", "-c"]', '["/bin/sh"]', '["/bin/busybox", "sh", "-xc"]'),
    ),
  },
  { weight: 1, arbitrary: line('STOPSIGNAL', none, none, pick('9', 'SIGTERM', '${S:-INT}', 'RTMIN+3', 'usr1', '$A')) },
  {
    weight: 1,
    arbitrary: line(
      'HEALTHCHECK',
      some(
        ['interval=', pick('1s', '5m', '0', '1.5h')],
        ['retries=', pick('0', '3')],
        ['timeout=', pick('30s', '1m1ms')],
        ['start-period=', pick('1s', '0s')],
        ['start-interval=', pick('2s')],
      ),
      none,
      pick('CMD x', 'CMD ["x"]', 'NONE', 'cmd $A', 'none'),
    ),
  },
];

/** `earlier`: names of the stages that files can be taken from, if there are some; each has a number as well. */
export function randomLine(earlier: readonly string[]): fc.Arbitrary<RandomLine> {
  if (earlier.length === 0) return fc.oneof(...linesWithoutStage);
  const from = pick(...earlier, earlier.at(-1)!, '0');
  const copy = fc.tuple(
    from,
    line(
      'COPY',
      some(...copyOptions, ['parents', of('')]).map((options) => options.slice(0, 2)),
      fc.array(pick(...ofStage), { minLength: 1, maxLength: 2 }),
      place,
    ),
  );
  const mount = fc.tuple(
    pick(...earlier),
    pick(
      'bind,target=/t',
      'bind,target=/mnt,source=/etc',
      'bind,target=/z,source=/t,rw',
      'cache,target=/c,source=/home',
    ),
    line('RUN', none, none, pick(...commands)),
  );
  return fc.oneof(
    ...linesWithoutStage,
    { weight: 4, arbitrary: copy.map(([name, one]) => ({ ...one, options: [`--from=${name}`, ...one.options] })) },
    {
      weight: 2,
      arbitrary: mount.map(([name, what, one]) => ({ ...one, options: [`--mount=from=${name},type=${what}`] })),
    },
  );
}

/** Whether it takes something of the stage of this name. */
export function takesFrom({ options }: RandomLine, stage: string): boolean {
  return options.some((option) => option.includes(`from=${stage}`));
}
