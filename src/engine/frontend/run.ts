import type { RunInstruction } from '../../dockerfile/dockerfile.ts';
import { runScript } from '../../dockerfile/heredoc.ts';
import type { ExecMount, ExecOp, Step } from '../op/op-definition.ts';
import type { Vertex } from '../solver/vertex.ts';
import { argumentsOf } from './command.ts';
import { invalidValue, notSupported } from './failure.ts';
import { isHostName, LONGEST_HOST_NAME } from './host-name.ts';
import type { InstructionContext } from './lowering-context.ts';
import { proxyEnv } from './predefined-args.ts';
import { lowerRunMount } from './run-mount.ts';
import type { StageState } from './stage-state.ts';

/** Where a heredoc that starts with `#!` is mounted, under its own name. */
const SCRIPTS = '/dev/pipes';

/** Adds an exec operation whose environment, user, directory and shell are those of the stage at this point. */
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
    const agents = mounts.filter(({ type }) => type === 'ssh').length;
    const lowered = lowerRunMount(mount, { state, context, agents, addInput: (vertex) => inputs.push(vertex) });
    if (!lowered) return;
    mounts.push(lowered);
  }
  const { args, script } = commandOf(instruction, state);
  const { proxies = {}, buildArgs, settings = {} } = context.lowering.input;
  const hostname = buildArgs['BUILDKIT_SANDBOX_HOSTNAME'] || settings.hostname;
  if (hostname !== undefined && !isHostName(hostname)) {
    const hint = `write letters, digits, dots and dashes, at most ${LONGEST_HOST_NAME} of them`;
    context.lowering.fail(invalidValue({ what: 'the host name of steps', value: hostname, hint }, at));
    return;
  }
  const op: ExecOp = {
    kind: 'exec',
    args,
    env: [...[...state.variables].map(([name, value]) => `${name}=${value}`), ...agentVariable(mounts, state)],
    keylessEnv: proxyEnv({ ofMachine: proxies, buildArgs }, state.variables),
    cwd: state.workdir,
    user: state.user,
    mounts: script ? [...mounts, script] : mounts,
    network: instruction.network === 'default' ? (settings.network ?? 'default') : instruction.network,
    hostname,
    hosts: settings.hosts,
    shmSize: settings.shmSize,
    ulimits: settings.ulimits,
    platform: state.platform,
    epoch: context.lowering.input.epoch,
  };
  // What the step sees under those names, which an ENV below may have changed.
  const declared = [...state.args].map(([name, value]) => `${name}=${state.variables.get(name) ?? value ?? ''}`);
  const prefix = declared.length > 0 ? `|${declared.length} ${declared.join(' ')} ` : '';
  context.push(state, { op, inputs, text, at, createdBy: `RUN ${prefix}${args.join(' ')} # buildkit` });
}

/** Where programs look for an agent; also where none was given, as what a step is does not depend on that. */
function agentVariable(mounts: readonly ExecMount[], { variables }: StageState): readonly string[] {
  const first = mounts.find((mount) => mount.type === 'ssh');
  return first === undefined || variables.has('SSH_AUTH_SOCK') ? [] : [`SSH_AUTH_SOCK=${first.target}`];
}

/** Arguments, and the program to be mounted where a heredoc names its interpreter. */
function commandOf(instruction: RunInstruction, state: StageState): { args: string[]; script?: ExecMount } {
  const script = runScript(instruction);
  if (!script) return { args: argumentsOf(instruction.command, state.shell) };
  if (script.kind === 'shell') return { args: [...state.shell, script.text] };
  const target = `${SCRIPTS}/${script.name}`;
  return { args: [...state.shell, target], script: { type: 'file', target, content: script.body, mode: 0o755 } };
}
