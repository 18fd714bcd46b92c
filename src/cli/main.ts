import { setImmediate } from 'node:timers/promises';
import { type Failure, FailureError, failuresOf } from '../result.ts';
import type { Command } from './command.ts';
import { type ParsedCommandLine, parseCommandLine } from './command-line.ts';
import { type ExitStatus, exitStatus, statusOf, statusOfSignal } from './exit-codes.ts';
import { bug, interrupted, noWorkingDirectory, systemFailure } from './failure.ts';
import { flushed } from './flushed.ts';
import { interruption } from './interruption.ts';
import type { Invocation } from './invocation.ts';
import { asksForJsonLines } from './json-lines.ts';
import type { Messages } from './messages.ts';
import { surroundings, versionOfCip } from './surroundings.ts';

const here = surroundings();
/** As far as it is known; failures on the way there are coloured as the environment says. */
let color: 'auto' | 'always' | 'never' = 'auto';

/** Whether stderr has a JSON object per line; where the command line is wrong, as far as it can be seen. */
let isJson = asksForJsonLines(here.argv, here.env);

/** Of what ran before a failure was thrown. */
let fullLogs: () => readonly string[] = () => [];

/** Milliseconds that a reader may take nothing before it is left, once a signal has come. */
const patience = 2000;
let isStopped = false;

const status = await main();
await flushed([here.stdout, here.stderr], isStopped ? patience : undefined);
// Streams tell of an error in a turn of its own.
await setImmediate();
const lost = here.outputLost();
exit(lost === undefined || status !== exitStatus.done ? status : await report(lost));

/** One run of cip: from what was typed to the exit status. */
async function main(): Promise<ExitStatus> {
  try {
    const parsed = await parseCommandLine(here.argv, here.env);
    if (!parsed.ok) return await refuse(parsed.failure);
    if (parsed.value.kind === 'run') return await run(parsed.value.command, parsed.value.invocation);
    here.stdout.write(await answer(parsed.value));
    return exitStatus.done;
  } catch (error) {
    return await report(error);
  } finally {
    interruption[Symbol.dispose]();
  }
}

/** Every mistake of the line, on stderr; below the general help where no command was given. */
async function refuse(failures: readonly Failure[]): Promise<ExitStatus> {
  if (!isJson && failures.some(({ reason }) => reason === 'missing-command')) {
    const { generalHelp } = await import('./help.ts');
    here.stderr.write(`${await generalHelp(columns(here.stderr))}\n`);
  }
  await complain(failures);
  return exitStatus.usage;
}

async function answer(line: Exclude<ParsedCommandLine, { kind: 'run' }>): Promise<string> {
  if (line.kind === 'version') return `cip ${versionOfCip()}\n`;
  if (line.kind === 'completion') return (await import('./completion.ts')).completionScript(line.shell);
  const { commandHelp, generalHelp } = await import('./help.ts');
  const width = columns(here.stdout);
  if (line.commands.length === 0) return generalHelp(width);
  return (await Promise.all(line.commands.map((command) => commandHelp(command, width)))).join('\n');
}

/** The command, until it is done or a signal comes; what it opened is closed before anything more is said. */
async function run(command: Command, invocation: Invocation): Promise<ExitStatus> {
  if (command.load === undefined) throw new Error(`${command.name} cannot be run`);
  color = invocation.options.color;
  isJson = invocation.options.progress === 'json';
  // Loaded in a function of its own: tsc leaves `import('./x.ts')` as it is in a function that has `using`.
  const createWorld = await worldMaker();
  let hasPrinted = () => false;
  const printFailures = async (failures: readonly Failure[]) => {
    if (invocation.options.json && !hasPrinted()) await printDocument(invocation, failures);
  };
  try {
    if (here.isCwdGone) throw new FailureError(noWorkingDirectory(here.env['PWD']));
    await using world = await createWorld(here, invocation.options, interruption.signal);
    hasPrinted = world.hasPrinted;
    fullLogs = () => world.logs.paths();
    interruption.signal.throwIfAborted();
    const status = await (await command.load()).run(invocation, world);
    const by = interruption.by();
    return by === undefined || status === exitStatus.done ? status : await stopped(by);
  } catch (error) {
    const by = interruption.by();
    const failures = failuresOf(error) ?? [systemFailure(error) ?? bug(error)];
    await printFailures(by === undefined ? failures : [interrupted(by)]);
    if (by === undefined) throw error;
    return await stopped(by);
  }
}

/** For `--json`: in place of what the command would have printed. */
async function printDocument(invocation: Invocation, failures: readonly Failure[]): Promise<void> {
  const [{ failedDocument }, { visible }] = await Promise.all([
    import('./failed-document.ts'),
    import('./render/visible.ts'),
  ]);
  here.stdout.write(visible(`${JSON.stringify(failedDocument(invocation, failures), null, 2)}\n`));
}

async function worldMaker() {
  return (await import('./world.ts')).createWorld;
}

/** What went wrong after the signal went wrong because of it. */
async function stopped(by: NodeJS.Signals): Promise<ExitStatus> {
  isStopped = true;
  (await messages()).text(`cip: stopped by ${by}\n`);
  return statusOfSignal(by);
}

async function report(error: unknown): Promise<ExitStatus> {
  const unforeseen = systemFailure(error);
  const failures = failuresOf(error) ?? (unforeseen && [unforeseen]);
  if (failures !== undefined) {
    await complain(failures);
    return statusOf(failures);
  }
  const { reportBug } = await import('./report-failure.ts');
  const text = reportBug(error, versionOfCip());
  const told = await messages();
  if (isJson) told.failure({ ...bug(error), details: text.trimEnd().split('\n') }, 'error');
  else told.text(text);
  return exitStatus.bug;
}

async function complain(failures: readonly Failure[]): Promise<void> {
  const told = await messages();
  told.failures(failures);
  const logs = fullLogs();
  if (logs.length === 0) return;
  const { visibleLine } = await import('./render/visible.ts');
  for (const log of logs) told.text(isJson ? `full log: ${log}` : `   = full log: ${visibleLine(log)}\n`);
}

/** For all that is said once no world is there any more, or before there is one. */
async function messages(): Promise<Messages> {
  const [{ jsonMessages, textMessages }, { colorsFor }, { sourceReader }, { visible, visibleButColours }] =
    await Promise.all([
      import('./messages.ts'),
      import('./colors.ts'),
      import('./source-reader.ts'),
      import('./render/visible.ts'),
    ]);
  const write = (text: string) => void here.stderr.write(text);
  if (isJson) return jsonMessages(write, here.now, here.cwd);
  const colors = colorsFor(color, here.env, here.stderr.isTTY);
  const harmless = colors.level === 0 ? visible : visibleButColours;
  return textMessages((text) => write(harmless(text)), { colors, readSource: sourceReader(here.cwd), cwd: here.cwd });
}

/** The width to break lines at: the terminal's, or one that is good to read in a file. */
function columns(stream: NodeJS.WriteStream): number {
  return Math.max(40, Math.min(stream.columns ?? 100, 110));
}

/** Connections that idle and listeners left over are no reason to stay. */
function exit(status: ExitStatus): never {
  process.exit(status);
}
