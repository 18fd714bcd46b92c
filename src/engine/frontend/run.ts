import type { Heredoc, RunInstruction } from '../../dockerfile/dockerfile.ts';
import type { ExecMount, ExecOp, Step } from '../op/op-definition.ts';
import type { Vertex } from '../solver/vertex.ts';
import { argumentsOf } from './command.ts';
import { notSupported } from './failure.ts';
import type { InstructionContext } from './lowering-context.ts';
import { proxyEnv } from './predefined-args.ts';
import { lowerRunMount } from './run-mount.ts';
import type { StageState } from './stage-state.ts';

/** Where a heredoc that starts with `#!` is mounted, under its own name. */
const SCRIPTS = '/dev/pipes';

export function lowerRun(instruction: RunInstruction, state: StageState, context: InstructionContext): void {
  const { at, text } = instruction;
  if (instruction.security === 'insecure') {
    context.lowering.fail(
      notSupported('RUN --security=insecure', 'steps have the 14 default capabilities; remove the flag', at),
    );
    return;
  }
  const inputs: Vertex<Step>[] = [];
  const mounts: ExecMount[] = [];
  for (const mount of instruction.mounts) {
    const lowered = lowerRunMount(mount, { state, context, addInput: (vertex) => inputs.push(vertex) });
    if (!lowered) return;
    mounts.push(lowered);
  }
  const { args, script } = commandOf(instruction, state);
  const op: ExecOp = {
    kind: 'exec',
    args,
    env: [...state.variables].map(([name, value]) => `${name}=${value}`),
    keylessEnv: proxyEnv(context.lowering.input.buildArgs).filter((pair) => !state.variables.has(pair.split('=')[0]!)),
    cwd: state.workdir,
    user: state.user,
    mounts: script ? [...mounts, script] : mounts,
    network: instruction.network === 'none' ? 'none' : 'host',
    platform: state.platform,
  };
  const declared = [...state.args].map(([name, value]) => `${name}=${value}`);
  const prefix = declared.length > 0 ? `|${declared.length} ${declared.join(' ')} ` : '';
  context.push(state, { op, inputs, text, at, createdBy: `RUN ${prefix}${args.join(' ')} # buildkit` });
}

/**
 * A RUN that is one heredoc and nothing else runs its body: with the shell, or by itself when it names its interpreter.
 * Any other heredoc is put together again for the shell to read.
 */
function commandOf(instruction: RunInstruction, state: StageState): { args: string[]; script?: ExecMount } {
  const { command, heredocs } = instruction;
  if (command.form === 'exec' || heredocs.length === 0) return { args: argumentsOf(command, state.shell) };
  const [only] = heredocs;
  if (only && heredocs.length === 1 && /^\d*<<-?\s*\S+$/.test(command.text.trim())) {
    if (!only.body.startsWith('#!')) return { args: [...state.shell, only.body] };
    const target = `${SCRIPTS}/${only.name}`;
    return { args: [target], script: { type: 'file', target, content: only.body, mode: 0o755 } };
  }
  return { args: [...state.shell, `${command.text}\n${heredocs.map(writtenOut).join('')}`] };
}

function writtenOut({ body, name }: Heredoc): string {
  return `${body}${name}\n`;
}
