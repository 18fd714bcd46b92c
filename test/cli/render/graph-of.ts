import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DependencyGraph, dependencyGraph } from '../../../src/project/dependency-graph.ts';
import { loadProject } from '../../../src/project/load.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A graph from `NN-name` → its version and the lines of its Dockerfile below `ARG REGISTRY`. */
export async function graphOf(
  contexts: Readonly<Record<string, readonly [version: string, ...lines: string[]]>>,
): Promise<DependencyGraph> {
  await using dir = await tempDir();
  for (const [name, [version, ...lines]] of Object.entries(contexts)) {
    const path = join(dir.path, 'contexts', name);
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'info.edn'), `{:version "${version}"}\n`);
    await writeFile(join(path, 'Dockerfile'), ['ARG REGISTRY', ...lines, ''].join('\n'));
  }
  const project = await loadProject(dir.path);
  if (!project.ok) throw new Error(JSON.stringify(project.failure));
  const graph = dependencyGraph(project.value);
  if (graph.problems.length > 0) throw new Error(JSON.stringify(graph.problems));
  return graph;
}
