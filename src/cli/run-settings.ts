import { availableParallelism } from 'node:os';
import { formatPlatform } from '../oci/platform.ts';
import type { Plan } from '../orchestrator/plan/plan.ts';
import type { BuildImageDependencies } from '../orchestrator/run/build-image.ts';
import type { RunOptions } from '../orchestrator/run/run-plan.ts';
import { nameList } from '../project/name-list.ts';
import type { OptionValues } from './options.ts';
import { readableSecrets } from './readable-secrets.ts';
import { plural } from './render/plural.ts';
import type { Run } from './render/renderer.ts';
import { sshSources } from './ssh-sources.ts';
import { type StepOption, settingsOf } from './step-settings.ts';
import type { World } from './world.ts';

/** The options that say how a plan is run. */
export type RunOption =
  | 'jobs'
  | 'keepGoing'
  | 'stopOnFirstError'
  | 'noCache'
  | 'noCacheFilter'
  | 'secret'
  | 'ssh'
  | StepOption
  | 'dryRun'
  | 'json'
  | 'verbose';

/** What running a plan needs besides the plan. */
export async function runSettings(options: OptionValues<RunOption>, world: World) {
  const dependencies = {
    store: await world.store(),
    builder: world.builder,
    progress: world.progress,
    secrets: await readableSecrets(options, world),
    ssh: await sshSources(options, world),
    settings: settingsOf(options),
    noCache: options.noCache,
    noCacheStages: options.noCacheFilter,
    clock: () => world.surroundings.now(),
  } satisfies Omit<BuildImageDependencies, 'buildArgs' | 'contexts' | 'created' | 'machine' | 'targetState'> & {
    clock: () => number;
  };
  const settings: RunOptions = {
    jobs: options.jobs ?? Math.min(4, availableParallelism()),
    keepGoing: options.keepGoing || !options.stopOnFirstError,
  };
  return { dependencies, settings };
}

/** The head of the progress: what is going to happen. */
export function runOf(plan: Plan, { jobs }: RunOptions): Run {
  const work = plan.images.filter(({ action }) => action === 'build' || action === 'retag');
  const platforms = new Set(work.flatMap((image) => image.platforms.map(({ platform }) => formatPlatform(platform))));
  const implied = work.filter((image) => image.implied).map(({ name }) => name);
  const parts = [
    `${plan.command === 'build' ? 'Building' : 'Publishing'} ${plural(work.length, 'image')} of ${plan.images.length}`,
    ...(work.length > 0 ? [` for ${[...platforms].join(', ')}, ${jobs} at a time`] : []),
    ...(implied.length > 0 ? [`; needed and therefore too: ${nameList(implied)}`] : []),
  ];
  return {
    title: parts.join(''),
    images: work.map(({ name }) => name),
    lastEvent: plan.command === 'build' ? 'image-finished' : 'image-pushed',
  };
}
