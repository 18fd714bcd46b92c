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

/** A layer that was unpacked or made for one stack → what a root on another one with the same layer shows. */
const shared: Readonly<Record<string, readonly string[]>> = {
  'a directory that was moved into place': ['opt 755', 'opt/app 755', 'opt/app/f 644', 'opt/app/kept 644'],
  'a directory with an attribute that no layer has': ['d 755'],
  'a directory with a default ACL': ['d 755'],
  'directories that the layer leaves out': ['d 711', 'd/f 644'],
  'a directory that the layer has itself': ['d 711', 'd/f 644'],
  'a whiteout of what is not there': ['kept 644'],
  'attributes that could not be set': ['ping 644 security.capability'],
  'attributes of many layers that could not be set': ['ping 644 security.capability'],
};

for (const [title, want] of Object.entries(shared))
  test(`what is shared of an unpacked layer: ${title}`, needs('user namespaces', 'getfattr', 'setfattr'), async () => {
    const shown = (await printedBy('shared-places-process', title)) as string[];
    assert.deepEqual(shown, ['. 755', ...want, 'new 755'].sort());
  });

/** Where the store is, what is done with it → what comes of it. In a container without a volume it is on an overlay. */
const oddStores: readonly [kind: 'overlay' | 'ramfs' | 'tmpfs' | 'disk', title: string, want: unknown][] = [
  ['overlay', 'a file of a layer that removes others is read', ['d/new', 'd/kept']],
  ['overlay', 'what one run has unpacked is there for the next', 1],
  ['overlay', 'layers that remove nothing are unpacked as everywhere', ['2-layer-']],
  ['overlay', 'what cannot hide anything is not mounted', 'mount-refused'],
  ['overlay', 'a rehearsal of what steps do', 'mount-refused'],
  ['ramfs', 'a rehearsal of what steps do', 'mount-refused'],
  ['disk', 'a rehearsal of what steps do', 'done'],
  ['tmpfs', 'how many orders a next step finds files in that were made in three', 1],
  ['disk', 'how many orders a next step finds files in that were made in three', 1],
];

for (const [kind, title, want] of oddStores)
  test(`a store on ${kind}: ${title}`, needs('user namespaces'), async () => {
    assert.deepEqual(await printedBy('odd-store-process', kind, title), want);
  });
