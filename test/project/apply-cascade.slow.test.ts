import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { planCascade } from '../../src/project/cascade.ts';
import { recoverCascade } from '../../src/project/cascade-journal.ts';
import { dependencyGraph } from '../../src/project/dependency-graph.ts';
import { loadProject } from '../../src/project/load.ts';
import { tempDir } from '../support/temp-dir.ts';
import { image, succeeded, treeOf, writeProject } from './support/project-files.ts';

const files = {
  '00-base': image('1.0.1', 'FROM scratch'),
  '01-mid': image('1.0.0', 'FROM $REGISTRY/base:1.0.0'),
};

/** Also runs as compiled by tsc, where no loader is needed. */
const extension = extname(import.meta.filename);
const program = join(import.meta.dirname, 'support', `cascade-until-killed${extension}`);

async function cascade(directory: string, killBefore: number): Promise<ChildProcess> {
  const plan = planCascade(dependencyGraph(succeeded(await loadProject(directory))));
  const args = [program, JSON.stringify(succeeded(plan)), `${killBefore}`];
  const loader = extension === '.ts' ? ['--import', 'tsx'] : [];
  return spawn(process.execPath, [...loader, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** What is left of a cascade that was killed before its n-th change to the disk, before and after it is recovered. */
async function killedBefore(change: number) {
  await using directory = await tempDir();
  await writeProject(directory.path, files);
  const [status, signal] = await once(await cascade(directory.path, change), 'exit');
  const { journal, contexts } = partsOf(await treeOf(directory.path));
  await recoverCascade(directory.path);
  return {
    outcome: signal ?? status,
    left: contexts,
    isInForce: journal.some((path) => path.startsWith('.cip/cascade-journal/')),
    recovered: await treeOf(directory.path),
    entries: await readdir(directory.path),
  };
}

function partsOf(tree: Readonly<Record<string, string>>) {
  const entries = Object.entries(tree);
  return {
    journal: entries.map(([path]) => path).filter((path) => path.startsWith('.cip/')),
    contexts: Object.fromEntries(entries.filter(([path]) => path.startsWith('contexts/'))),
  };
}

test('applyCascade() writes all or nothing, whenever it is killed', async () => {
  await using directory = await tempDir();
  await writeProject(directory.path, files);
  const before = await treeOf(directory.path);
  const [status] = await once(await cascade(directory.path, Number.MAX_SAFE_INTEGER), 'exit');
  assert.equal(status, 0);
  const after = await treeOf(directory.path);
  assert.notDeepEqual(after, before);

  const seen = new Set<string>();
  for (let change = 1; ; change += 2) {
    const runs = await Promise.all([killedBefore(change), killedBefore(change + 1)]);
    for (const [index, { outcome, left, isInForce, recovered, entries }] of runs.entries()) {
      const title = `killed before change ${change + index}`;
      const isWritten = JSON.stringify(recovered) === JSON.stringify(after);
      const isUntouched = JSON.stringify(left) === JSON.stringify(before);
      assert.ok(isWritten || JSON.stringify(recovered) === JSON.stringify(before), `${title}: all or nothing`);
      assert.equal(isWritten, isInForce || !isUntouched, `${title}: what was begun is finished`);
      assert.deepEqual(Object.keys(left), Object.keys(before), `${title}: no other file in a context`);
      assert.deepEqual(entries, ['contexts'], `${title}: nothing is left behind`);
      seen.add(
        outcome === 'SIGKILL'
          ? isWritten
            ? isUntouched
              ? 'finished from the journal'
              : 'finished half-way'
            : 'never begun'
          : 'done',
      );
    }
    if (runs[1]?.outcome === 0) break;
  }
  assert.deepEqual([...seen].sort(), ['done', 'finished from the journal', 'finished half-way', 'never begun']);
});
