import fc from 'fast-check';
import { contextReads } from '../../../src/context/context-reads.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse.ts';
import { lower } from '../../../src/engine/frontend/lower.ts';
import { imageKey, type ResolvedImage } from '../../../src/engine/frontend/lower-input.ts';
import type { Step } from '../../../src/engine/op/op-definition.ts';
import type { Vertex } from '../../../src/engine/solver/vertex.ts';
import { makeDocument } from '../../../src/oci/document.ts';
import { ImageConfig } from '../../../src/oci/image-config.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseAs } from '../../../src/oci/parse-document.ts';
import { amd64, imageFixture } from '../../support/lower-text.ts';
import { cut, pumped } from '../generators.ts';
import { type Row, target } from '../target.ts';
import { baseConfig, configText } from './documents.ts';

interface Build {
  readonly text: string;
  /** JSON: the configuration of whatever the Dockerfile starts from. */
  readonly config: string;
}

/** What a build knows before it does anything: the steps and the configuration of its image, as that is written. */
function lowered({ text, config }: Build): unknown {
  const dockerfile = parseDockerfile(text, 'Dockerfile');
  if (!dockerfile.ok) return dockerfile;
  const base = parseAs(ImageConfig, Buffer.from(config), { kind: 'the configuration of an image', name: 'the base' });
  if (!base.ok) return base;
  const inputs = { dockerfile: dockerfile.value, platform: amd64, buildPlatform: amd64, buildArgs: {} };
  contextReads({ ...inputs, imageOf: () => undefined });
  const images = new Map<string, ResolvedImage>();
  for (let round = 0; round < 3; round++) {
    const result = lower({ ...inputs, image: 'hostile', images });
    if (!result.ok) return result;
    if (!result.value.missing) {
      const nameless = environmentOf(result.value.definition.target).filter((pair) => !/^[^=\0]+=[^\0]*$/.test(pair));
      if (nameless.length > 0) throw new Error(`no process can be given ${JSON.stringify(nameless[0])}`);
      return makeDocument(mediaTypes.imageConfig, result.value.config).bytes.length;
    }
    for (const request of result.value.missing) {
      images.set(imageKey(request), { ...imageFixture('base'), config: base.value });
    }
  }
  throw new Error('images are missing that were given');
}

/** What the last step gives to its process, if it has one. */
function environmentOf({ op: { op } }: Vertex<Step>): readonly string[] {
  return op.kind === 'exec' ? [...op.args.map((arg) => `argument=${arg}`), ...op.env] : [];
}

const words = [
  ...[
    '$a',
    '${a}',
    '${a:-',
    '${b+',
    '${a#*b}',
    '${a%%*}',
    '${a//b/',
    '${a/?/',
    '}',
    "'",
    '"',
    '\\',
    '$',
    'b',
    ' ',
    '/',
    ':',
  ],
  ...['constructor', '__proto__', '=', '80', '-', '.', '..', ',', '*', '\u{1f47d}'],
];
const line = (keyword: string) => pumped(words).map((text) => `${keyword}${text.replace(/\n/g, '')}\n`);
const lines = fc.oneof(
  ...[
    'ENV a=',
    'ARG a=',
    'ENV b=',
    'ARG a',
    'LABEL ',
    'EXPOSE ',
    'COPY ',
    'COPY --from=',
    'RUN ',
    'WORKDIR ',
    'USER ',
  ].map(line),
  ...['VOLUME ', 'STOPSIGNAL ', 'HEALTHCHECK CMD ', 'SHELL ["', 'FROM ', 'FROM base AS ', 'ONBUILD ENV a=', 'CMD '].map(
    line,
  ),
  fc.constantFrom(
    'ENV a=$a$a\n',
    'ARG a=$a$a\n',
    'ENV a=${a//b/bbbbbbbb}\n',
    'FROM base\n',
    'FROM a AS a\n',
    'COPY --from=0 a b\n',
  ),
);
const some = fc.array(lines, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
const text = fc
  .tuple(some, fc.oneof(fc.constant(1), fc.nat({ max: 40 }), fc.nat({ max: 5000 })))
  .map(([piece, count]) => {
    return cut(`ARG a=b\nFROM base\nARG a=b\n${piece.repeat(Math.min(count, Math.ceil(60_000 / piece.length)))}`);
  });

/** Doubles a value as often as the instruction is there. */
const doubling = (instruction: string, count: number) =>
  `${instruction} a=bb\n${`${instruction} a=$a$a\n`.repeat(count)}`;
const image = '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"config":';

export const build = target<Build>({
  name: 'build',
  input: fc.record({ text, config: fc.oneof({ weight: 3, arbitrary: fc.constant(baseConfig) }, configText) }),
  run: lowered,
  // The whole of an image, three times over: a stage asks for its base, gets it, and is lowered again.
  budget: 2000,
  rows: [
    ...(
      [
        ['a default that doubles, forty times', `${doubling('ARG', 40)}FROM a`, ['expansion-too-large']],
        ['an argument of a stage that doubles, forty times', `FROM a\n${doubling('ARG', 40)}`, ['expansion-too-large']],
        ['a variable that doubles, forty times', `FROM a\n${doubling('ENV', 40)}`, ['expansion-too-large']],
        [
          'a label that doubles, forty times',
          `FROM a\n${doubling('ENV', 16)}${'LABEL b=$a\n'.repeat(5000)}`,
          ['expansion-too-large'],
        ],
        [
          'a long value that is used 5,000 times',
          `FROM a\n${doubling('ENV', 16)}${'EXPOSE $a\n'.repeat(5000)}`,
          ['invalid-value', 'expansion-too-large'],
        ],
        [
          'a long value that is gone through 5,000 times',
          `FROM a\n${doubling('ENV', 16)}${'USER ${a#*c}\n'.repeat(5000)}`,
          ['expansion-too-large'],
        ],
        [
          'a long value whose end is looked for 7,000 times',
          `FROM a\n${doubling('ENV', 17)}${`USER ${'${a%%*}'.repeat(8)}\n`.repeat(900)}`,
          ['expansion-too-large'],
        ],
        [
          'a replacement that multiplies',
          `FROM a\nENV a=${'b'.repeat(8000)}\nENV a=\${a//b/$a}`,
          ['expansion-too-large'],
        ],
        [
          'a pattern in which every star has a choice',
          `FROM a\nENV a=${'a'.repeat(20_000)}\nUSER \${a//${'*a'.repeat(10_000)}*b/c}`,
          ['expansion-too-large'],
        ],
        ['60,000 stars in a pattern', `FROM a\nENV a=b\nUSER \${a#${'*'.repeat(60_000)}}`, 'value'],
        [
          'a body that doubles',
          `FROM a\n${doubling('ENV', 18)}COPY <<E /x\n${'$a'.repeat(20)}\nE`,
          ['expansion-too-large'],
        ],
        [
          'arguments that objects have',
          'FROM a\nARG constructor\nARG __proto__\nARG toString\nUSER $constructor$__proto__',
          'value',
        ],
        [
          'variables that objects have',
          'FROM a\nENV __proto__=a constructor=b\nLABEL __proto__=$__proto__\nVOLUME /a __proto__',
          'value',
        ],
        [
          '5,000 stages, each from the one before',
          Array.from({ length: 4000 }, (_, index) => `FROM s${index} AS s${index + 1}\n`).join(''),
          'value',
        ],
        [
          '3,000 stages, each copying from the one before',
          Array.from({ length: 2000 }, (_, index) => `FROM scratch\nCOPY --from=${index} a b\n`)
            .join('')
            .replace('COPY --from=0 a b\n', ''),
          ['stage-not-yet-defined'],
        ],
        [
          '6,000 variables',
          `FROM a\n${Array.from({ length: 5000 }, (_, index) => `ENV a${index}=b\n`).join('')}`,
          'value',
        ],
        [
          '6,000 labels',
          `FROM a\n${Array.from({ length: 5000 }, (_, index) => `LABEL a${index}=b\n`).join('')}`,
          'value',
        ],
        [
          '6,000 volumes',
          `FROM a\n${Array.from({ length: 5000 }, (_, index) => `VOLUME a${index}\n`).join('')}`,
          'value',
        ],
        [
          '6,000 ports',
          `FROM a\n${Array.from({ length: 5000 }, (_, index) => `EXPOSE ${index + 1}\n`).join('')}`,
          'value',
        ],
        ['6,000 triggers', `FROM a\n${'ONBUILD USER a\n'.repeat(4000)}`, 'value'],
        ['3,000 commands', `FROM a\n${'RUN x\n'.repeat(10_000)}`, 'value'],
        ['stages of one name', `FROM a\n${'FROM a AS a\n'.repeat(5000)}`, 'value'],
        [
          '6,000 variables in a line',
          `FROM a\nENV${Array.from({ length: 6000 }, (_, index) => ` a${index}=b`).join('')}`,
          'value',
        ],
        ['6,000 directories in each other', `FROM a\n${'WORKDIR a\n'.repeat(6000)}`, ['invalid-value']],
        ['65,535 ports 500 times in a line', `FROM a\nEXPOSE${' 1-65535'.repeat(500)}`, ['expansion-too-large']],
        ['65,535 ports on lines', `FROM a\n${'EXPOSE 1-65535\n'.repeat(4000)}`, ['expansion-too-large']],
        ['a port of 60,000 digits', `FROM a\nEXPOSE ${'9'.repeat(60_000)}`, ['invalid-value']],
      ] as const satisfies readonly (readonly [string, string, Row['want']])[]
    ).map(([title, text, want]) => ({ title, input: () => ({ text, config: baseConfig }), want })),
    ...(
      [
        ['a variable without a name', `${image}{"Env":["=x"]}}`, 'value'],
        ['a variable without a value', `${image}{"Env":["a",""]}}`, 'value'],
        ['a variable with a NUL in it', `${image}{"Env":["a=\\u0000"]}}`, ['document-not-understood']],
        [
          'nothing where a list may be',
          `${image}{"Env":null,"Cmd":null,"Labels":null,"OnBuild":null,"Volumes":null}}`,
          'value',
        ],
        ['no configuration', `${image}null}`, 'value'],
        [
          'keys that objects have',
          `${image}{"Labels":{"__proto__":"a","constructor":"b"},"__proto__":{"Env":["a=b"]},"toString":1}}`,
          'value',
        ],
        ['20,000 triggers', `${image}{"OnBuild":[${'"ENV a=$a",'.repeat(5000)}"ENV a=b"]}}`, 'value'],
        ['a trigger that is a trigger', `${image}{"OnBuild":["ONBUILD ENV a=b"]}}`, ['invalid-trigger']],
        [
          'triggers that double',
          `${image}{"OnBuild":["ENV a=bb"${',"ENV a=$a$a"'.repeat(40)}]}}`,
          ['expansion-too-large'],
        ],
        [
          '30,000 levels of what nobody knows',
          `${image}{"x":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`,
          ['document-not-understood'],
        ],
        [
          '30,000 levels in the configuration',
          `${image}${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`,
          ['document-not-understood'],
        ],
        ['numbers that are too large', `${image}{"Healthcheck":{"Interval":1e999}}}`, ['document-not-understood']],
      ] as const satisfies readonly (readonly [string, string, Row['want']])[]
    ).map(([title, config, want]) => ({
      title: `a base with ${title}`,
      input: () => ({ text: 'FROM a\nUSER $a\nRUN x', config }),
      want,
    })),
  ],
});
