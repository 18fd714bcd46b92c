import { canonicalText } from '../../oci/canonical.ts';
import type { Digest } from '../../oci/digest.ts';
import { digestOfFields } from '../../oci/fields-digest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { FailureError, FailuresError } from '../../result.ts';
import type { ExecutorRun } from '../executor/executor.ts';
import { type Lack, lackOf } from '../executor/lack.ts';
import { lookupUser } from '../executor/user.ts';
import { type Snapshot, scratch } from '../snapshot/snapshot.ts';
import type { Op } from '../solver/op.ts';
import { ExecMounts } from './exec-mounts.ts';
import { shellInPlace } from './failed-shell.ts';
import { type KeptStep, keepFiles } from './failed-step.ts';
import { type LackingSecret, runFailed } from './failure.ts';
import { keyOfHosts, keyOfMount, keyOfNetwork, partsOfOp } from './key-parts.ts';
import { LastLines } from './last-lines.ts';
import { digestOfChain, oneLayer } from './layered.ts';
import type { ExecOp, StepOrigin } from './op-definition.ts';
import { packing } from './packing.ts';
import type { RunnerServices } from './runner-services.ts';
import { readText } from './snapshot-tree.ts';

/** Host name of every step; what BuildKit uses, so that what a step writes of it is the same. */
const HOSTNAME = 'buildkitsandbox';

/** RUN: one process in a root made of the base; what it changed becomes a layer. */
export function execRunner(op: ExecOp, services: RunnerServices, origin?: StepOrigin): Op<Snapshot> {
  return {
    layering: oneLayer,
    cacheMap: () =>
      Promise.resolve({
        digest: digestOfFields([
          'exec',
          canonicalText({
            ...op,
            keylessEnv: [],
            mounts: op.mounts.map(keyOfMount),
            hosts: keyOfHosts(op.hosts),
            network: keyOfNetwork(op.network),
          }),
          // What a step sees of owners, and what it can do about them, is another thing there (ADR 0025).
          ...(services.layers.owners.areKept ? [] : ['one id']),
          // What a step could reach is another thing there (ADR 0015).
          ...services.isolationWords,
        ]),
        contentDigests: inputContents(op),
        parts: async () => [
          ...partsOfOp(op),
          ['owners', services.layers.owners.areKept ? 'kept' : 'one id'],
          ['isolation', services.isolationWords.join(' ')],
        ],
      }),

    async exec(inputs, context) {
      const [base = scratch] = inputs;
      const { signal } = context;
      const read = readText(services, base, signal);
      const user = lookupUser(op.user, await read('etc/passwd'), await read('etc/group'));
      if (!user.ok) throw new FailuresError(user.failure.map((failure) => ({ ...failure, at: origin?.at })));
      const executor = await services.executor(signal);
      const { hasMounts } = executor;
      await using mounts = await ExecMounts.open({ op, inputs, services, origin, hasMounts }, signal);
      const snapshotter = await services.snapshotter();
      await using active = await snapshotter.prepare(base, signal);
      const output = new LastLines(mounts.secretValues, (stream, text) =>
        context.progress.emit({ type: 'step-output', step: context.step, stream, text }),
      );
      const env = withHome(lastOfEach([...op.env, ...op.keylessEnv, ...mounts.env]), user.value.home);
      const order: ExecutorRun = {
        rootfs: active.rootfs,
        process: {
          ...op,
          env,
          user: user.value,
          mounts: mounts.list,
          hostname: op.hostname ?? HOSTNAME,
          isNamed: op.hostname !== undefined,
        },
        onOutput: (stream, text) => {
          output.write(stream, text);
          return services.outputTaken?.();
        },
      };
      const status = await executor.run(order, signal);
      output.end();
      if (status.code !== 0) {
        const lacks = await executor.lacks(op.network, signal);
        const failed = { op, origin, active, snapshotter, services };
        const kept = services.onFail === 'keep' ? await keepFiles(failed, signal) : undefined;
        const failure = failureOf({
          op,
          origin,
          status,
          lastLines: output.lines,
          lacks,
          secrets: mounts.lackingSecrets,
          agents: mounts.lackingAgents,
          kept,
        });
        const said = await shellInPlace({ order, executor, mounts, services }, failure);
        throw new FailureError(said.length === 0 ? failure : { ...failure, details: [...failure.details, ...said] });
      }
      const layer = await packing(context, () => snapshotter.commit(active, signal, op.epoch));
      return { layers: [...base.layers, layer] };
    },
  };
}

function inputContents(op: ExecOp): ((input: Snapshot) => Promise<Digest>)[] {
  const count = 1 + op.mounts.filter((mount) => mount.type === 'bind' || (mount.type === 'cache' && mount.seed)).length;
  return Array.from({ length: count }, () => digestOfChain);
}

/** Of several values of one name, which a process could read either of, the last. */
function lastOfEach(env: readonly string[]): readonly string[] {
  return [...new Map(env.map((pair) => [pair.split('=', 1)[0], pair])).values()];
}

function withHome(env: readonly string[], home: string): readonly string[] {
  // One that is empty says nothing, as for those who start a shell.
  const given = env.filter((pair) => pair !== 'HOME=');
  return given.some((pair) => pair.startsWith('HOME=')) ? given : [...given, `HOME=${home}`];
}

function failureOf(options: {
  readonly op: ExecOp;
  readonly origin: StepOrigin | undefined;
  readonly status: { readonly code: number; readonly signal?: string | undefined };
  readonly lastLines: readonly string[];
  readonly lacks: readonly Lack[];
  readonly secrets: readonly LackingSecret[];
  readonly agents: readonly string[];
  readonly kept: KeptStep | undefined;
}) {
  const { op, origin, status, lastLines, lacks, secrets, agents, kept } = options;
  return runFailed({
    origin,
    command: origin?.text ?? op.args.join(' '),
    platform: formatPlatform(op.platform),
    code: status.code,
    signal: status.signal,
    lastLines,
    lack: lackOf(op.args.join(' '), lacks, lastLines),
    secret: secrets[0],
    agent: agents[0],
    kept,
  });
}
