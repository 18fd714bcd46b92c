import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { needs } from '../../support/needs.ts';

const exec = promisify(execFile);
const extension = import.meta.filename.endsWith('.ts') ? '.ts' : '.js';

interface Committed {
  readonly name: string;
  readonly index: string;
  readonly tree: readonly string[];
}

async function printedBy(program: string, ...args: readonly string[]): Promise<unknown> {
  const path = join(import.meta.dirname, `${program}${extension}`);
  const node = [process.execPath, ...process.execArgv.filter(isLoader), path];
  const { stdout } = await exec('unshare', ['-Urm', ...node, ...args]);
  return JSON.parse(stdout);
}

function isLoader(argument: string): boolean {
  return argument.startsWith('--import') || argument === 'tsx' || argument.startsWith('file:');
}

/** `type path` of every entry of an index as it is stored: a line each, after a first one that says what it is. */
function entriesOf({ index }: Committed): string[] {
  return index.trim().split('\n').slice(1);
}

test('both snapshotters commit the same changes, and see them again', needs('user namespaces'), async () => {
  const [overlay, copy] = (await printedBy('snapshotter-process')) as Committed[];
  assert.ok(overlay && copy);
  assert.deepEqual([overlay.name, copy.name], ['overlay', 'copy']);
  const untimed = (committed: Committed) => entriesOf(committed).map((line) => line.replace(/\b1[0-9]{9}\b/g, 'TIME'));
  assert.deepEqual(untimed(copy), untimed(overlay));
  assert.deepEqual(overlay.tree, [
    'changed',
    'd',
    'd/kept',
    'd/third',
    'first',
    'made-anew',
    'made-anew/new',
    'mode',
    'second',
    'touched',
    'tree',
  ]);
  assert.equal(
    entriesOf(overlay).some((line) => line.includes('touched')),
    false,
    'what is as it was is not committed',
  );
});

/** What happens to an empty layer that a root stands on → what the root shows then, and what is committed of it. */
const inUse: readonly [title: string, shown: readonly string[], changes: string][] = [
  ['a step that changes nothing either', ['d'], 'nothing'],
  ['the same, of another process', ['d'], 'nothing'],
  ['somebody removes what is unpacked', [], 'snapshot-removed'],
];

for (const [title, shown, changes] of inUse)
  test(`a root on a layer, and meanwhile: ${title}`, needs('user namespaces'), async () => {
    assert.deepEqual(await printedBy('layers-in-use-process', title), { shown, changes });
  });
