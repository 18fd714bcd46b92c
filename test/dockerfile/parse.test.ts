import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import { bare, complaints, instructionOf, parsed, textAt } from './marked.ts';

test('parseDockerfile() tells global arguments, stages and their instructions apart', () => {
  const text = '# syntax=docker/dockerfile:1\nARG A B=c\n\nFROM x AS One\nRUN a\nfrom ONE\nrun b\nCMD c\n';
  const dockerfile = parsed(text);
  assert.deepEqual(
    {
      file: dockerfile.file,
      directives: [...dockerfile.directives],
      escape: dockerfile.escape,
      globalArgs: dockerfile.globalArgs.map((arg) => arg.text),
      stages: dockerfile.stages.map(({ index, name, from, instructions }) => [
        index,
        name,
        from.image,
        ...instructions.map((instruction) => instruction.text),
      ]),
      warnings: dockerfile.warnings,
    },
    {
      file: 'Dockerfile',
      directives: [['syntax', 'docker/dockerfile:1']],
      escape: '\\',
      globalArgs: ['ARG A B=c'],
      stages: [
        [0, 'one', 'x', 'RUN a'],
        [1, undefined, 'ONE', 'run b', 'CMD c'],
      ],
      warnings: [],
    },
  );
});

const instructions: [text: string, want: unknown][] = [
  ['ADD a b /c/', { keyword: 'ADD', sources: ['a', 'b'], heredocs: [], destination: '/c/', link: false, exclude: [] }],
  [
    'ADD --chown=1:2 --chmod=u=rw --link --checksum=sha256:0 --keep-git-dir=true --unpack=FALSE --exclude=x --exclude=y a b',
    {
      keyword: 'ADD',
      sources: ['a'],
      heredocs: [],
      destination: 'b',
      chown: '1:2',
      chmod: 'u=rw',
      link: true,
      checksum: 'sha256:0',
      keepGitDir: true,
      unpack: false,
      exclude: ['x', 'y'],
    },
  ],
  [
    'COPY ["a b", "/c"]',
    { keyword: 'COPY', sources: ['a b'], heredocs: [], destination: '/c', link: false, parents: false, exclude: [] },
  ],
  [
    'COPY --from=x --parents --link=false --chown= ./a "b c" /d',
    {
      keyword: 'COPY',
      sources: ['./a', '"b', 'c"'],
      heredocs: [],
      destination: '/d',
      from: { value: 'x' },
      link: false,
      parents: true,
      exclude: [],
    },
  ],
  [
    "COPY ['a', 'b']",
    {
      keyword: 'COPY',
      sources: ["['a',"],
      heredocs: [],
      destination: "'b']",
      link: false,
      parents: false,
      exclude: [],
    },
  ],
  [
    'ARG a b= c="d e" f=g\\ h',
    {
      keyword: 'ARG',
      args: [{ key: 'a' }, { key: 'b', value: '' }, { key: 'c', value: '"d e"' }, { key: 'f', value: 'g\\ h' }],
    },
  ],
  [
    'ENV a=b "c d"=e f=g=h i=',
    {
      keyword: 'ENV',
      pairs: [
        { key: 'a', value: 'b' },
        { key: '"c d"', value: 'e' },
        { key: 'f', value: 'g=h' },
        { key: 'i', value: '' },
      ],
    },
  ],
  ['ENV a  b=c "d  e"', { keyword: 'ENV', pairs: [{ key: 'a', value: 'b=c "d  e"' }] }],
  [
    'LABEL a.b=c "d"="e f"',
    {
      keyword: 'LABEL',
      pairs: [
        { key: 'a.b', value: 'c' },
        { key: '"d"', value: '"e f"' },
      ],
    },
  ],
  ['LABEL a b c', { keyword: 'LABEL', pairs: [{ key: 'a', value: 'b c' }] }],
  ['CMD ["a", "b c"]', { keyword: 'CMD', command: { form: 'exec', args: ['a', 'b c'] } }],
  ['CMD []', { keyword: 'CMD', command: { form: 'exec', args: [] } }],
  ['CMD', { keyword: 'CMD', command: { form: 'shell', text: '' } }],
  ["CMD ['a']", { keyword: 'CMD', command: { form: 'shell', text: "['a']" } }],
  ['ENTRYPOINT a  $b "c"  ', { keyword: 'ENTRYPOINT', command: { form: 'shell', text: 'a  $b "c"' } }],
  ['SHELL ["/bin/bash", "-c"]', { keyword: 'SHELL', args: ['/bin/bash', '-c'] }],
  ['EXPOSE 9000 80/TCP $PORTS 443', { keyword: 'EXPOSE', ports: ['$PORTS', '443', '80/TCP', '9000'] }],
  ['VOLUME /a "/b"', { keyword: 'VOLUME', paths: ['/a', '"/b"'] }],
  ['VOLUME [" /a ", "/b c"]', { keyword: 'VOLUME', paths: ['/a', '/b c'] }],
  ['USER me:users', { keyword: 'USER', value: 'me:users' }],
  ['WORKDIR /a b/$c', { keyword: 'WORKDIR', value: '/a b/$c' }],
  ['STOPSIGNAL SIGINT', { keyword: 'STOPSIGNAL', value: 'SIGINT' }],
  ['MAINTAINER Some One <a@b.c>', { keyword: 'MAINTAINER', value: 'Some One <a@b.c>' }],
  ['HEALTHCHECK none', { keyword: 'HEALTHCHECK', check: { type: 'none' } }],
  ['HEALTHCHECK cmd a b', { keyword: 'HEALTHCHECK', check: { type: 'cmd', command: { form: 'shell', text: 'a b' } } }],
  [
    'HEALTHCHECK --interval=1m --timeout=2s --start-period=3ms --start-interval=4s --retries=5 CMD ["a"]',
    {
      keyword: 'HEALTHCHECK',
      check: {
        type: 'cmd',
        command: { form: 'exec', args: ['a'] },
        interval: 60e9,
        timeout: 2e9,
        startPeriod: 3e6,
        startInterval: 4e9,
        retries: 5,
      },
    },
  ],
  [
    'HEALTHCHECK --interval=0s --retries=0 CMD a',
    { keyword: 'HEALTHCHECK', check: { type: 'cmd', command: { form: 'shell', text: 'a' } } },
  ],
  [
    'RUN --network=none --security=insecure  a   "b"  ',
    {
      keyword: 'RUN',
      command: { form: 'shell', text: 'a   "b"' },
      heredocs: [],
      mounts: [],
      network: 'none',
      security: 'insecure',
    },
  ],
  [
    'RUN -- --not-a-flag',
    {
      keyword: 'RUN',
      command: { form: 'shell', text: '--not-a-flag' },
      heredocs: [],
      mounts: [],
      network: 'default',
      security: 'sandbox',
    },
  ],
  [
    'ONBUILD ADD a b',
    {
      keyword: 'ONBUILD',
      trigger: 'ADD a b',
      instruction: { keyword: 'ADD', sources: ['a'], heredocs: [], destination: 'b', link: false, exclude: [] },
    },
  ],
];
for (const [text, want] of instructions) {
  test(`parseDockerfile() understands ${text}`, () => assert.deepEqual(bare(instructionOf(text)), want));
}

test('parseDockerfile() understands every keyword in any case', () => {
  for (const [text] of instructions) {
    const [keyword = ''] = text.split(' ');
    const lower = instructionOf(text.replace(keyword, keyword.toLowerCase()));
    assert.deepEqual(bare(lower), bare(instructionOf(text)));
  }
});

test('ONBUILD stores continued lines as one, and bodies as they are written', () => {
  const text = 'ONBUILD  RUN a \\\n  <<-E &&\\\n # c\n b\n\t\tx\n\tE\n';
  const instruction = instructionOf(text);
  assert.ok(instruction.keyword === 'ONBUILD');
  assert.equal(instruction.trigger, 'RUN a   <<-E && b\n\t\tx\nE');
  assert.ok(instruction.instruction.keyword === 'RUN');
  assert.deepEqual(
    instruction.instruction.heredocs.map(({ body }) => body),
    ['x\n'],
  );
});

const froms: [text: string, want: unknown][] = [
  ['FROM a', { keyword: 'FROM', image: 'a' }],
  ['from a:1@sha256:0 As B.c-d_e', { keyword: 'FROM', image: 'a:1@sha256:0', name: 'b.c-d_e' }],
  ['FROM --platform=$P "a"', { keyword: 'FROM', image: '"a"', platform: '$P' }],
  ['FROM --platform= a', { keyword: 'FROM', image: 'a' }],
];
for (const [text, want] of froms) {
  test(`parseDockerfile() understands ${text}`, () => assert.deepEqual(bare(parsed(text).stages[0]?.from), want));
}

const places: [title: string, text: string, want: readonly string[]][] = [
  ['the image of FROM', 'FROM a:1', ['1:6 a:1']],
  ['one behind a flag', 'FROM  --platform=x\ta:1 AS b', ['1:20 a:1']],
  ['one on the next line', 'FROM \\\r\n  --platform=x \\\r\n# c\r\n  a:1 \\\r\n AS b', ['4:3 a:1']],
  ['one that is broken', 'FROM a\\\n:\\\n1', ['1:6 a\\\n:\\\n1']],
  ['one behind a byte order mark', '\ufeffFROM a:1', ['1:6 a:1']],
  ['one behind characters of two units', '# 👽\nARG A=👽 B=c\nFROM a', ['2:5 A=👽|👽', '2:10 B=c|c', '3:6 a']],
  [
    'ARG values',
    'ARG A B= C="d e" D=f\\\n  g E=1\nFROM x',
    ['1:5 A|', '1:7 B=|', '1:10 C="d e"|"d e"', '1:18 D=f|f', '2:3 g|', '2:5 E=1|1', '3:6 x'],
  ],
];
for (const [title, text, want] of places) {
  test(`spans cover ${title}`, () => {
    const { globalArgs, stages } = parsed(text);
    const found = globalArgs
      .flatMap(({ args }) => args)
      .map(({ at, valueAt }) => `${at.line}:${at.column} ${textAt(text, at)}|${textAt(text, valueAt) ?? ''}`);
    for (const { imageAt } of stages.map(({ from }) => from)) {
      found.push(`${imageAt.line}:${imageAt.column} ${textAt(text, imageAt)}`);
    }
    assert.deepEqual(found, want);
  });
}

test('spans cover values of ENV and LABEL, in both forms and over several lines', () => {
  const text = 'FROM a\nENV A="b c" \\\n    D=e\\\nf\nLABEL  g   h i\\\n  j\n';
  const pairs = parsed(text).stages[0]?.instructions.flatMap((instruction) =>
    'pairs' in instruction ? instruction.pairs : [],
  );
  assert.deepEqual(
    pairs?.map(({ key, value, at, valueAt }) => [key, value, textAt(text, at), textAt(text, valueAt)]),
    [
      ['A', '"b c"', 'A="b c"', '"b c"'],
      ['D', 'ef', 'D=e\\\nf', 'e\\\nf'],
      ['g', 'h i  j', 'g   h i\\\n  j', 'h i\\\n  j'],
    ],
  );
});

const fromFlags: [title: string, text: string, value: string, at: string][] = [
  ['bare', 'COPY --from=builder a b', 'builder', 'builder'],
  ['quoted, the quotes outside', 'COPY --from="builder" a b', 'builder', 'builder'],
  ['quoted with its name', 'COPY --"from=builder" a b', 'builder', 'builder'],
  ['quoted in the middle, as a whole', 'COPY --from=b"uild"er a b', 'builder', 'b"uild"er'],
  ['escaped', 'COPY --from=b\\uilder a b', 'builder', 'b\\uilder'],
  ['behind another flag, on the next line', 'COPY --chown=1 \\\n  --from=$X a b', '$X', '$X'],
  ['broken by a continuation', 'COPY --from=buil\\\n# c\nder a b', 'builder', 'buil\\\n# c\nder'],
  ['inside ONBUILD', 'ONBUILD COPY --from=builder a b', 'builder', 'builder'],
  ['in a mount', 'RUN --mount=type=bind,from=builder,target=/x y', 'builder', 'builder'],
  ['at the end of a mount', 'RUN --mount=from=builder y', 'builder', 'builder'],
  ['in a mount in quotes', 'RUN --mount="type=bind,from=builder,target=/a b" y', 'builder', 'builder'],
  ['in a field in quotes', `RUN --mount='type=bind,"from=builder",target=/a' y`, 'builder', 'builder'],
  ['in a mount on several lines', 'RUN --mount=type=bind,\\\nfrom=builder,\\\ntarget=/x y', 'builder', 'builder'],
];
for (const [title, text, value, at] of fromFlags) {
  test(`spans cover the value of --from, ${title}`, () => {
    const file = `FROM a\n${text}`;
    const outer = parsed(file).stages[0]?.instructions[0];
    const instruction = outer?.keyword === 'ONBUILD' ? outer.instruction : outer;
    assert.ok(instruction?.keyword === 'COPY' || instruction?.keyword === 'RUN');
    const from = instruction.keyword === 'COPY' ? instruction.from : instruction.mounts[0]?.from;
    assert.equal(from?.value, value);
    assert.equal(textAt(file, from?.at), at);
  });
}

test('replacing what a span covers changes the value and nothing else', () => {
  for (const [title, text] of fromFlags) {
    const file = `FROM a\n${text}`;
    const fromOf = (source: string) => {
      const outer = parsed(source).stages[0]?.instructions[0];
      const instruction = outer?.keyword === 'ONBUILD' ? outer.instruction : outer;
      return instruction?.keyword === 'COPY'
        ? instruction.from
        : instruction?.keyword === 'RUN'
          ? instruction.mounts[0]?.from
          : undefined;
    };
    const at = fromOf(file)?.at;
    assert.ok(at, title);
    const edited = `${file.slice(0, at.offset)}other${file.slice(at.offset + at.length)}`;
    assert.equal(fromOf(edited)?.value, 'other', title);
  }
});

test('the text of an instruction is its logical line, its place all it is written on', () => {
  const text = 'FROM a\n\n  RUN b \\\r\n# c\r\n\r\n\td  \r\nCMD e';
  const { stages, warnings } = parsed(text);
  const [run, cmd] = stages[0]?.instructions ?? [];
  assert.equal(run?.text, 'RUN b \td');
  assert.equal(textAt(text, run?.at), 'RUN b \\\r\n# c\r\n\r\n\td  ');
  assert.deepEqual([run?.at.line, run?.at.column, cmd?.at.line], [3, 3, 7]);
  assert.deepEqual(
    warnings.map(({ reason, at }) => [reason, at.line]),
    [['empty-continuation', 5]],
  );
});

const swallowing: [title: string, text: string, want: (string | number)[][]][] = [
  ['an instruction below an empty line', 'RUN a && \\\n\nCOPY b /b\n', [['swallowed-instruction', 4, 'COPY', 2]]],
  [
    'comments and more empty lines between, and CRLF',
    'RUN a && \\\r\n# c\r\n \r\n\r\n  # d\r\nENTRYPOINT ["b"]\r\n',
    [['swallowed-instruction', 7, 'ENTRYPOINT', 2]],
  ],
  [
    'two in turn, the second by the first',
    'RUN a \\\n\nCOPY b \\\n\nUSER c\n',
    [['swallowed-instruction', 4, 'COPY', 2]],
  ],
  ['what ends above the empty line', 'RUN a\n\nCOPY b /b\n', []],
  ['a line that goes on without an empty one', 'RUN a \\\nCOPY b\n', []],
  ['another word below an empty line', 'RUN a \\\n\nCOPYING b\n', []],
  ['an argument below an empty line', 'RUN a \\\n\n  b\nCOPY c /c\n', []],
  ['a word of another case', 'RUN a \\\n\nuser b\n', []],
  ['a word that is continued with blanks', 'RUN echo \\\n\n  USER b\n', []],
  ['an instruction after the end', 'RUN a \\\n\nb\nCOPY c /c\n', []],
];
for (const [title, text, want] of swallowing) {
  test(`an empty line ends nothing: ${title}`, () => {
    const told = parsed(`FROM a\n${text}`).warnings.filter(({ reason }) => reason !== 'empty-continuation');
    const named = told.map(({ reason, message, at }) => {
      const [, keyword = '', line] = /^this (\S+) .* line (\d+):/.exec(message) ?? [];
      return [reason, at.line, keyword, Number(line)];
    });
    assert.deepEqual(named, want);
  });
}

test('HEALTHCHECK NONE with flags is legal, and remarked on', () => {
  const { stages, warnings } = parsed('FROM a\nHEALTHCHECK --interval=3s NONE\n');
  assert.deepEqual(bare(stages[0]?.instructions), [{ keyword: 'HEALTHCHECK', check: { type: 'none' } }]);
  assert.deepEqual(
    warnings.map(({ reason, at }) => [reason, at.line]),
    [['flags-without-effect', 2]],
  );
});

test('flags may hold any character', () => {
  const instruction = instructionOf('COPY --chown="é 한":👽 a b');
  assert.equal(instruction.keyword === 'COPY' && instruction.chown, 'é 한:👽');
});

test('RUN without a command is legal, and remarked on', () => {
  assert.deepEqual(
    parsed('FROM a\nRUN\n').warnings.map(({ reason, at }) => [reason, at.line]),
    [['empty-command', 2]],
  );
});

const wrong: [title: string, text: string, want: readonly string[]][] = [
  ['an empty file', '', ['no-instructions 1:1 ']],
  ['a file of comments', '# a\n\n# b', ['no-instructions 1:1 ']],
  ['a file without FROM', 'ARG a\n', ['no-stage 1:1 ARG a']],
  ['a file with only RUN', 'RUN a\n', ['no-stage 1:1 RUN a']],
  [
    'what stands before FROM',
    'ARG A\nRUN a\nENV b=c\nFROM d',
    ['instruction-before-from 2:1 RUN a', 'instruction-before-from 3:1 ENV b=c'],
  ],
  ['lines that go on and hold nothing', 'FROM a\n \\\n# b\n  \\\n', ['empty-instruction 4:1   \\']],
  ['an unknown instruction', 'FROM a\nRNU b', ['unknown-instruction 2:1 RNU']],
  ['an unknown flag', 'FROM a\nCOPY --form=b c d', ['unknown-flag 2:6 --form=b']],
  ['a flag where there are none', 'FROM a\nUSER --b c', ['unknown-flag 2:6 --b']],
  ['a flag named like a property', 'FROM a\nRUN --constructor=x b', ['unknown-flag 2:5 --constructor=x']],
  ['a flag of ARG', 'FROM a\nARG --b c', ['unknown-flag 2:5 --b']],
  ['a flag of STOPSIGNAL', 'FROM a\nSTOPSIGNAL --b 9', ['unknown-flag 2:12 --b']],
  ['a flag twice', 'FROM a\nCOPY --link --link b c', ['duplicate-flag 2:13 --link']],
  ['a flag without its value', 'FROM a\nCOPY --from b c', ['missing-flag-value 2:6 --from']],
  ['a switch with nothing behind =', 'FROM a\nCOPY --link= b c', ['missing-flag-value 2:6 --link=']],
  ['a switch that is neither', 'FROM a\nCOPY --link=yes b c', ['invalid-flag-value 2:6 --link=yes']],
  ['a network that does not exist', 'FROM a\nRUN --network=some b', ['invalid-flag-value 2:15 some']],
  ['a security that does not exist', 'FROM a\nRUN --security=some b', ['invalid-flag-value 2:16 some']],
  ['a device', 'FROM a\nRUN --device=x b', ['unsupported-flag 2:5 --device=x']],
  ['FROM without an image', 'FROM', ['invalid-from 1:1 FROM']],
  ['FROM with a comment', 'FROM a # b', ['invalid-from 1:8 # b']],
  ['FROM with a name and a comment', 'FROM a AS b #c', ['invalid-from 1:13 #c']],
  ['FROM with two words', 'FROM a b', ['invalid-from 1:1 FROM a b']],
  ['FROM with another word than AS', 'FROM a is b', ['invalid-from 1:1 FROM a is b']],
  ['FROM with four words', 'FROM a AS b c', ['invalid-from 1:1 FROM a AS b c']],
  ['a stage name with a digit in front', 'FROM a AS 1b', ['invalid-stage-name 1:11 1b']],
  ['a stage name with a slash', 'FROM a AS b/c', ['invalid-stage-name 1:11 b/c']],
  ['a stage name with a variable', 'FROM a AS $b', ['invalid-stage-name 1:11 $b']],
  ['ARG without a name', 'FROM a\nARG', ['missing-arguments 2:1 ARG']],
  ['ARG with a blank name', 'FROM a\nARG b =c', ['blank-name 2:7 =c']],
  ['ENV without anything', 'FROM a\nENV', ['missing-arguments 2:1 ENV']],
  ['ENV without a value', 'FROM a\nENV b', ['missing-value 2:5 b']],
  ['ENV with one value missing', 'FROM a\nENV b=c d', ['missing-value 2:9 d']],
  ['ENV with a blank name', 'FROM a\nENV =c', ['blank-name 2:5 =c']],
  ['LABEL with a blank name', 'FROM a\nLABEL b=c =d', ['blank-name 2:11 =d']],
  ['COPY without a destination', 'FROM a\nCOPY b', ['missing-arguments 2:1 COPY b']],
  ['COPY of JSON without a destination', 'FROM a\nCOPY ["b"]', ['missing-arguments 2:1 COPY ["b"]']],
  ['JSON with a number', 'FROM a\nCMD ["b", 1]', ['json-not-strings 2:5 ["b", 1]']],
  ['JSON in JSON', 'FROM a\nVOLUME [["b"]]', ['json-not-strings 2:8 [["b"]]']],
  ['RUN of an empty array', 'FROM a\nRUN []', ['missing-arguments 2:1 RUN []']],
  ['SHELL as text', 'FROM a\nSHELL sh -c', ['shell-not-json 2:1 SHELL sh -c']],
  ['SHELL of an empty array', 'FROM a\nSHELL []', ['missing-arguments 2:1 SHELL []']],
  ['EXPOSE of nothing', 'FROM a\nEXPOSE', ['missing-arguments 2:1 EXPOSE']],
  ['VOLUME of nothing', 'FROM a\nVOLUME []', ['missing-arguments 2:1 VOLUME []']],
  ['VOLUME of an empty path', 'FROM a\nVOLUME ["b", " "]', ['empty-path 2:1 VOLUME ["b", " "]']],
  ['USER of nobody', 'FROM a\nUSER', ['missing-arguments 2:1 USER']],
  ['HEALTHCHECK of nothing', 'FROM a\nHEALTHCHECK', ['missing-arguments 2:1 HEALTHCHECK']],
  ['HEALTHCHECK CMD of nothing', 'FROM a\nHEALTHCHECK CMD', ['missing-arguments 2:1 HEALTHCHECK CMD']],
  ['HEALTHCHECK CMD of an empty array', 'FROM a\nHEALTHCHECK CMD []', ['missing-arguments 2:1 HEALTHCHECK CMD []']],
  ['HEALTHCHECK of another kind', 'FROM a\nHEALTHCHECK TCP 80', ['invalid-healthcheck 2:13 TCP']],
  ['HEALTHCHECK NONE with more', 'FROM a\nHEALTHCHECK NONE b', ['invalid-healthcheck 2:13 NONE b']],
  ['an interval that is too short', 'FROM a\nHEALTHCHECK --interval=1us CMD b', ['invalid-flag-value 2:24 1us']],
  ['a negative timeout', 'FROM a\nHEALTHCHECK --timeout=-1s CMD b', ['invalid-flag-value 2:23 -1s']],
  ['an interval without a unit', 'FROM a\nHEALTHCHECK --interval=30 CMD b', ['invalid-flag-value 2:24 30']],
  ['negative retries', 'FROM a\nHEALTHCHECK --retries=-1 CMD b', ['invalid-flag-value 2:23 -1']],
  ['ONBUILD of nothing', 'FROM a\nONBUILD', ['missing-arguments 2:1 ONBUILD']],
  ['ONBUILD ONBUILD', 'FROM a\nONBUILD onbuild RUN b', ['invalid-trigger 2:9 onbuild RUN b']],
  ['ONBUILD FROM', 'FROM a\nONBUILD FROM b c d', ['invalid-trigger 2:9 FROM b c d']],
  ['ONBUILD MAINTAINER', 'FROM a\nONBUILD MAINTAINER b', ['invalid-trigger 2:9 MAINTAINER b']],
  ['ONBUILD of what does not exist', 'FROM a\nONBUILD RNU b', ['unknown-instruction 2:9 RNU']],
  ['what is wrong on a continued line', 'FROM a\nCOPY --link \\\n  --lnik=true b c', ['unknown-flag 3:3 --lnik=true']],
];
for (const [title, text, want] of wrong) {
  test(`parseDockerfile() refuses ${title}`, () => assert.deepEqual(complaints(text), want));
}

test('parseDockerfile() reports all that is wrong, one failure an instruction, in the order of the file', () => {
  const text = '# escape=x\nRUN a\nFROM\nRUNN b\nCOPY --nope --also c\nENV d\nCMD ["e"]\nUSER\n';
  assert.deepEqual(complaints(text), [
    'invalid-escape 1:1 # escape=x',
    'instruction-before-from 2:1 RUN a',
    'invalid-from 3:1 FROM',
    'unknown-instruction 4:1 RUNN',
    'unknown-flag 5:6 --nope',
    'missing-value 6:5 d',
    'missing-arguments 8:1 USER',
  ]);
});

const hints: [text: string, hint: string][] = [
  ['FROM a\nRNU b', 'did you mean RUN?'],
  ['FROM a\nCOPY --form=b c d', 'did you mean --from?'],
  ['FROM a\nUSER --banana c', 'USER takes no flags'],
  ['FROM a\nRUN --mount=tpye=bind c', 'did you mean type?'],
  ['FROM a\nRUN --mount=type=cahce c', 'did you mean cache?'],
];
for (const [text, hint] of hints) {
  test(`parseDockerfile() hints: ${hint}`, () => {
    const result = parseDockerfile(text, 'Dockerfile');
    assert.deepEqual(result.ok ? [] : result.failure.map((failure) => failure.hint), [hint]);
  });
}

test('a line may have 65535 bytes and no more', () => {
  const longest = `RUN ${'é'.repeat(32_765)}x`;
  assert.equal(Buffer.byteLength(longest), 65_535);
  assert.deepEqual(complaints(`FROM a\n${longest}\nRUN b`), []);
  assert.deepEqual(complaints(`FROM a\n${longest}y\nRUN b`), [`line-too-long 2:1 ${longest}y`]);
  assert.deepEqual(complaints(`FROM a\nRUN <<E\n${longest}y\nE\n`), [`line-too-long 3:1 ${longest}y`]);
});

test('parseDockerfile() never throws, and its spans stay inside the text', () => {
  const word = fc.constantFrom(
    'FROM',
    'RUN',
    'COPY',
    'ENV',
    'ARG',
    'ONBUILD',
    'HEALTHCHECK',
    'CMD',
    'a',
    'b=c',
    '--from=x',
    '--mount=type=bind,from=y',
    '["a"]',
    '<<E',
    'E',
    '\\',
    '\\\n',
    '\n',
    '\r\n',
    '# c\n',
    '"',
    "'",
    '${x',
    ' ',
    '\t',
    '--',
    '--link',
    ',',
    '=',
    '한',
    '👽',
    'AS',
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(word, fc.constantFrom('', ' ')), { maxLength: 40 }), (words) => {
      const text = words.flat().join('');
      const result = parseDockerfile(text, 'Dockerfile');
      const spans = [...JSON.stringify(result).matchAll(/"offset":(\d+),"length":(\d+)/g)];
      for (const [, offset, length] of spans) assert.ok(Number(offset) + Number(length) <= text.length);
      if (!result.ok) assert.notEqual(result.failure.length, 0);
    }),
    { numRuns: 300 },
  );
});

test('what a span covers is what was written', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
  const value = fc.stringMatching(/^([a-z0-9:/.]|"[a-z ]{0,3}"|\$\{[a-z]{1,3}\}){1,6}$/);
  const gap = fc.constantFrom(' ', '  ', '\t', ' \\\n', ' \\\r\n  ', ' \\\n# c\n ', ' \\\n\n');
  const lineEnd = fc.constantFrom('\n', '\r\n', '\n\n# c\n');
  fc.assert(
    fc.property(fc.array(fc.record({ name, value, gap, lineEnd }), { minLength: 1, maxLength: 5 }), (parts) => {
      const text = parts
        .map(
          ({ name: key, value: written, gap: blanks, lineEnd: end }) =>
            `ARG${blanks}${key}=${written}${blanks}last${end}FROM${blanks}${key}:1${blanks}AS${blanks}s${end}COPY${blanks}--from=${key}${blanks}a b${end}`,
        )
        .join('');
      const { globalArgs, stages } = parsed(text);
      const args = [
        ...globalArgs,
        ...stages.flatMap(({ instructions: all }) => all.filter((instruction) => instruction.keyword === 'ARG')),
      ];
      assert.deepEqual(
        args.map(({ args: [first] }) => textAt(text, first?.valueAt)),
        parts.map((part) => part.value),
      );
      assert.deepEqual(
        stages.map(({ from }) => textAt(text, from.imageAt)),
        parts.map((part) => `${part.name}:1`),
      );
      const copies = stages.flatMap(({ instructions: all }) =>
        all.flatMap((instruction) => (instruction.keyword === 'COPY' ? [textAt(text, instruction.from?.at)] : [])),
      );
      assert.deepEqual(
        copies,
        parts.map((part) => part.name),
      );
    }),
  );
});
