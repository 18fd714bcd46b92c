/**
 * One graph for every command: whatever a project, its registries and its build arguments are, `check`, `graph`,
 * `cascade`, `plan` and `build` see the same references between its images. Every reference of these projects is
 * behind its parent, so that check and cascade name it too.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { image, type ProjectFiles, writeProject } from '../project/support/project-files.ts';
import { tempDir } from '../support/temp-dir.ts';
import { type Ended, runHere } from './run-here.ts';

/** `a` and `tool` at 1.0.1, and a `child` with this Dockerfile. */
const withChild = (...dockerfile: readonly string[]): ProjectFiles => ({
  '00-a': image('1.0.1', 'FROM scratch'),
  '00-tool': image('1.0.1', 'FROM scratch'),
  '01-child': { Dockerfile: `${dockerfile.join('\n')}\n`, 'info.edn': '{:version "1.0.0"}\n' },
});

interface Row {
  readonly files: ProjectFiles;
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly buildArguments?: readonly string[];
  /** `child LINE parent`: the line of the reference in the child's Dockerfile. */
  readonly want: readonly string[];
}

const rows: Readonly<Record<string, Row>> = {
  'by variable': { files: withChild('ARG REGISTRY', 'FROM ${REGISTRY}/a:1.0.0'), want: ['child 2 a'] },
  'by variable that is not declared': { files: withChild('FROM ${REGISTRY}/a:1.0.0'), want: ['child 1 a'] },
  'the local registry by its default name': { files: withChild('FROM localhost:5000/a:1.0.0'), want: ['child 1 a'] },
  'the local registry by a given name': {
    files: withChild('FROM 127.0.0.1:7000/group/a:1.0.0'),
    options: ['--local-registry', '127.0.0.1:7000/group'],
    want: ['child 1 a'],
  },
  'the local registry from the environment': {
    files: withChild('FROM 127.0.0.1:7000/a:1.0.0'),
    env: { CIP_LOCAL_REGISTRY: '127.0.0.1:7000' },
    want: ['child 1 a'],
  },
  'the remote registry by its name': {
    files: withChild('FROM scratch', 'COPY --from=ghcr.io/me/tool:1.0.0 / /'),
    options: ['--remote-registry', 'ghcr.io/me'],
    want: ['child 2 tool'],
  },
  'the remote registry from the environment': {
    files: withChild('FROM ghcr.io/me/a:1.0.0'),
    env: { CIP_REMOTE_REGISTRY: 'https://ghcr.io/me/' },
    want: ['child 1 a'],
  },
  'both registries, and the variable': {
    files: withChild(
      'ARG REGISTRY',
      'FROM localhost:5000/a:1.0.0 AS one',
      'FROM ghcr.io/me/a:1.0.0 AS two',
      'FROM ${REGISTRY}/tool:1.0.0',
    ),
    options: ['--remote-registry', 'ghcr.io/me'],
    want: ['child 2 a', 'child 3 a', 'child 4 tool'],
  },
  'a group of Docker Hub in short': {
    files: withChild('FROM me/a:1.0.0'),
    options: ['--remote-registry', 'docker.io/me'],
    want: ['child 1 a'],
  },
  'another group is elsewhere': {
    files: withChild('FROM ghcr.io/other/a:1.0.0'),
    options: ['--remote-registry', 'ghcr.io/me'],
    want: [],
  },
  'a build argument that is the reference': {
    files: withChild('ARG BASE', 'FROM ${BASE}'),
    buildArguments: ['--build-arg', 'BASE=localhost:5000/a:1.0.0'],
    want: ['child 2 a'],
  },
  'a build argument instead of a default': {
    files: withChild('ARG REGISTRY', 'ARG BASE=a', 'FROM ${REGISTRY}/${BASE}:1.0.0'),
    buildArguments: ['--build-arg=BASE=tool'],
    want: ['child 3 tool'],
  },
  'a build argument from the environment': {
    files: withChild('ARG REGISTRY', 'ARG BASE=a', 'FROM ${REGISTRY}/${BASE}:1.0.0'),
    buildArguments: ['--build-arg', 'BASE'],
    env: { BASE: 'tool' },
    want: ['child 3 tool'],
  },
  'a build argument that is the version': {
    files: withChild('ARG V=0.1.0', 'FROM ${REGISTRY}/a:${V}'),
    buildArguments: ['--build-arg', 'V=1.0.0'],
    want: ['child 2 a'],
  },
};

type Edges = readonly string[];

/** A plan asks whether these versions exist: of nobody, here. */
const nowhere = { HTTPS_PROXY: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' };

/** How each command shows what it takes for an edge. */
const commands: Readonly<Record<string, { argv: readonly string[]; edgesOf: (ended: Ended, row: Row) => Edges }>> = {
  check: {
    argv: ['check', '--json'],
    edgesOf: ({ stdout }, row) => {
      const { stale } = JSON.parse(stdout) as { stale: Stale[] };
      return row.want.filter((edge) => stale.some((group) => isIn(edge, group)));
    },
  },
  graph: {
    argv: ['graph', '--json'],
    edgesOf: ({ stdout }) => {
      const { edges } = JSON.parse(stdout) as { edges: { from: string; line: number; to: string }[] };
      return edges.map(({ from, line, to }) => `${from} ${line} ${to}`);
    },
  },
  cascade: {
    argv: ['cascade', '--check', '--json'],
    edgesOf: ({ stdout, failures }, { want }) => {
      // What is not written in one piece cannot be edited, which is found for an edge alone.
      if (failures.length > 0)
        return want.filter((edge) => failures.some((one) => fits(edge, one.at!.line, one.message)));
      const { edits } = JSON.parse(stdout) as { edits: { name: string; parent?: string; line: number }[] };
      return edits.flatMap(({ name, parent, line }) => (parent === undefined ? [] : [`${name} ${line} ${parent}`]));
    },
  },
  plan: { argv: ['plan', '--json'], edgesOf: plannedEdges },
  build: { argv: ['build', '--dry-run', '--json'], edgesOf: plannedEdges },
};

function fits(edge: string, line: number, message: string): boolean {
  const [child, number, parent] = edge.split(' ');
  return Number(number) === line && message.startsWith(`${child} `) && message.includes(` ${parent} `);
}

interface Stale {
  readonly message: string;
  readonly at: { readonly line: number };
  readonly details?: readonly string[];
}

/** All references to one parent, of which several have a line each. */
function isIn(edge: string, { message, at, details = [] }: Stale): boolean {
  const [child, number, parent] = edge.split(' ');
  const lines = details.map((line) => /Dockerfile:(\d+):\d+: (\S+) is built from/.exec(line)!.slice(1).join(' '));
  const all = lines.length > 0 ? lines : [`${at.line} ${/but (\S+) still/.exec(message)![1]}`];
  return message.startsWith(`this project has ${parent} `) && all.includes(`${number} ${child}`);
}

/** A plan has no lines: each parent counts for all references to it. */
function plannedEdges({ stdout }: Ended, { want }: Row): Edges {
  const { images } = JSON.parse(stdout) as { images: { name: string; dependsOn: string[] }[] };
  const pairs = images.flatMap(({ name, dependsOn }) => dependsOn.map((parent) => `${name} ${parent}`));
  const unknown = pairs.filter((pair) => !want.some((edge) => edge.replace(/ \d+ /, ' ') === pair));
  return [...want.filter((edge) => pairs.includes(edge.replace(/ \d+ /, ' '))), ...unknown];
}

for (const [title, row] of Object.entries(rows)) {
  describe(`one graph: ${title}`, () => {
    for (const [name, { argv, edgesOf }] of Object.entries(commands)) {
      test(name, async () => {
        await using directory = await tempDir();
        await writeProject(join(directory.path, 'project'), row.files);
        const after = row.buildArguments === undefined ? [] : ['--', ...row.buildArguments];
        const env = { ...nowhere, ...row.env };
        const ended = await runHere(directory.path, [...argv, ...(row.options ?? []), ...after], env);
        assert.deepEqual(edgesOf(ended, row), row.want, ended.stderr);
      });
    }
    test('check finds no more than these', async () => {
      await using directory = await tempDir();
      await writeProject(join(directory.path, 'project'), row.files);
      const after = row.buildArguments === undefined ? [] : ['--', ...row.buildArguments];
      const { stdout } = await runHere(directory.path, ['check', '--json', ...(row.options ?? []), ...after], row.env);
      assert.equal((JSON.parse(stdout) as { references: number }).references, row.want.length);
    });
  });
}
