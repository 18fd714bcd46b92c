import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Case, readCase } from './case.ts';

/** One instruction. A line is kept whole by shrinking, but for its options and its words. */
export interface RandomLine {
  readonly keyword: string;
  readonly options: readonly string[];
  /** What may be left out, one by one. */
  readonly words: readonly string[];
  /** What may not: a destination, a command. */
  readonly rest: string;
}

export interface RandomStage {
  readonly base: 'scratch' | '${BASES}/busybox' | '${BASES}/configured' | '${BASES}/odd' | 'zero';
  readonly lines: readonly RandomLine[];
}

/** A file of the context: a line of `context.sh`. */
export interface RandomFile {
  readonly path: string;
  readonly command: string;
}

export interface RandomCase {
  readonly stages: readonly RandomStage[];
  readonly files: readonly RandomFile[];
  readonly ignored: readonly string[];
}

const sources = [
  'f',
  'd',
  'd/',
  'd/x',
  'd/sub',
  '.',
  '*',
  'd/*',
  'l',
  'ld',
  '**/x',
  'no*',
  './d/./sub',
  '/d/x',
  'ld/*',
];
const moreSources = ['[df]*', 'd/../f', '?', 'd/s*', 'ld/x', 'd/./*', 'l*/./x', '*/x', '*/./x', 'd/**', 'd/l', 'none'];
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
  '"$A" $B',
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
  'echo w > /mnt/w 2>/dev/null; cat /mnt/* > /tmp/cat 2>/dev/null; true',
  'truncate -s 3000 /tmp/size; adduser -D -u 1234 new 2>/dev/null || true',
  'mount > /dev/null; umask > /tmp/umask; echo $HOME > /tmp/home; hostname > /tmp/hostname',
];
const contents = [
  'echo f > f',
  'mkdir -p d/sub && echo x > d/x',
  'mkdir -p d/sub && echo x > d/sub/x && chmod 711 d/sub',
  'mkdir -p d/empty',
  'ln -s f l',
  'ln -s d ld',
  'echo l > g && ln g h',
  'mkdir -p d && ln -s x d/l && echo 4 > d/s && chmod 4755 d/s',
  'mkdir -p d/sub && echo k > d/.env && echo k > d/sub/.env',
  'mkdir -p w/t && echo t > w/t/x && ln w/t/x w/y && ln -s t w/l && chmod 2775 w/t && tar --owner=3 --group=4 --sort=name --mtime=@1000000 -cf a.tar -C w . && rm -r w',
  'mkdir -p w && echo y > w/x && chmod 4711 w/x && tar --owner=0 --group=0 --mtime=@1000000 -cf b.tar -C w x && gzip -n < b.tar > b.tgz && rm b.tar && rm -r w',
  'mkdir -p d/ld && ln -sf ../sub d/ld/up && echo o > d/ld/o',
  'mkfifo p && echo "s p" > "s p" && echo u > ü',
];

const pick = <T>(...all: T[]) => fc.constantFrom(...all);
const none = fc.constant([] as readonly string[]);
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
const of = (one: string) => fc.constant(one);
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
  ['exclude=', pick('x', 'sub', '*/x', '.env', '**/.env', '!d', 'd', 'd/*', 'l*')],
] as const;
const fromContext = fc.array(
  fc.oneof({ weight: 3, arbitrary: pick(...sources) }, { weight: 1, arbitrary: pick(...moreSources) }),
  { minLength: 1, maxLength: 3 },
);
const pair = fc.tuple(pick('A', 'B', 'C', '$A'), pick(...values)).map(([name, value]) => `${name}=${value}`);
const pairs = fc.array(pair, { minLength: 1, maxLength: 3 });
const place = pick(...places);

const lines = fc.oneof(
  { weight: 5, arbitrary: line('COPY', some(...copyOptions, ['parents', of('')]), fromContext, place) },
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
    weight: 3,
    arbitrary: line(
      'COPY',
      some(...copyOptions, ['parents', of('')]).map((options) => ['--from=zero', ...options.slice(0, 2)]),
      fc.array(pick(...ofStage), { minLength: 1, maxLength: 2 }),
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
        ['network=', pick('none', 'default', 'host')],
        ['mount=type=bind,target=/mnt', pick('', ',source=d', ',source=f', ',rw', ',source=ld')],
        ['mount=from=zero,target=', pick('/t', '/mnt,source=/etc', '/z,source=/t,rw')],
        ['mount=type=cache,target=', pick('/c', '/t', '/c,from=zero,source=/home', '/c,uid=5,mode=700')],
      ),
      none,
      pick(...commands),
    ),
  },
  { weight: 3, arbitrary: line('ENV', none, pairs) },
  {
    weight: 1,
    arbitrary: line(pick('ENV', 'LABEL'), none, none, pick('A v w', 'B "q" $A', "C  it's", '$A x', '"k" v')),
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
      pick('/w', 'x', '/t/', '../y', '/l/q', '$A', '/a//b/.', '/', '.', '"/q r"', './z/', '/tmp', '~', '/w/../v'),
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
);

const stage = (bases: readonly RandomStage['base'][]): fc.Arbitrary<RandomStage> =>
  fc.record({ base: pick(...bases), lines: fc.array(lines, { minLength: 1, maxLength: 6, size: 'max' }) });

/** Nothing can be copied from the stage itself. */
const withoutFrom = ({ lines, ...one }: RandomStage): RandomStage => ({
  ...one,
  lines: lines.filter(({ options }) => !options.some((option) => option.includes('from=zero'))),
});

const randomCase: fc.Arbitrary<RandomCase> = fc.record({
  stages: fc.tuple(
    stage(['${BASES}/busybox', '${BASES}/configured', '${BASES}/odd']).map(withoutFrom),
    stage(['scratch', '${BASES}/busybox', '${BASES}/configured', '${BASES}/odd', 'zero', 'zero']),
  ),
  files: fc.uniqueArray(
    pick(...contents).map((command) => ({ path: command, command })),
    { minLength: 2, maxLength: contents.length, size: 'max', selector: ({ path }) => path },
  ),
  ignored: fc.oneof(
    { weight: 3, arbitrary: none },
    fc.array(pick('d', '!d/x', '*.env', '**/.env', 'f', 'd/*', '!f'), { maxLength: 3 }),
  ),
});

/** The same one for the same number. */
export function randomCaseOf(seed: number): RandomCase {
  return fc.sample(randomCase, { seed, numRuns: 1 })[0]!;
}

export function dockerfileOf({ stages }: RandomCase): string {
  const text = ({ keyword, options, words, rest }: RandomLine) =>
    [keyword, ...options, ...words, rest].join(' ').trim();
  const all = stages.map(({ base, lines }, index) =>
    [`FROM ${base}${index === 0 ? ' AS zero' : ''}`, ...lines.map(text)].join('\n'),
  );
  return `ARG BASES\n${all.join('\n')}\n`;
}

/** Writes it as a case, a new folder. */
export async function writeRandomCase(one: RandomCase, folder: string, name: string): Promise<Case> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'Dockerfile'), dockerfileOf(one));
  const ignored = one.ignored.map((pattern) => `echo '${pattern}' >> .dockerignore`);
  const script = [...one.files.map(({ command }) => command), ...ignored];
  if (script.length > 0) await writeFile(join(folder, 'context.sh'), `${script.join('\n')}\n`);
  return await readCase(folder, name);
}
