import fc from 'fast-check';
import type { Pair } from './three-ways.ts';
import type { Entries, Entry } from './tree.ts';

/** Few names, so that edits often meet what an instruction reads. */
const paths = ['a', 'b', 'd/a', 'd/b', 'd/e/a', 'd/e/c', 'x/a', 'x/y/b', 'd.txt', 'info', 'link', 'x/link'] as const;
const path = fc.constantFrom(...paths);
const content = fc.constantFrom('', 'a', 'b', 'a\n', '#!/bin/sh\n', 'x'.repeat(70_000));
const mode = fc.constantFrom(0o644, 0o664, 0o600, 0o755, 0o775, 0o4755);
const file = fc.record({ text: content, mode, mtime: fc.constantFrom(1_500_000_000, 1_600_000_000, 1_800_000_000) });
const link = fc.constantFrom('a', '../a', 'd', 'd/e', '/x', 'nowhere', '.').map((target): Entry => ({ link: target }));

const tree = fc
  .uniqueArray(fc.tuple(path, fc.oneof({ weight: 6, arbitrary: file as fc.Arbitrary<Entry> }, link)), {
    maxLength: 9,
    selector: ([name]) => name,
  })
  .map((entries): Entries => Object.fromEntries(placeable(entries)));

/** Without those that would stand below what is no directory. */
function placeable(entries: readonly (readonly [string, Entry])[]): readonly (readonly [string, Entry])[] {
  const names = entries.map(([name]) => name);
  return entries.filter(([name]) => !names.some((other) => name.startsWith(`${other}/`)));
}

const source = fc.constantFrom(
  'a',
  'b',
  'd',
  'd/',
  'd/e',
  '.',
  '*',
  'd/*',
  '*.txt',
  'x/?/b',
  '**/a',
  './d/./e',
  'link',
  'x/link',
);
const flags = fc.subarray(['--chmod=640', '--chown=5:6', '--link', '--parents', '--exclude=*.txt', '--exclude=**/a'], {
  maxLength: 2,
});
const copy = fc
  .record({ keyword: fc.constantFrom('COPY', 'ADD'), flags, sources: fc.array(source, { minLength: 1, maxLength: 2 }) })
  .map(({ keyword, flags: given, sources }) =>
    [keyword, ...given.filter((flag) => keyword === 'COPY' || flag !== '--parents'), ...sources, '/in/'].join(' '),
  );
const ofAnyStage = fc.oneof(
  { weight: 5, arbitrary: copy },
  fc.constantFrom('a', 'b').map((value) => `ENV V=${value}`),
  fc.constantFrom('a', 'b').map((value) => `ARG W=${value}`),
  fc.constantFrom('$W', '$V', 'd').map((value) => `COPY ${value} /of/`),
  fc.constantFrom('/w', 'w', '/in').map((value) => `WORKDIR ${value}`),
  fc.constantFrom('a', 'b').map((text) => `COPY <<EOF /here\n${text}$V\nEOF`),
  fc.constantFrom('LABEL a=a', 'LABEL a="b"', 'USER 7', 'CMD a', 'EXPOSE 1', 'VOLUME /v'),
  fc
    .constantFrom('a', 'd', '.', 'x')
    .map(
      (from) =>
        `RUN --mount=type=bind,source=${from},target=/m find /m -exec stat -c '%n %a %F' {} + > /out; touch -d @0 /out`,
    ),
);

const instruction = fc.oneof(
  { weight: 8, arbitrary: ofAnyStage },
  fc.constantFrom('COPY --from=first /in /first', 'COPY --from=first / /copied', 'FROM scratch', 'FROM first'),
);

interface Written {
  readonly tree: Entries;
  readonly first: readonly string[];
  readonly instructions: readonly string[];
  readonly ignore: readonly string[];
}

const written: fc.Arbitrary<Written> = fc.record({
  tree,
  first: fc.array(ofAnyStage, { maxLength: 2 }),
  instructions: fc.array(instruction, { minLength: 1, maxLength: 5 }),
  ignore: fc.oneof(fc.constant([]), fc.subarray(['d/e', '*.txt', '!d/e/a', '**/b', 'x', '!x/y'], { maxLength: 3 })),
});

/** One thing that somebody may do to a context. */
const edit: fc.Arbitrary<(before: Written) => Written> = fc.oneof(
  fc.tuple(path, fc.oneof(file as fc.Arbitrary<Entry>, link)).map(([name, entry]) => setting(name, entry)),
  path.map((name) => setting(name, null)),
  fc.tuple(path, mode).map(([name, bits]) => (before: Written) => {
    const entry = before.tree[name];
    if (typeof entry !== 'object' || entry === null || !('text' in entry)) return before;
    return setting(name, { ...entry, mode: bits })(before);
  }),
  fc.tuple(fc.nat(), instruction).map(([at, line]) => (before: Written) => ({
    ...before,
    instructions: spliced(before.instructions, at, 0, line),
  })),
  fc.nat().map((at) => (before: Written) => ({ ...before, instructions: spliced(before.instructions, at, 1) })),
  fc.tuple(fc.nat(), fc.constantFrom('# a comment', '', '  # indented')).map(([at, line]) => (before: Written) => ({
    ...before,
    instructions: spliced(before.instructions, at, 0, line),
  })),
  fc.nat().map((at) => (before: Written) => ({ ...before, first: spliced(before.first, at, 1) })),
  fc
    .constantFrom('# a comment', 'd', '!d', 'a', 'nothing')
    .map((pattern) => (before: Written) => ({ ...before, ignore: [...before.ignore, pattern] })),
);

function setting(name: string, entry: Entry): (before: Written) => Written {
  return (before) => {
    const inTheWay = Object.keys(before.tree).some(
      (other) => name.startsWith(`${other}/`) || other.startsWith(`${name}/`),
    );
    return inTheWay ? before : { ...before, tree: { ...before.tree, [name]: entry } };
  };
}

function spliced(list: readonly string[], at: number, count: number, ...added: readonly string[]): readonly string[] {
  const position = list.length === 0 ? 0 : at % list.length;
  return list.toSpliced(position, count, ...added);
}

/** A context and one edit of it. The Dockerfile may well not build. */
export const arbitraryPair: fc.Arbitrary<Omit<Pair, 'id'>> = fc.tuple(written, edit).map(([first, change]) => {
  const second = change(first);
  const files = ({ ignore, ...of }: Written): Entries => ({
    Dockerfile: ['ARG W=a', 'FROM TOOLS AS first', ...of.first, 'FROM TOOLS', ...of.instructions, ''].join('\n'),
    '.dockerignore': ignore.length === 0 ? null : `${ignore.join('\n')}\n`,
  });
  return { before: { ...first.tree, ...files(first) }, edit: { ...second.tree, ...files(second) } };
});
