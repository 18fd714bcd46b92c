import type { Entries, Entry } from './tree.ts';

/** One edit of a project, and whether its build key must be another one after it. */
export interface Row {
  readonly title: string;
  readonly key: 'changes' | 'stays';
  /** Context of the image; `PARENT` in a Dockerfile is the reference of its own parent, `TOOLS` of an image with a shell. */
  readonly before: Entries;
  readonly edit: Entries;
  readonly parent?: { readonly before: Entries; readonly edit: Entries };
  readonly version?: string;
  /** Components of the machine that it needs. */
  readonly needs?: readonly string[];
}

const copies = 'FROM scratch\nCOPY app /app\n';

function row(key: Row['key'], title: string, before: Entries, edit: Entries, more: Partial<Row> = {}): Row {
  return { title, key, before, edit, ...more };
}

/** An edit of the Dockerfile alone. */
function text(key: Row['key'], title: string, before: string, after: string, files: Entries = { f: 'f' }): Row {
  return row(key, title, { ...files, Dockerfile: before }, { Dockerfile: after });
}

/** A file with these two entries, copied with its directory. */
function file(key: Row['key'], title: string, before: Entry, after: Entry, dockerfile = copies): Row {
  return row(key, title, { Dockerfile: dockerfile, 'app/f': before, 'app/other': 'other' }, { 'app/f': after });
}

/** An edit of the parent's context. */
function ofParent(key: Row['key'], title: string, before: Entries, edit: Entries, more: Entries = {}): Row {
  return row(
    key,
    title,
    { Dockerfile: 'FROM PARENT\nCOPY f /own\n', f: 'f', ...more },
    {},
    { parent: { before, edit } },
  );
}

/** Steps of an image that has a shell; what they make gets a time of its own. */
function shell(...lines: readonly string[]): string {
  return `FROM TOOLS\n${lines.join('\n')}\n`;
}

const contents: readonly Row[] = [
  file('changes', 'the content of a file', 'one', 'two'),
  file('changes', 'the content of a file, of equal size and time', 'one', 'two'),
  file('changes', 'a file is added', null, 'f'),
  file('changes', 'an empty file is added', null, ''),
  file('changes', 'a file is removed', 'f', null),
  file('changes', 'an empty directory is added', null, { directory: 0o755 }),
  file('changes', 'a file becomes an empty directory', 'f', { directory: 0o755 }),
  file('changes', 'a file becomes a link to the same content', 'other', { link: 'other' }),
  file('changes', 'the target of a link', { link: 'other' }, { link: './other' }),
  row(
    'changes',
    'where a link leads that a wildcard matches',
    { Dockerfile: 'FROM scratch\nCOPY a b* /d/\n', a: 'a', b1: 'b', b2: { link: 'a' } },
    { b2: { link: 'b1' } },
  ),
  row(
    'stays',
    'a link that a wildcard matches becomes a file of the same content',
    { Dockerfile: 'FROM scratch\nCOPY a b* /d/\n', a: 'a', b1: 'b', b2: { link: 'a' } },
    { b2: 'a' },
  ),
  row(
    'changes',
    'a hard link becomes a file of its own',
    { Dockerfile: copies, 'app/f': 'f', 'app/g': { hardLink: 'app/f' } },
    { 'app/g': 'f' },
  ),
  row(
    'changes',
    'a file becomes a hard link',
    { Dockerfile: copies, 'app/f': 'f', 'app/g': 'f' },
    { 'app/g': { hardLink: 'app/f' } },
  ),
  row(
    'changes',
    'the escape character',
    { Dockerfile: { text: 'FROM scratch\nENV A=a\\b\n' } },
    { Dockerfile: { text: '# escape=`\nFROM scratch\nENV A=a\\b\n' } },
  ),
  row(
    'changes',
    'another file, after a link has become a file of the same content',
    { Dockerfile: 'FROM scratch\nCOPY a b* c /d/\n', a: 'a', b2: { link: 'a' }, c: 'c' },
    { b2: 'a', c: 'd' },
  ),
  file('stays', 'the time of a file', { text: 'f', mtime: 1_500_000_000 }, { text: 'f', mtime: 1_600_000_007 }),
  file('stays', 'a file is written anew with the same content', 'f', 'f'),
  row('changes', 'a file is renamed', { Dockerfile: copies, 'app/a': 'x' }, { 'app/a': null, 'app/b': 'x' }),
  row(
    'changes',
    'two files change places',
    { Dockerfile: copies, 'app/a': 'x', 'app/b': 'y' },
    { 'app/a': 'y', 'app/b': 'x' },
  ),
  row(
    'changes',
    'content moves over the border between two files',
    { Dockerfile: copies, 'app/a': 'xy', 'app/b': 'z' },
    { 'app/a': 'x', 'app/b': 'yz' },
  ),
];

const modes: readonly Row[] = [
  file('changes', 'a file becomes executable', { text: 'f', mode: 0o644 }, { text: 'f', mode: 0o755 }),
  file('changes', 'chmod 600', { text: 'f', mode: 0o644 }, { text: 'f', mode: 0o600 }),
  file('changes', 'chmod 640', { text: 'f', mode: 0o644 }, { text: 'f', mode: 0o640 }),
  file('changes', 'only the owner may execute it', { text: 'f', mode: 0o755 }, { text: 'f', mode: 0o744 }),
  file('changes', 'a setuid bit', { text: 'f', mode: 0o755 }, { text: 'f', mode: 0o4755 }),
  file('changes', 'write permission for all', { text: 'f', mode: 0o644 }, { text: 'f', mode: 0o666 }),
  file('stays', 'a checkout with umask 002: file', { text: 'f', mode: 0o644 }, { text: 'f', mode: 0o664 }),
  file('stays', 'a checkout with umask 002: program', { text: 'f', mode: 0o755 }, { text: 'f', mode: 0o775 }),
  row(
    'stays',
    'a checkout with umask 002: directory',
    { Dockerfile: copies, 'app/d/f': 'f' },
    { 'app/d': { directory: 0o775 } },
  ),
  row('changes', 'chmod 700 of a directory', { Dockerfile: copies, 'app/d/f': 'f' }, { 'app/d': { directory: 0o700 } }),
  row('changes', 'a sticky directory', { Dockerfile: copies, 'app/d/f': 'f' }, { 'app/d': { directory: 0o1755 } }),
  file(
    'stays',
    'the mode under an octal --chmod',
    { text: 'f', mode: 0o644 },
    { text: 'f', mode: 0o600 },
    'FROM scratch\nCOPY --chmod=0644 app/f /f\n',
  ),
  file(
    'changes',
    'the mode under a symbolic --chmod',
    { text: 'f', mode: 0o644 },
    { text: 'f', mode: 0o600 },
    'FROM scratch\nCOPY --chmod=u+x app/f /f\n',
  ),
  row(
    'changes',
    'chmod of a directory that --parents leads through',
    { Dockerfile: 'FROM scratch\nCOPY --parents a/b/f /\n', 'a/b/f': 'f' },
    { 'a/b': { directory: 0o700 } },
  ),
  row(
    'changes',
    'chmod of a directory above the one that --parents leads through',
    { Dockerfile: 'FROM scratch\nCOPY --parents a/b/f /\n', 'a/b/f': 'f' },
    { a: { directory: 0o711 } },
  ),
  row(
    'stays',
    'chmod of a directory that only leads to what is copied',
    { Dockerfile: 'FROM scratch\nCOPY a/b/f /f\n', 'a/b/f': 'f' },
    { a: { directory: 0o711 } },
  ),
];

const selections: readonly Row[] = [
  row(
    'stays',
    'a README that no instruction reads',
    { Dockerfile: copies, 'app/f': 'f', 'README.md': 'a' },
    { 'README.md': 'b' },
  ),
  row('stays', 'a README is added', { Dockerfile: copies, 'app/f': 'f' }, { 'README.md': 'b' }),
  row(
    'stays',
    'a directory beside the one copied',
    { Dockerfile: copies, 'app/f': 'f', 'doc/a': 'a' },
    { 'doc/a': 'b', 'doc/c/d': 'd' },
  ),
  row(
    'stays',
    'a name that begins like the one copied',
    { Dockerfile: copies, 'app/f': 'f', application: 'a' },
    { application: 'b' },
  ),
  row(
    'changes',
    'a file that a wildcard takes',
    { Dockerfile: 'FROM scratch\nCOPY *.txt /\n', 'a.txt': 'a' },
    { 'b.txt': 'b' },
  ),
  row(
    'stays',
    'a file that a wildcard leaves',
    { Dockerfile: 'FROM scratch\nCOPY *.txt /\n', 'a.txt': 'a' },
    { 'b.md': 'b' },
  ),
  row('changes', 'all is copied: a README', { Dockerfile: 'FROM scratch\nCOPY . /\n', f: 'f' }, { 'README.md': 'b' }),
  row(
    'stays',
    'what .dockerignore excludes',
    { Dockerfile: 'FROM scratch\nCOPY . /\n', '.dockerignore': 'log\ninfo.edn\n', f: 'f', 'log/a': 'a' },
    { 'log/a': 'b', 'log/c': 'c' },
  ),
  row(
    'changes',
    'what .dockerignore includes again',
    { Dockerfile: 'FROM scratch\nCOPY . /\n', '.dockerignore': 'log\n!log/keep\n', f: 'f', 'log/keep': 'a' },
    { 'log/keep': 'b' },
  ),
  row(
    'changes',
    '.dockerignore excludes one more',
    { Dockerfile: 'FROM scratch\nCOPY app /app\n', '.dockerignore': 'nothing\n', 'app/f': 'f', 'app/g': 'g' },
    { '.dockerignore': 'nothing\napp/g\n' },
  ),
  row(
    'stays',
    'a comment in .dockerignore',
    { Dockerfile: copies, '.dockerignore': 'nothing\n', 'app/f': 'f' },
    { '.dockerignore': '# a comment\nnothing\n' },
  ),
  row(
    'stays',
    'what --exclude leaves out',
    { Dockerfile: 'FROM scratch\nCOPY --exclude=*.md app /app\n', 'app/f': 'f', 'app/x.md': 'a' },
    { 'app/x.md': 'b' },
  ),
  row(
    'changes',
    'what a variable in a path chooses',
    { Dockerfile: 'FROM scratch\nARG WHICH=a\nCOPY $WHICH /f\n', a: 'a', b: 'b' },
    { a: 'other' },
  ),
  row(
    'stays',
    'what a variable in a path does not choose',
    { Dockerfile: 'FROM scratch\nARG WHICH=a\nCOPY $WHICH /f\n', a: 'a', b: 'b' },
    { b: 'other' },
  ),
  row(
    'changes',
    'the file for this architecture',
    { Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY x-$TARGETARCH /x\n', 'x-amd64': 'a', 'x-arm64': 'b' },
    { 'x-amd64': 'c', 'x-arm64': 'd' },
  ),
  row(
    'stays',
    'a file for an architecture that is not built',
    {
      Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY x-$TARGETARCH /x\n',
      'x-amd64': 'a',
      'x-arm64': 'b',
      'x-s390x': 'c',
    },
    { 'x-s390x': 'd' },
  ),
  row(
    'changes',
    'the file that a copied link leads to',
    { Dockerfile: 'FROM scratch\nCOPY link /f\n', link: { link: 'there' }, there: 'a' },
    { there: 'b' },
  ),
  row(
    'stays',
    'a file that a link in a copied directory names',
    { Dockerfile: copies, 'app/link': { link: '../there' }, there: 'a' },
    { there: 'b' },
  ),
  row(
    'stays',
    'the version, where all is copied but info.edn',
    { Dockerfile: copies, 'app/f': 'f' },
    {},
    { version: '1.0.1' },
  ),
  row(
    'changes',
    'info.edn, where it is copied',
    { Dockerfile: 'FROM scratch\nCOPY info.edn /\n' },
    {},
    { version: '1.0.1' },
  ),
  row(
    'changes',
    'a file of the context that ADD adds',
    { Dockerfile: 'FROM scratch\nADD app /app\n', 'app/f': 'a' },
    { 'app/f': 'b' },
  ),
];

const instructions: readonly Row[] = [
  text('stays', 'a comment', copies, `# a comment\n${copies}# another\n`, { 'app/f': 'f' }),
  text('stays', 'a comment says something else', `# one\n${copies}`, `# two\n${copies}`, { 'app/f': 'f' }),
  text('stays', 'empty lines', copies, `\n\nFROM scratch\n\n\nCOPY app /app\n\n`, { 'app/f': 'f' }),
  text(
    'stays',
    'a comment between continued lines',
    'FROM scratch\nENV A=a \\\n  B=b\n',
    'FROM scratch\nENV A=a \\\n# why B\n  B=b\n',
  ),
  text('changes', 'ENV', 'FROM scratch\nENV A=a\n', 'FROM scratch\nENV A=b\n'),
  text('changes', 'the order of ENV', 'FROM scratch\nENV A=a\nENV A=b\n', 'FROM scratch\nENV A=b\nENV A=a\n'),
  text('changes', 'LABEL', 'FROM scratch\nLABEL a=a\n', 'FROM scratch\nLABEL a=b\n'),
  text('changes', 'CMD, shell form to exec form', 'FROM scratch\nCMD a\n', 'FROM scratch\nCMD ["a"]\n'),
  text('changes', 'ENTRYPOINT', 'FROM scratch\nENTRYPOINT ["a"]\n', 'FROM scratch\nENTRYPOINT ["a", ""]\n'),
  text('changes', 'USER', 'FROM scratch\nUSER 1\n', 'FROM scratch\nUSER 2\n'),
  text('changes', 'EXPOSE', 'FROM scratch\nEXPOSE 1\n', 'FROM scratch\nEXPOSE 1/udp\n'),
  text('changes', 'WORKDIR', 'FROM scratch\nWORKDIR /a\n', 'FROM scratch\nWORKDIR /b\n'),
  text('changes', 'VOLUME', 'FROM scratch\nVOLUME /a\n', 'FROM scratch\nVOLUME /b\n'),
  text('changes', 'STOPSIGNAL', 'FROM scratch\nSTOPSIGNAL 9\n', 'FROM scratch\nSTOPSIGNAL 15\n'),
  text('changes', 'HEALTHCHECK', 'FROM scratch\nHEALTHCHECK CMD a\n', 'FROM scratch\nHEALTHCHECK --retries=2 CMD a\n'),
  text('changes', 'SHELL', 'FROM scratch\nCMD a\n', 'FROM scratch\nSHELL ["/x"]\nCMD a\n'),
  text('changes', 'where COPY puts it', 'FROM scratch\nCOPY f /f\n', 'FROM scratch\nCOPY f /f/\n'),
  text('changes', '--chown', 'FROM scratch\nCOPY f /f\n', 'FROM scratch\nCOPY --chown=1:2 f /f\n'),
  text('changes', '--chmod', 'FROM scratch\nCOPY --chmod=600 f /f\n', 'FROM scratch\nCOPY --chmod=601 f /f\n'),
  text('changes', 'an instruction is repeated', 'FROM scratch\nCOPY f /f\n', 'FROM scratch\nCOPY f /f\nCOPY f /f\n'),
  text(
    'changes',
    'the body of a heredoc',
    'FROM scratch\nCOPY <<EOF /f\none\nEOF\n',
    'FROM scratch\nCOPY <<EOF /f\ntwo\nEOF\n',
  ),
  text(
    'changes',
    'a comment in the body of a heredoc',
    'FROM scratch\nCOPY <<EOF /f\none\nEOF\n',
    'FROM scratch\nCOPY <<EOF /f\n# a comment\none\nEOF\n',
  ),
  text(
    'changes',
    'a heredoc that is expanded no longer',
    'FROM scratch\nENV A=a\nCOPY <<EOF /f\n$A\nEOF\n',
    'FROM scratch\nENV A=a\nCOPY <<"EOF" /f\n$A\nEOF\n',
  ),
  text(
    'changes',
    'the default of an ARG in use',
    'FROM scratch\nARG A=a\nENV B=$A\n',
    'FROM scratch\nARG A=b\nENV B=$A\n',
  ),
  text(
    'changes',
    'the default of a global ARG in use',
    'ARG A=a\nFROM scratch\nARG A\nENV B=$A\n',
    'ARG A=b\nFROM scratch\nARG A\nENV B=$A\n',
  ),
  text(
    'changes',
    'a stage that the last one copies from',
    'FROM scratch AS a\nCOPY f /x\nFROM scratch\nCOPY --from=a / /\n',
    'FROM scratch AS a\nCOPY f /y\nFROM scratch\nCOPY --from=a / /\n',
  ),
  text(
    'stays',
    'a stage that nothing is made of',
    'FROM scratch AS a\nCOPY f /x\nFROM scratch\nCOPY f /f\n',
    'FROM scratch AS a\nCOPY f /y\nENV A=a\nFROM scratch\nCOPY f /f\n',
  ),
  row(
    'stays',
    'a file that is copied by a stage that nothing is made of',
    { Dockerfile: 'FROM scratch AS a\nCOPY g /x\nFROM scratch\nCOPY f /f\n', f: 'f', g: 'a' },
    { g: 'b' },
  ),
  text(
    'changes',
    'the stage that is copied from',
    'FROM scratch AS a\nCOPY f /x\nFROM scratch AS b\nCOPY f /y\nFROM scratch\nCOPY --from=a / /\n',
    'FROM scratch AS a\nCOPY f /x\nFROM scratch AS b\nCOPY f /y\nFROM scratch\nCOPY --from=b / /\n',
  ),
];

const parents: readonly Row[] = [
  ofParent('changes', "a file of the parent's context", { Dockerfile: copies, 'app/f': 'a' }, { 'app/f': 'b' }),
  ofParent(
    'changes',
    'ENV of the parent',
    { Dockerfile: 'FROM scratch\nENV A=a\n' },
    { Dockerfile: 'FROM scratch\nENV A=b\n' },
  ),
  ofParent(
    'changes',
    'chmod in the parent',
    { Dockerfile: copies, 'app/f': 'a' },
    { 'app/f': { text: 'a', mode: 0o600 } },
  ),
  ofParent('stays', 'a README of the parent', { Dockerfile: copies, 'app/f': 'a' }, { 'README.md': 'b' }),
  ofParent('stays', 'a comment of the parent', { Dockerfile: copies, 'app/f': 'a' }, { Dockerfile: `# a\n${copies}` }),
  row(
    'changes',
    'a file of an image that is copied from',
    { Dockerfile: 'FROM scratch\nCOPY --from=PARENT /app /app\n' },
    {},
    { parent: { before: { Dockerfile: copies, 'app/f': 'a' }, edit: { 'app/f': 'b' } } },
  ),
  row(
    'changes',
    "what a trigger of the parent copies from the child's context",
    { Dockerfile: 'FROM PARENT\nENV A=a\n', 'on/f': 'a' },
    { 'on/f': 'b' },
    { parent: { before: { Dockerfile: 'FROM scratch\nONBUILD COPY on /on\n' }, edit: {} } },
  ),
  row(
    'stays',
    'what no trigger of the parent copies',
    { Dockerfile: 'FROM PARENT\nENV A=a\n', 'on/f': 'a', 'README.md': 'a' },
    { 'README.md': 'b' },
    { parent: { before: { Dockerfile: 'FROM scratch\nONBUILD COPY on /on\n' }, edit: {} } },
  ),
];

const withTools = { needs: ['busybox', 'user namespaces'] } as const;
const mounted = shell('RUN --mount=type=bind,source=in,target=/in cat /in/* > /out && touch -d @0 /out');
const steps: readonly Row[] = [
  row(
    'changes',
    'what RUN runs',
    { Dockerfile: shell('RUN echo a > /out && touch -d @0 /out') },
    { Dockerfile: shell('RUN echo b > /out && touch -d @0 /out') },
    withTools,
  ),
  row(
    'changes',
    'the environment of a RUN',
    { Dockerfile: shell('ENV A=a', 'RUN echo $A > /out && touch -d @0 /out') },
    { Dockerfile: shell('ENV A=b', 'RUN echo $A > /out && touch -d @0 /out') },
    withTools,
  ),
  row(
    'changes',
    'a file that is mounted from the context',
    { Dockerfile: mounted, 'in/f': 'a' },
    { 'in/f': 'b' },
    withTools,
  ),
  row(
    'changes',
    'a file that is mounted through a link',
    { Dockerfile: mounted, 'real/f': 'a', in: { link: 'real' } },
    { 'real/f': 'b' },
    withTools,
  ),
  row(
    'changes',
    'where a link leads that is mounted',
    { Dockerfile: mounted, 'real/f': 'a', 'other/f': 'b', in: { link: 'real' } },
    { in: { link: 'other' } },
    withTools,
  ),
  row(
    'changes',
    'a file is added to what is mounted',
    { Dockerfile: mounted, 'in/f': 'a' },
    { 'in/g': 'b' },
    withTools,
  ),
  row('stays', 'a file beside what is mounted', { Dockerfile: mounted, 'in/f': 'a', g: 'a' }, { g: 'b' }, withTools),
  row(
    'stays',
    'a mounted file that .dockerignore excludes',
    { Dockerfile: mounted, '.dockerignore': 'in/log\n', 'in/f': 'a', 'in/log': 'a' },
    { 'in/log': 'b' },
    withTools,
  ),
  row(
    'changes',
    'a file that a RUN reads, copied before',
    { Dockerfile: shell('COPY in /in', 'RUN cat /in/f > /out && touch -d @0 /out'), 'in/f': 'a' },
    { 'in/f': 'b' },
    withTools,
  ),
  row(
    'changes',
    'tabs behind a continued line of a heredoc that the shell of a RUN reads',
    { Dockerfile: shell('RUN cat <<-E > /out && touch -d @0 /out\n\ta\\\n\tb\n\tE') },
    { Dockerfile: shell('RUN cat <<-E > /out && touch -d @0 /out\n\ta\\\n\t\tb\n\tE') },
    withTools,
  ),
  row(
    'changes',
    'a heredoc that a RUN runs',
    { Dockerfile: shell('RUN <<EOF', 'echo a > /out', 'touch -d @0 /out', 'EOF') },
    { Dockerfile: shell('RUN <<EOF', '# why', 'echo a > /out', 'touch -d @0 /out', 'EOF') },
    withTools,
  ),
];

export const rows: readonly Row[] = [...contents, ...modes, ...selections, ...instructions, ...parents, ...steps];
