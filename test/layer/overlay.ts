import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerInput } from '../../src/layer/layer-input.ts';
import { Tree } from '../../src/layer/tree.ts';
import { unpackLayer } from '../../src/layer/unpack.ts';
import { tempDir } from '../support/temp-dir.ts';
import { signal } from './entries.ts';
import { only, packed } from './memory.ts';

export interface MountedOverlay extends AsyncDisposable {
  readonly upper: string;
  readonly merged: string;
  readonly lower: Tree;
}

/** A real overlay over one layer of these entries, unpacked with their owners and attributes. */
export async function mountOverlay(entries: readonly LayerInput[]): Promise<MountedOverlay> {
  const dir = await tempDir();
  const [base, upper, work, merged] = ['base', 'upper', 'work', 'merged'].map((name) => join(dir.path, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const place of [base, upper, work, merged]) await mkdir(place);
  const { bytes, index } = await packed(entries);
  const options = { whiteouts: 'overlay', lower: Tree.empty, owner: 'preserve', xattrs: 'apply' } as const;
  await unpackLayer({ tar: only(bytes), into: base }, options, signal);
  execFileSync('mount', [
    '-t',
    'overlay',
    '-o',
    `lowerdir=${base},upperdir=${upper},workdir=${work}`,
    'overlay',
    merged,
  ]);
  return {
    upper,
    merged,
    lower: Tree.of([index]),
    async [Symbol.asyncDispose]() {
      execFileSync('umount', [merged]);
      await dir[Symbol.asyncDispose]();
    },
  };
}
