import { createWriteStream } from 'node:fs';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { LayerInput } from '../../layer/layer-input.ts';
import type { Tree } from '../../layer/tree.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { failuresOf } from '../../result.ts';
import { keepFailedStep } from '../../store/failed-step.ts';
import { enterCommand } from '../executor/enter-root.ts';
import { shellWord } from '../executor/shell.ts';
import type { ActiveSnapshot, Snapshotter } from '../snapshot/snapshotter.ts';
import type { ExecOp, StepOrigin } from './op-definition.ts';
import type { RunnerServices } from './runner-services.ts';

/** Where the files of a failed step are, and lines for a person who is to look at them; without a place why there is none. */
export interface KeptStep {
  /** Absolute. */
  readonly directory?: string | undefined;
  readonly lines: readonly string[];
}

/** A step that has failed, and the root as it has left it. */
interface FailedStep {
  readonly op: ExecOp;
  readonly origin: StepOrigin | undefined;
  readonly active: ActiveSnapshot;
  readonly snapshotter: Snapshotter;
  readonly services: RunnerServices;
}

/**
 * Puts the root of a failed step into the store, as `root`, with a list of what the step has changed (`changes`) and what it
 * was (`step.json`). Secrets, caches and other mounts are not in it. That it cannot be kept is told and no other failure.
 */
export async function keepFiles(step: FailedStep, signal: AbortSignal): Promise<KeptStep> {
  try {
    const directory = await keep(step, signal);
    const root = join(await realpath(directory), 'root');
    const enter = await enterCommand(root);
    return {
      directory,
      lines: [
        `its files are kept in ${root}`,
        `what it changed:   cat ${shellWord(join(directory, 'changes'))}`,
        ...(enter === undefined ? [] : [`to look around:    ${enter}`]),
        'to remove them:    cip cache prune --filter type=failed-step   (after 7 days they go by themselves)',
      ],
    };
  } catch (error) {
    signal.throwIfAborted();
    const why = failuresOf(error)?.map(({ message }) => message) ?? [String(error)];
    return { lines: [`its files could not be kept: ${why.join('; ')}`] };
  }
}

async function keep(step: FailedStep, signal: AbortSignal): Promise<string> {
  const { op, origin, active, snapshotter, services } = step;
  const directory = await services.layers.workplace('failed-step');
  await mkdir(directory, { mode: 0o700 });
  const below = await services.layers.tree(active.parent, signal);
  const lines = changeLines(snapshotter.changes(active, signal), below);
  await pipeline(lines, createWriteStream(join(directory, 'changes')), { signal });
  const platform = formatPlatform(op.platform);
  const { args, cwd, user } = op;
  const told = { image: origin?.image, stage: origin?.stage, instruction: origin?.text, platform, args, cwd, user };
  await writeFile(join(directory, 'step.json'), `${JSON.stringify(told, null, 2)}\n`);
  await snapshotter.moveOut(active, join(directory, 'root'), signal);
  return keepFailedStep(services.store, directory, `${origin?.image ?? 'step'}-${origin?.stage ?? ''}-${platform}`);
}

/** A line for each path, as `docker diff` has them: `A` added, `C` changed, itself or in it, `D` deleted. */
async function* changeLines(changes: AsyncIterable<LayerInput>, below: Tree): AsyncGenerator<string> {
  for await (const { type, path } of changes) {
    const letter = type === 'whiteout' ? 'D' : below.lookup(path) === undefined ? 'A' : 'C';
    // A name may have the end of a line in it.
    yield `${letter} /${path.replaceAll(/[\x00-\x1f\x7f\\]/g, octal)}\n`;
  }
}

function octal(character: string): string {
  return `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
}
