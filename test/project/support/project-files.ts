import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { ContextContents } from '../../../src/project/context.ts';
import type { ReferenceOptions } from '../../../src/project/context-references.ts';
import { type DependencyGraph, dependencyGraph } from '../../../src/project/dependency-graph.ts';
import { parseProject } from '../../../src/project/parse-project.ts';
import type { Problem, Project } from '../../../src/project/project.ts';
import { type Failure, failed, ok, type Result } from '../../../src/result.ts';

/** Directory under `contexts/` → file in it → text. */
export type ProjectFiles = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A context of one version; the Dockerfile gets `ARG REGISTRY` in front. */
export function image(version: string, ...dockerfile: readonly string[]): Readonly<Record<string, string>> {
  return { Dockerfile: `${['ARG REGISTRY', ...dockerfile].join('\n')}\n`, 'info.edn': `{:version "${version}"}\n` };
}

/** The project that these files are, without a disk: it lies in `/project`. */
export function projectFrom(files: ProjectFiles): Result<Project> {
  const contexts = Object.entries(files).map(([name, texts]): ContextContents => {
    const bytes = Object.entries(texts).map(([file, text]) => [file, ok(Buffer.from(text))]);
    return { directory: `/project/contexts/${name}`, path: `contexts/${name}`, name, files: Object.fromEntries(bytes) };
  });
  return sound(parseProject({ directory: '/project', path: 'contexts', contexts }));
}

/** Throws where the files are not a valid project with a valid graph. */
export function graphOf(files: ProjectFiles, options?: ReferenceOptions): DependencyGraph {
  return succeeded(sound(dependencyGraph(succeeded(projectFrom(files)), options)));
}

/** A project or its graph, where nothing is wrong with it; else all problems as failures. */
export function sound<T extends { readonly problems: readonly Problem[] }>(value: T): Result<T> {
  return value.problems.length > 0 ? failed(value.problems.map(({ failure }) => failure)) : ok(value);
}

export function succeeded<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`unexpected failures: ${JSON.stringify(result.failure, null, 2)}`);
  return result.value;
}

/** What keeps a project from being read, or is wrong with it, as `failuresOf` shows it. */
export function problemsIn(project: Result<Project>): readonly string[] {
  return failuresOf(project.ok ? sound(project.value) : project);
}

/** Each failure as `reason` or `reason file:line:column`, so that a test can tell place and kind at a glance. */
export function failuresOf(result: Result<unknown>): readonly string[] {
  return result.ok ? [] : result.failure.map(placed);
}

export function placed({ reason, at }: Failure): string {
  return at === undefined ? reason : `${reason} ${at.file}:${at.line}:${at.column}`;
}

export async function writeProject(directory: string, files: ProjectFiles): Promise<void> {
  await mkdir(join(directory, 'contexts'), { recursive: true });
  for (const [context, texts] of Object.entries(files)) {
    for (const [file, text] of Object.entries(texts)) {
      const path = join(directory, 'contexts', context, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
  }
}

/** Every file below a directory by its path, decoded byte by byte so that nothing is lost. */
export async function treeOf(directory: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = files.map(async (path) => [relative(directory, path), await readFile(path, 'latin1')] as const);
  return Object.fromEntries((await Promise.all(texts)).sort(([a], [b]) => (a < b ? -1 : 1)));
}
