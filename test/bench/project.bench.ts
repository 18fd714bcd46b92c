/**
 * Plans the cascade of 5,000 images below one root, and prints what each part of it takes.
 * Run: node --import tsx test/bench/project.bench.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planCascade } from '../../src/project/cascade.ts';
import { dependencyGraph } from '../../src/project/dependency-graph.ts';
import { loadProject } from '../../src/project/load.ts';
import { image, type ProjectFiles, succeeded, writeProject } from '../project/support/project-files.ts';

const count = 5000;
const directory = await mkdtemp(join(tmpdir(), 'cip-bench-'));
try {
  await writeProject(directory, manyImages());
  const project = succeeded(await timed('read and parse', () => loadProject(directory)));
  const graph = await timed('graph', () => dependencyGraph(project));
  const cascade = succeeded(await timed('cascade', () => planCascade(graph)));
  process.stdout.write(`${cascade.bumps.length} bumps, ${cascade.edits.length} edits, ${cascade.files.length} files\n`);
} finally {
  await rm(directory, { recursive: true });
}

/** Half of them need the root only, each of the others the one before it as well, which makes a chain of 2,500. */
function manyImages(): ProjectFiles {
  const others = Array.from({ length: count - 1 }, (_, index) => {
    const chain = index % 2 === 1 && index > 1 ? [`COPY --from=\${REGISTRY}/i${index - 2}:1.0.0 /a /b`] : [];
    return [
      `i${index}`,
      image(
        '1.0.0',
        'ARG ROOT_VERSION=1.0.0',
        `FROM \${REGISTRY}/root:\${ROOT_VERSION}`,
        ...chain,
        'RUN make',
        'ENV A=b',
      ),
    ] as const;
  });
  return Object.fromEntries([['root', image('1.0.1', 'FROM scratch')], ...others]);
}

async function timed<T>(title: string, work: () => T | Promise<T>): Promise<T> {
  const [start, startOfCpu] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(startOfCpu);
  const [elapsed, cpu] = [performance.now() - start, (user + system) / 1000];
  process.stdout.write(
    `${title.padEnd(16)}${elapsed.toFixed(0).padStart(6)} ms, ${cpu.toFixed(0).padStart(6)} ms of processor time\n`,
  );
  return result;
}
