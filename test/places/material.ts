import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../support/paths.ts';
import { EXAMPLE, placeCases } from './cases.ts';

const exec = promisify(execFile);

/** Writes what the places build into a directory, a context for each case, readable for everybody. */
export async function writeMaterial(directory: string): Promise<void> {
  for (const [name, { dockerfile }] of Object.entries(placeCases)) {
    const context = join(directory, name);
    await mkdir(join(context, 'files/more'), { recursive: true });
    await writeFile(join(context, 'Dockerfile'), dockerfile);
    await copyFile('/bin/busybox', join(context, 'busybox'));
    await writeFile(join(context, 'files/one'), 'one\n');
    await writeFile(join(context, 'files/more/two'), 'two\n');
    await chmod(join(context, 'files/more/two'), 0o640);
  }
  const example = join(directory, EXAMPLE);
  await cp(join(root, 'example-project'), example, { recursive: true, verbatimSymlinks: true });
  await exec('sh', [join(example, 'assemble-base.sh')]);
  await exec('chmod', ['-R', 'a+rX', directory]);
}
