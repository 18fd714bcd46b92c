import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Builder, BuildRequest, BuildResult } from '../../../src/builder.ts';
import type { EngineOptions } from '../../../src/engine/engine-options.ts';
import { ChrootExecutor } from '../../../src/engine/executor/chroot-executor.ts';
import { BinfmtEmulation, findEmulators } from '../../../src/engine/executor/emulation.ts';
import type { Executor, ProcessSpec } from '../../../src/engine/executor/executor.ts';
import type { ExecutorName } from '../../../src/engine/executor/executor-name.ts';
import {
  NamespacesExecutor,
  type NamespacesExecutorOptions,
} from '../../../src/engine/executor/namespaces-executor.ts';
import { findTools } from '../../../src/engine/executor/tools.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { hostPlatform } from '../../../src/oci/platform.ts';
import type { Progress } from '../../../src/progress.ts';
import { tree } from './tree.ts';

/** What a "build" of this engine is: one process in a root, by the executor. */
export interface ExecutorOrder {
  readonly rootfs: string;
  readonly process: ProcessSpec;
  /** Mount an overlay over `rootfs`, run in that, and tell what is in its upper directory. */
  readonly overlay?: boolean;
  readonly withoutEmulators?: boolean;
  readonly withoutFilter?: boolean;
  readonly executor?: ExecutorName;
  /** Only asks for the limits and what is lacking, and tells them in place of a status. */
  readonly asksLimits?: boolean;
  /** The signal it is given is aborted by then. */
  readonly isAborted?: boolean;
  /** Milliseconds that each piece of output takes whoever hears it. */
  readonly hearing?: number;
}

/** A row for each, or it does not compile. */
const executors: Readonly<Record<ExecutorName, (options: NamespacesExecutorOptions) => Executor>> = {
  namespaces: (options) => new NamespacesExecutor(options),
  chroot: (options) => new ChrootExecutor(options),
};

/** An engine that runs processes, so that tests of executors run where executors do. */
export async function createEngine(options: EngineOptions): Promise<Builder> {
  const path = process.env['PATH']!;
  const session = mkdtempSync(join(options.sessionDir, 'session-'));
  const tools = await findTools(path);
  const hostArchitecture = hostPlatform(process.arch).architecture;
  const emulators = await findEmulators(path);
  const made = new Map<string, Executor>();
  /** Each has a directory of its own. */
  const executorFor = ({ executor: name = 'namespaces', withoutEmulators, withoutFilter }: ExecutorOrder): Executor => {
    const kind = `${name}${withoutEmulators ? '-without-emulators' : ''}${withoutFilter ? '-without-filter' : ''}`;
    const known = made.get(kind);
    if (known !== undefined) return known;
    const dir = join(session, kind);
    mkdirSync(dir);
    const emulation = new BinfmtEmulation({
      dir,
      tools,
      hostArchitecture,
      ownUserNamespace: options.tier !== 'none',
      emulators: withoutEmulators ? {} : emulators,
    });
    const executor = executors[name]({ dir, tools, emulation, withoutFilter });
    made.set(kind, executor);
    return executor;
  };

  return {
    name: 'executor',
    async build(request: BuildRequest, progress: Progress, signal: AbortSignal): Promise<BuildResult> {
      const order = JSON.parse(request.buildArgs['order']!) as ExecutorOrder;
      const upper = order.overlay ? mountOverlay(session, order.rootfs) : undefined;
      const executor = executorFor(order);
      const given = order.isAborted ? AbortSignal.abort(new Error('ended before it began')) : signal;
      const onOutput = (stream: 'stdout' | 'stderr', text: string) => {
        progress.emit({ type: 'step-output', step: 'run', stream, text });
        return order.hearing === undefined ? undefined : delay(order.hearing);
      };
      const start = performance.now();
      const answering = async () =>
        order.asksLimits
          ? await asked(executor, order, given)
          : {
              status: await executor.run(
                { rootfs: upper?.merged ?? order.rootfs, process: order.process, onOutput },
                given,
              ),
              took: performance.now() - start,
              upper: upper && tree(upper.upper),
            };
      // Outside of namespaces it would outlive what failed.
      const answer = await answering().finally(() => {
        if (upper) execFileSync('umount', [upper.merged]);
      });
      progress.emit({
        type: 'notice',
        message: JSON.stringify({ ...answer, executor: executor.name, hasMounts: executor.hasMounts }),
      });
      return { image: { mediaType: 'none', digest: digestOf(''), size: 0 } };
    },
    async close() {
      execFileSync('rm', ['-rf', session]);
    },
  };
}

/** An aborted signal keeps both from answering. */
async function asked(executor: Executor, order: ExecutorOrder, signal: AbortSignal) {
  const [limits, lacks] = await Promise.allSettled([
    executor.limits(signal),
    executor.lacks(order.process.network, signal),
  ]);
  if (limits.status === 'fulfilled' && lacks.status === 'fulfilled')
    return { limits: limits.value, lacks: lacks.value };
  if (limits.status === 'rejected' && lacks.status === 'rejected') throw limits.reason;
  throw new Error(`limits were ${limits.status}, lacks ${lacks.status}`);
}

function mountOverlay(session: string, lower: string): { readonly merged: string; readonly upper: string } {
  const dir = mkdtempSync(join(session, 'overlay-'));
  const [upper, work, merged] = ['upper', 'work', 'merged'].map((name) => join(dir, name));
  for (const path of [upper, work, merged]) mkdirSync(path!);
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work},userxattr`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, merged!]);
  return { merged: merged!, upper: upper! };
}
