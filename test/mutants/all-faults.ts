import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../support/paths.ts';
import type { Fault } from './fault.ts';

export interface Planted extends Fault {
  /** Of tests: the name of its file. */
  readonly group: string;
}

/** The faults of all tables, in the order of their names. */
export async function allFaults(): Promise<readonly Planted[]> {
  // By their sources: a compiled table stays when its source is removed.
  const names = (await readdir(join(root, 'test', 'mutants', 'faults')))
    .map((file) => file.replace(/\.ts$/, ''))
    .sort();
  const groups = names.map(async (group) => {
    const table = pathToFileURL(join(import.meta.dirname, 'faults', `${group}.js`)).href;
    const { faults } = (await import(table)) as { faults: readonly Fault[] };
    return faults.map((fault) => ({ ...fault, group }));
  });
  return (await Promise.all(groups)).flat();
}

/** The source of the program with the fault in it, or why it cannot be planted there. */
export async function planted({
  file,
  find,
  replace,
}: Fault): Promise<{ readonly source: string } | { readonly problem: string }> {
  const source = await readFile(join(root, file), 'utf8').catch(() => undefined);
  if (source === undefined) return { problem: `there is no ${file}` };
  const count = source.split(find).length - 1;
  if (count !== 1) return { problem: `${JSON.stringify(find)} stands ${count} times in ${file}` };
  return { source: source.replace(find, () => replace) };
}
