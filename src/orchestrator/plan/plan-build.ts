import type { ImageName } from '../../project/image-name.ts';
import { levelsOf } from '../../project/level.ts';
import { reasonsOf } from './change-reasons.ts';
import { criticalPath } from './critical-path.ts';
import { withTags } from './decide-tags.ts';
import { type Decisions, decideAll, unneeded } from './decisions.ts';
import { type DriftedImage, driftFailures } from './drift-causes.ts';
import type { Plan, PlannedImage } from './plan.ts';
import { lostParents, obstaclesTo, planFailures } from './plan-failures.ts';
import { type PlanInputs, referenceOf } from './plan-inputs.ts';

/** Decides for every image by its key, of which the keys of its parents are a part, and by what it is built on. */
export function planBuild(inputs: PlanInputs): Plan {
  const { command, registry, graph } = inputs;
  const all = decideAll(inputs);
  const dropped = new Set(unneeded(all, inputs));
  const decisions = new Map([...all].filter(([name]) => !dropped.has(name)));
  const images = plannedImages(decisions, inputs);
  const told = images.filter((image) => isForbidden(image, images, inputs)).map(({ name }) => name);
  const drift = { drifted: driftedImages(all, inputs), graph, lost: lostParents(images, inputs) };
  return {
    command,
    registry,
    images,
    failures: [...driftFailures(told, drift), ...planFailures(images, decisions, inputs)],
    criticalPath: criticalPath(images),
  };
}

function plannedImages(decisions: Decisions, inputs: PlanInputs): readonly PlannedImage[] {
  const { graph, registry, selection, target } = inputs;
  const levels = levelsOf(graph);
  return [...decisions].map(([name, decision]): PlannedImage => {
    const { version, path } = graph.project.contexts.get(name)!;
    const reference = referenceOf(name, inputs);
    const reasons = reasonsOf(name, decisions, inputs);
    const tagged = withTags({ ...decision, reasons }, { repository: `${registry}/${name}`, version, target });
    const current = target.tags.get(reference)?.descriptor;
    const obstacles = tagged.action === 'build' ? obstaclesTo(name, decisions, inputs) : [];
    return {
      name,
      version,
      reference,
      path,
      level: levels.get(name)!,
      implied: !selection.selected.includes(name),
      action: tagged.action,
      platforms: decision.platforms,
      ...(decision.base && { base: decision.base }),
      ...(current && { current }),
      ...(obstacles.length > 0 && { obstacles }),
      dependsOn: graph.parents.get(name) ?? [],
      dependents: graph.children.get(name) ?? [],
      tags: tagged.tags,
      reasons: tagged.reasons,
    };
  });
}

/** Drift may be passed over, but nothing can be built on an image whose content is other than its sources. */
function isForbidden({ action, dependents }: PlannedImage, images: readonly PlannedImage[], { onDrift }: PlanInputs) {
  if (action !== 'drift') return false;
  return onDrift === 'fail' || images.some((other) => other.action === 'build' && dependents.includes(other.name));
}

/** Those among them, too, that are not part of the plan: what is built from them drifted because of them. */
function driftedImages(decisions: Decisions, inputs: PlanInputs): ReadonlyMap<ImageName, DriftedImage> {
  const drifted = [...decisions].filter(([, { action }]) => action === 'drift');
  return new Map(
    drifted.map(([name]) => {
      const reasons = reasonsOf(name, decisions, inputs);
      return [name, { name, reference: referenceOf(name, inputs), reasons }];
    }),
  );
}
