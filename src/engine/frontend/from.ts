import { timeText } from '../../context/source-date-epoch.ts';
import type { Stage } from '../../dockerfile/dockerfile.ts';
import { expand } from '../../dockerfile/expand.ts';
import type { Platform } from '../../oci/platform.ts';
import { parsePlatform } from '../../oci/platform.ts';
import type { Step } from '../op/op-definition.ts';
import type { Vertex } from '../solver/vertex.ts';
import { emptyBaseName, invalidValue, located } from './failure.ts';
import { type ImageRequest, imageKey } from './lower-input.ts';
import type { LoweringContext } from './lowering-context.ts';
import { namedBase } from './named-base.ts';
import { resolvePath } from './resolve-path.ts';
import { StageState } from './stage-state.ts';
import { step } from './step.ts';

/** What a stage starts with; undefined when it failed or the image is not known yet. */
export function lowerFrom(stage: Stage, lowering: LoweringContext): StageState | undefined {
  const { from } = stage;
  const platform = platformOf(stage, lowering);
  const image = expand(from.image, lowering.globals, lowering.expansion);
  if (!image.ok) {
    lowering.fail(...located(image.failure, from.imageAt));
    return undefined;
  }
  if (!platform) return undefined;
  const name = image.value.value;
  if (name === '') {
    lowering.fail(emptyBaseName(from.image, image.value.unset, from.imageAt));
    return undefined;
  }
  if (name === 'scratch')
    return StageState.onScratch(step({ op: { kind: 'scratch' }, inputs: [], name: 'FROM scratch' }), platform);
  // The last stage above with that name, as it is written here; a stage of that name further down means nothing.
  const above = lowering.dockerfile.stages.findLast((other) => other.index < stage.index && other.name === name);
  if (above) return lowering.stage(above.index)?.child();
  const folded = name.toLowerCase();
  if (lowering.dockerfile.stages.some((other) => other.index < stage.index && other.name === folded)) {
    // No image may be called that, so a stage is meant.
    const hint = `names of stages are in lower case: write FROM ${folded}`;
    lowering.fail(invalidValue({ what: 'FROM', value: name, hint }, from.imageAt));
    return undefined;
  }
  const given = namedBase({ name, platform, at: from.imageAt }, lowering);
  if (given?.vertex) return stateOnFiles(given.vertex, { platform, name, isReplaced: stage.isReplaced, lowering });
  const request: ImageRequest = { reference: given?.image ?? name, platform, at: from.imageAt };
  const vertex = lowering.image(request);
  const resolved = lowering.input.images.get(imageKey(request));
  if (vertex === undefined || resolved === undefined) return undefined;
  const { os, architecture } = resolved.config;
  const isForOther = os !== platform.os || architecture !== platform.architecture;
  // An image without layers is nothing to run, whatever it is for.
  if (isForOther && resolved.layers.length > 0 && resolved.isUnknown !== true)
    lowering.basesForOthers.push({ name: request.reference, at: from.at, wanted: platform, is: { os, architecture } });
  const state = StageState.onImage(vertex, platform, { image: resolved, baseAt: from.imageAt });
  // BuildKit takes it as a WORKDIR on top of itself: a relative one stands twice in the result.
  const { WorkingDir: workdir } = state.config;
  if (workdir && !workdir.startsWith('/')) state.config.WorkingDir = resolvePath(workdir, workdir);
  return state;
}

/** The layer of a context that is no image has its line in the history, and of a stage that it replaces nothing is left. */
function stateOnFiles(
  vertex: Vertex<Step>,
  {
    platform,
    name,
    isReplaced = false,
    lowering,
  }: {
    readonly platform: Platform;
    readonly name: string;
    readonly isReplaced: boolean | undefined;
    readonly lowering: LoweringContext;
  },
): StageState {
  const hasFiles = vertex.inputs.length > 0;
  const state = StageState.onScratch(vertex, platform, hasFiles ? 1 : 0);
  if (isReplaced) delete state.config.WorkingDir;
  const entry = { created: timeText(lowering.mtime), created_by: `FROM ${name}`, comment: 'buildkit.dockerfile.v0' };
  if (hasFiles) state.history.push(entry);
  return state;
}

function platformOf({ from }: Stage, lowering: LoweringContext): Platform | undefined {
  if (from.platform === undefined) return lowering.input.platform;
  const text = expand(from.platform, lowering.globals, lowering.expansion);
  const platform = text.ok ? parsePlatform(text.value.value) : undefined;
  if (platform?.ok) return platform.value;
  const value = text.ok ? text.value.value : from.platform;
  lowering.fail(invalidValue({ what: '--platform', value, hint: 'write for example --platform=linux/arm64' }, from.at));
  return undefined;
}
