import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram, succeeded } from '../../program/run-program.ts';
import { type Gate, gateScript } from './gate.ts';
import { callTable } from './gate-table.ts';

/**
 * Whether a uts namespace can be given a host name, tried with the gate: the filter of a container may refuse it where namespaces
 * are allowed. Writes a small file into `dir`.
 */
export async function mayName({
  dir,
  sh,
  unshare,
  gate,
}: {
  readonly dir: string;
  readonly sh: string;
  readonly unshare: string;
  readonly gate: Gate;
}): Promise<boolean> {
  const table = join(dir, 'gate-name');
  await writeFile(table, callTable(gate.architecture, [{ call: 'sethostname', args: ['a', 1] }], [sh]));
  const args = ['--uts', sh, '-c', gateScript(gate.program, table, ':')];
  return succeeded(await runProgram(unshare, { args, env: 'inherited' }));
}
