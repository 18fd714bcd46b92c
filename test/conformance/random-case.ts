import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Case, readCase } from './case.ts';
import { furnished, none, of, pick, type RandomLine, randomLine } from './random-line.ts';

export interface RandomStage {
  readonly name: string;
  /** `--platform=…`, or nothing. */
  readonly options: readonly string[];
  /** Name of an image, or of a stage before it. */
  readonly base: string;
  readonly lines: readonly RandomLine[];
}

/** A file of the context: a line of `context.sh`. */
export interface RandomFile {
  readonly path: string;
  readonly command: string;
}

export interface RandomCase {
  /** Comments at the very top. */
  readonly directives: readonly string[];
  /** Lines before the first stage. */
  readonly globals: readonly string[];
  readonly stages: readonly RandomStage[];
  readonly files: readonly RandomFile[];
  readonly ignored: readonly string[];
  /** Of `args.json`: `target` of `args` is the name of a stage. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly target?: string | undefined;
}

/** What a case nearly always has: a Dockerfile without it is refused by both, mostly. */
const furniture = [
  'echo f > f && ln -s f l && ln -s d ld',
  'mkdir -p d/sub && echo x > d/x && echo x > d/sub/x && chmod 711 d/sub',
];
const bare = new Set([
  'echo f > f',
  'mkdir -p d/sub && echo x > d/x',
  'mkdir -p d/sub && echo x > d/sub/x && chmod 711 d/sub',
  'ln -s f l',
  'ln -s d ld',
]);
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

const names = ['zero', 'one', 'two', 'Three'];
const images = [
  '${BASES}/busybox',
  '${BASES}/busybox',
  '${BASES}/configured',
  '${BASES}/odd',
  '${BASES}/${IMAGE:-busybox}',
];

/** Stage number `index` of a case. */
function randomStage(index: number): fc.Arbitrary<RandomStage> {
  const earlier = names.slice(0, index);
  const bases = index === 0 ? images : [...images, 'scratch', 'scratch', ...earlier, ...earlier, ...earlier];
  const platforms = ['--platform=$BUILDPLATFORM', '--platform=linux/amd64', '--platform=${TARGETPLATFORM}'];
  const drawn = fc.record({
    name: of(names[index]!),
    options: fc.oneof(
      { weight: 4, arbitrary: none },
      pick(...platforms).map((one) => [one]),
    ),
    base: pick(...bases),
    lines: fc.array(randomLine(earlier), { minLength: 2, maxLength: 8, size: 'max' }),
  });
  // Most of what is taken of a stage is there, there is no shell on scratch, and nobody has a name (a deviation).
  return fc.tuple(drawn, fc.nat(4)).map(([one, chance]) => {
    const shell = one.base !== 'scratch' || chance === 0;
    const known = ({ options }: RandomLine) =>
      one.base !== 'scratch' || !options.some((text) => /^--chown=.*(app|extra)/.test(text));
    const lines = one.lines.filter((written) => (shell || written.keyword !== 'RUN') && known(written));
    return { ...one, lines: index === 0 && chance > 0 ? [...furnished, ...lines] : lines };
  });
}

const randomFiles = fc
  .tuple(fc.nat(6), fc.uniqueArray(pick(...contents), { minLength: 2, maxLength: contents.length, size: 'max' }))
  .map(([chance, drawn]) => [
    ...(chance > 0 ? furniture : []),
    ...drawn.filter((one) => chance === 0 || !bare.has(one)),
  ])
  .map((commands) => commands.map((command) => ({ path: command, command })));

const randomCase: fc.Arbitrary<RandomCase> = fc.record({
  directives: fc.oneof(
    { weight: 8, arbitrary: none },
    pick('# escape=`', '#escape = \\').map((one) => [one]),
  ),
  globals: fc.oneof(
    { weight: 2, arbitrary: none },
    fc.array(pick('ARG A=global', 'ARG U=1000', 'ARG IMAGE=busybox', 'ARG B=${A:-none} C', 'ARG TARGETARCH', 'ARG A'), {
      minLength: 1,
      maxLength: 3,
    }),
  ),
  stages: fc
    .constantFrom(1, 2, 2, 2, 3, 3, 4)
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => randomStage(index)))),
  files: randomFiles,
  ignored: fc.oneof(
    { weight: 4, arbitrary: none },
    fc.array(pick('d', '!d/x', '*.env', '**/.env', 'f', 'd/*', '!f', '*', '!d', 'l*', '# no', '/d/sub/', '!**/x'), {
      maxLength: 4,
    }),
  ),
  buildArgs: fc.oneof(
    { weight: 2, arbitrary: of({}) },
    fc.dictionary(
      pick('A', 'B', 'U', 'IMAGE', 'HTTP_PROXY', 'TARGETARCH', 'UNKNOWN'),
      pick('busybox', 'given', '1000', ''),
      { minKeys: 1, maxKeys: 2, noNullPrototype: true },
    ),
  ),
  secrets: fc.oneof({ weight: 1, arbitrary: of({}) }, { weight: 3, arbitrary: of({ s: 'a secret' }) }),
  target: fc.oneof({ weight: 6, arbitrary: of(undefined) }, pick('zero', 'one', 'TWO')),
});

/** The same one for the same number. */
export function randomCaseOf(seed: number): RandomCase {
  return fc.sample(randomCase, { seed, numRuns: 1 })[0]!;
}

export function dockerfileOf({ directives, globals, stages }: RandomCase): string {
  const all = stages.map(({ name, options, base, lines }) =>
    [['FROM', ...options, base, 'AS', name].join(' '), ...lines.map(instructionText)].join('\n'),
  );
  return `${[...directives, 'ARG BASES', ...globals, ...all].join('\n')}\n`;
}

/** As it stands in the Dockerfile: of more than one line if it has a heredoc. */
export function instructionText({ keyword, options, words, rest }: RandomLine): string {
  return [keyword, ...options, ...words, rest].join(' ').trim();
}

/** Writes it as a case, a new folder. */
export async function writeRandomCase(one: RandomCase, folder: string, name: string): Promise<Case> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'Dockerfile'), dockerfileOf(one));
  const { buildArgs, secrets, target } = one;
  await writeFile(join(folder, 'args.json'), `${JSON.stringify({ buildArgs, secrets, target })}\n`);
  const ignored = one.ignored.map((pattern) => `echo '${pattern}' >> .dockerignore`);
  const script = [...one.files.map(({ command }) => command), ...ignored];
  if (script.length > 0) await writeFile(join(folder, 'context.sh'), `${script.join('\n')}\n`);
  return await readCase(folder, name);
}
