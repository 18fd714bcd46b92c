import fc from 'fast-check';
import { runScript } from '../../../src/dockerfile/heredoc.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse.ts';
import { findStage, stagesNeededBy } from '../../../src/dockerfile/stages.ts';
import { pumped, spliced } from '../generators.ts';
import { type Row, target } from '../target.ts';

const tokens = [
  ...['FROM a', 'FROM a AS b', 'ARG x=1', 'ENV a=b', 'RUN ', 'COPY ', 'ADD ', 'LABEL ', 'ONBUILD ', 'HEALTHCHECK CMD '],
  ...[
    'CMD ',
    'SHELL ',
    'VOLUME ',
    'EXPOSE ',
    '# escape=`',
    '# syntax=',
    '#',
    ' # c',
    '\n',
    '\r\n',
    '\\\n',
    '\\',
    '`',
    ' ',
  ],
  ...[
    '<<E',
    '<<-"E"',
    'E\n',
    '\t',
    '--from=b ',
    '--mount=',
    'type=cache,',
    'target=/a',
    '--exclude=',
    '--',
    '=',
    ',',
    '"',
  ],
  ...["'", '[', ']', '{', '}', '["a"]', '$', '${x}', '${x:-', '\ufeff', '\u0085', '\0', 'a', '/', '.', '*', ':', '@'],
];

const keywords = [
  'RUN',
  'COPY',
  'ADD',
  'ENV',
  'LABEL',
  'ARG',
  'VOLUME',
  'CMD',
  'HEALTHCHECK CMD',
  'ONBUILD RUN',
  'EXPOSE',
];
const argumentTokens = tokens.filter((token) => !/^[A-Z#\n]/.test(token));

const whole = `# syntax=docker/dockerfile:1
ARG REGISTRY
FROM --platform=$BUILDPLATFORM \${REGISTRY}/base:1.0.0 AS build
ENV a=b c="d e" \\
    # a comment
    f='g'
RUN --mount=type=cache,target=/root/.cache,sharing=locked --mount=type=secret,id=s <<EOF
make
EOF
COPY --from=other --chown=1:2 --exclude=*.md a b <<-"F" /c/
	text
F
HEALTHCHECK --interval=1m30s CMD ["a", "b"]
ONBUILD COPY . /d
CMD ["x"]
`;

type Piece = string | ((index: number) => string);

function repeated(piece: Piece): string {
  const bytes = 64_000;
  if (typeof piece === 'string') return piece.repeat(bytes / piece.length);
  return Array.from({ length: bytes / piece(1000).length }, (_, index) => piece(index)).join('');
}

export const dockerfile = target({
  name: 'dockerfile',
  input: fc.oneof(
    pumped(tokens).map((text) => `FROM a\n${text}`),
    pumped(tokens),
    fc
      .tuple(fc.constantFrom(...keywords), pumped(argumentTokens))
      .map(([keyword, text]) => `FROM a\n${keyword} ${text}`),
    spliced([whole], pumped(tokens)),
  ),
  run: (text: string) => {
    const parsed = parseDockerfile(text, 'Dockerfile');
    if (!parsed.ok) return parsed;
    const last = findStage(parsed.value);
    if (!last.ok) return last;
    for (const { instructions } of parsed.value.stages) {
      for (const instruction of instructions) if (instruction.keyword === 'RUN') runScript(instruction);
    }
    return stagesNeededBy(parsed.value, last.value, { resolve: (name) => name });
  },
  rows: [
    { title: 'every kind of line', input: () => whole, want: 'value' },
    ...(
      [
        ['NUL characters', 'FROM a\nRUN ', '\0', ['nul-character']],
        ['no end of a JSON with a NUL', 'FROM a\nRUN ["\\u0000"', ' ', 'value'],
        ['blanks behind a JSON with a NUL', 'FROM a\nRUN ["\\u0000"]', ' ', ['nul-character']],
        ['no instruction', '', 'a\n', ['unknown-instruction']],
        ['heredocs without an end on lines that are no instruction', '', '<<E\n', ['unknown-instruction']],
        ['heredocs of a name each', 'FROM a', (index) => `\n<<E${index}`, ['unknown-instruction']],
        ['heredocs of a name each on one line', 'FROM a\nRUN', (index) => ` <<E${index}`, ['unterminated-heredoc']],
        ['heredocs that end', 'FROM a', '\nRUN <<E\nE', 'value'],
        ['heredocs of one line that end', 'FROM a\nRUN <<E\n', 'E\n', ['unknown-instruction']],
        ['files that are heredocs', 'FROM a\nCOPY', ' <<E', ['unterminated-heredoc']],
        ['tabs before the end of a heredoc', 'FROM a\nRUN <<-E\n', '\t', ['unterminated-heredoc']],
        ['lines that go on', 'FROM a\nRUN x', ' \\\n', 'value'],
        ['empty lines inside an instruction', 'FROM a\nRUN x\\', '\n', 'value'],
        ['comments inside an instruction', 'FROM a\nRUN x\\\n', '#\n', 'value'],
        ['flags', 'FROM a\nCOPY', ' --exclude=a', ['missing-arguments']],
        ['flags that are not known', 'FROM a\nCOPY', ' --a=b', ['unknown-flag']],
        ['mounts', 'FROM a\nRUN', ' --mount=target=/a', 'value'],
        ['keys of a mount', 'FROM a\nRUN --mount=type=cache', ',target=/a', 'value'],
        ['quotes in a mount', 'FROM a\nRUN --mount=target=', '"', 'value'],
        ['levels of JSON', 'FROM a\nRUN ', '[', 'value'],
        ['strings of JSON', 'FROM a\nRUN ["a"', ',"a"', 'value'],
        ['stages of one name', '', 'FROM a AS a\n', 'value'],
        ['stages of a name each', '', (index) => `FROM a${index - 1} AS a${index}\n`, 'value'],
        ['global arguments', '', 'ARG a=b\n', ['no-stage']],
        ['pairs', 'FROM a\nENV', ' a=b', 'value'],
        ['triggers of triggers', 'FROM a\n', 'ONBUILD ', ['invalid-trigger']],
        ['quotes', 'FROM a\nENV a=', '"', 'value'],
        ['escape characters', 'FROM a\nENV a=', '\\', 'value'],
        ['carriage returns', 'FROM a', '\r', 'value'],
        ['byte order marks', '', '\ufeff', ['line-too-long', 'unknown-instruction']],
        ['blanks', 'FROM a\nRUN x', ' ', 'value'],
        ['directives', '', '# check=a\n', ['no-instructions', 'duplicate-directive']],
        ['lines of a JSON that is no Dockerfile', '{', '"a":1,\n', ['unknown-instruction']],
      ] as const satisfies readonly (readonly [string, string, Piece, Row['want']])[]
    ).map(([title, before, piece, want]) => ({
      title: `64 KiB of ${title}`,
      input: () => before + repeated(piece),
      want,
    })),
  ],
});
