import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { complaintOf, runProgram, succeeded } from '../../program/run-program.ts';
import { FailureError } from '../../result.ts';
import { elfTargets, tinyProgram } from './elf.ts';
import { sandboxFailed } from './failure.ts';
import { callTable, type GateCall } from './gate-table.ts';
import { seccompFilter } from './seccomp-filter.ts';
import { shellCommand } from './shell.ts';
import { filterCall } from './step-calls.ts';

/**
 * The last program of the machine before a step: it makes the system calls of a table and executes the step. Nothing of
 * the machine is opened after it has started, so that the old root can be detached, and it needs no programs for what the
 * shell has no command for: pivot_root(2), a session keyring, a seccomp filter.
 *
 * It maps the file it has open as 8 (see `callTable()`), makes each call, and stops at the first that fails with an error
 * the table doesn't tolerate: then it writes the text of that call to 9 and exits with the error's number. After the last
 * call it tries to execute each path of the table with its own arguments but the first, and its environment.
 * One fixed piece of code per architecture, independent of what the step is; in hex, as it lies in memory.
 */
const code: Readonly<Record<string, string>> = {
  amd64: `
    4989e6 6a0958 bf00000010 be00001000 6a015a 6a12415a 6a084158 4531c9 4889fb 0f05
    488b03 4885c0 783d 488b7b08 488b7310 488b5318 4c8b5320 4c8b4328 0f05 4885c0 7916
    48f7d8 4989c7 4883f840 7310 488b4b30 480fa3c1 7306 4883c340 ebc1 488b7338 eb33
    4883c340 498b0e 4d8d6610 4d8d6cce10 488b3b 4885ff 7417 4c89e6 4c89ea 6a3b58 0f05
    48f7d8 4989c7 4883c308 ebe1 488b7308 6a095f 6a205a 6a0158 0f05 4c89ff b8e7000000 0f05`,
  arm64: `
    f4030091 c81b80d2 0000a2d2 0102a0d2 220080d2 430280d2 040180d2 050080d2 f30300aa 010000d4
    680240f9 0802f8b7 608640a9 628e41a9 641640f9 010000d4 e000f8b6 f50300cb bf0201f1 c2000054
    691a40f9 2925d59a 69000036 73020191 f2ffff17 611e40f9 0f000014 73020191 890240f9 96420091
    d70e098b 600240f9 000100b4 e10316aa e20317aa a81b80d2 010000d4 f50300cb 73220091 f8ffff17
    610640f9 200180d2 020480d2 080880d2 010000d4 e00315aa c80b80d2 010000d4`,
};

/** Its bytes; undefined for architectures that steps can't be run on. */
export function gateProgram(architecture: string): Buffer | undefined {
  const [target, text] = [elfTargets[architecture], code[architecture]];
  return target === undefined || text === undefined ? undefined : tinyProgram(target, text.replaceAll(/\s/g, ''));
}

/** The gate of one machine. */
export interface Gate {
  readonly program: string;
  readonly architecture: string;
  /** What the kernel takes as a filter of system calls; undefined where it takes none from this process. */
  readonly filter: Buffer | undefined;
}

/** A script that becomes the gate, with this table; after its calls, which name a shell to be executed, that runs the line. */
export function gateScript(program: string, table: string, line: string): string {
  return `exec ${shellCommand([program, 'sh', '-c', line])} 8<${shellCommand([table])} 9>&2`;
}

/**
 * Writes the gate into `dir`, starts it, and tries the filter. Fails with `sandbox-failed` where the machine has another
 * architecture or starts no programs from there.
 */
export async function makeGate(dir: string, architecture: string, sh: string): Promise<Gate> {
  const bytes = gateProgram(architecture);
  if (bytes === undefined) throw new FailureError(sandboxFailed(`steps can't be run on ${architecture}`));
  const program = join(dir, 'gate');
  await writeFile(program, bytes, { mode: 0o755 });
  const run = async (name: string, calls: readonly GateCall[]) => {
    const table = join(dir, `gate-${name}`);
    await writeFile(table, callTable(architecture, calls, [sh]));
    return await runProgram(sh, { args: ['-c', gateScript(program, table, ':')], env: 'inherited' });
  };
  for (let attempt = 0; ; attempt++) {
    const started = await run('start', []);
    if (succeeded(started)) break;
    const said = complaintOf(started);
    // A process that was forked while the file was being written holds it open until it executes something.
    if (attempt >= 50 || !said.includes('busy')) throw new FailureError(sandboxFailed(said));
    await delay(20);
  }
  const filter = seccompFilter(architecture);
  const taken = filter !== undefined && succeeded(await run('filter', [filterCall(filter)]));
  return { program, architecture, filter: taken ? filter : undefined };
}
