import { keepsOwners } from '../engine/disk-owners.ts';
import { ownIds } from '../engine/executor/id-map.ts';
import { type Failure, failuresOf } from '../result.ts';
import { type EnterOptions, plansHere } from './enter.ts';
import { idsOfRootMissing } from './failure.ts';
import { enterFor, entersNamespaces, type WorkerBuilderOptions } from './worker-builder.ts';

/** What decides the tier that a worker would reach, without starting one. */
export type OwnersOptions = Pick<WorkerBuilderOptions, 'isolation' | 'inContainer' | 'user' | 'env'> &
  Pick<EnterOptions, 'rootsDir'>;

/**
 * Whether RUN steps will keep the owners of files, and what keeps them from it; nothing where no step can run, which a
 * build will say. Starts no worker: where the files of the machine promise ids, they are mapped once, for a program that
 * does nothing.
 */
export async function ownersHere(
  options: OwnersOptions,
): Promise<{ readonly areKept: boolean; readonly why?: Failure | undefined }> {
  const { user, env, rootsDir } = options;
  const entering = { command: ['true'], env, path: env.PATH, user, rootsDir } as const;
  try {
    if (entersNamespaces(options.isolation)) {
      const { plans, warnings } = await plansHere(entering);
      if (user.uid !== 0 && plans[0]?.tier === 'single-uid') return { areKept: false, why: warnings[0] };
    }
    const { entered, whyNone } = await enterFor(options, entering);
    await entered.ended;
    if (whyNone !== undefined) return { areKept: false };
    if (keepsOwners(entered.tier, await ownIds())) return { areKept: true };
    return { areKept: false, why: entered.warnings[0] ?? (user.uid === 0 ? idsOfRootMissing() : undefined) };
  } catch (error) {
    if (failuresOf(error) === undefined) throw error;
    return { areKept: false };
  }
}
