import fc from 'fast-check';
import { parseDockerfile } from '../../../src/dockerfile/parse.ts';
import { pumped, spliced } from '../generators.ts';
import { target } from '../target.ts';

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

const whole = `# syntax=docker/dockerfile:1
ARG REGISTRY
FROM --platform=$BUILDPLATFORM \${REGISTRY}/base:1.0.0 AS build
ENV a=b c="d e" \\
    # a comment
    f='g'
RUN --mount=type=cache,target=/root/.cache,sharing=locked --mount=type=secret,id=s <<EOF
make
EOF
COPY --from=build --chown=1:2 --exclude=*.md a b <<-"F" /c/
	text
F
HEALTHCHECK --interval=1m30s CMD ["a", "b"]
ONBUILD COPY . /d
CMD ["x"]
`;

export const dockerfile = target({
  name: 'dockerfile',
  input: fc.oneof(
    pumped(tokens).map((text) => `FROM a\n${text}`),
    pumped(tokens),
    spliced([whole], pumped(tokens)),
  ),
  run: (text: string) => parseDockerfile(text, 'Dockerfile'),
  rows: [{ title: 'every kind of line', input: () => whole, want: 'value' }],
});
