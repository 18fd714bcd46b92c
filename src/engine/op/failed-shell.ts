import { realpath } from 'node:fs/promises';
import { removeTree } from '../../remove-tree.ts';
import { type Failure, failuresOf } from '../../result.ts';
import { shellIn } from '../executor/enter-root.ts';
import type { Executor, ExecutorRun, Mount } from '../executor/executor.ts';
import { copyTree } from '../snapshot/copy-tree.ts';
import type { ExecMounts } from './exec-mounts.ts';
import type { RunnerServices } from './runner-services.ts';

/** A step that has failed, as it was run. */
interface FailedRun {
  readonly order: ExecutorRun;
  readonly executor: Executor;
  readonly mounts: ExecMounts;
  readonly services: RunnerServices;
}

/**
 * A shell in the place of a step that failed, for the first that does: the same namespaces, mounts, environment, directory and
 * user. What is done in it goes with the root; caches are copies. Returns lines about why there was none.
 */
export async function shellInPlace(run: FailedRun, failure: Failure): Promise<readonly string[]> {
  const { order, executor, mounts, services } = run;
  if (services.lendTerminal === undefined) return [];
  const shell = await shellIn(await realpath(order.rootfs));
  if (shell === undefined) return ['there is no shell in the image to look around with'];
  const copies: string[] = [];
  try {
    await services.lendTerminal(failure, async (lent, signal) => {
      const own: Mount[] = [];
      for (const mount of order.process.mounts) {
        if (mount.type !== 'bind' || !mounts.caches.has(mount.source)) own.push(mount);
        else {
          const copy = await services.layers.workplace('cache-copy');
          copies.push(copy);
          await copyTree(mount.source, copy, signal);
          own.push({ ...mount, source: copy });
        }
      }
      const env = order.process.env.filter((pair) => !pair.startsWith('TERM='));
      const process = { ...order.process, args: shell, env: [...env, `TERM=${lent.terminal.type}`], mounts: own };
      await executor.run({ rootfs: order.rootfs, process, onOutput: () => {}, terminal: lent }, signal);
    });
    return [];
  } catch (error) {
    const failures = failuresOf(error);
    if (failures === undefined) throw error;
    return [`there was no shell: ${failures.map(({ message }) => message).join('; ')}`];
  } finally {
    for (const copy of copies) await removeTree(copy);
  }
}
