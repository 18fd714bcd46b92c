import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';
import { createWorld } from '../../src/cli/world.ts';
import { type Failure, failuresOf } from '../../src/result.ts';

/** How a command ended that was run in this process. */
export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined where it threw. */
  readonly status?: number | undefined;
  /** What it threw, or what is wrong with its command line. */
  readonly failures: readonly Failure[];
}

/** Runs a command without a process of its own, for tables with many rows; `directory` holds project and store. */
export async function runHere(
  directory: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    Object.assign(
      new Writable({
        decodeStrings: false,
        write(text: string, _encoding, next) {
          written[name] += text;
          next();
        },
      }),
      { isTTY: false },
    ) as unknown as NodeJS.WriteStream;
  const surroundings: Surroundings = {
    argv,
    env: { HOME: directory, CIP_STORE: join(directory, 'store'), ...env },
    cwd: join(directory, 'project'),
    pid: process.pid,
    arch: 'x64',
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    input: () => Readable.from([]),
    outputLost: () => undefined,
    now: Date.now,
    clock: () => performance.now(),
  };
  const line = await parseCommandLine(argv, surroundings.env);
  if (!line.ok) return { ...written, failures: line.failure };
  if (line.value.kind !== 'run') throw new Error(`${argv.join(' ')} is nothing to run`);
  const { command, invocation } = line.value;
  try {
    await using world = await createWorld(surroundings, invocation.options, new AbortController().signal);
    const status = await (await command.load!()).run(invocation, world);
    return { ...written, status, failures: [] };
  } catch (error) {
    const failures = failuresOf(error);
    if (failures === undefined) throw error;
    return { ...written, failures };
  }
}
