import type { CountedInputs } from '../../context/counted-inputs.ts';
import type { Stage } from '../../dockerfile/dockerfile.ts';
import { parseReference } from '../../oci/reference.ts';
import type { Failure } from '../../result.ts';
import { argumentNotCounted, imageNotCounted, shortenedValue } from './failure.ts';

/**
 * An ONBUILD trigger of an image that the project does not build. No key knows what it says, so all that it uses must be
 * counted by an instruction of the project: else the image would be up to date after a change that it shows (ADR 0018).
 */
export interface ForeignTrigger {
  readonly text: string;
  /** Which image has it. */
  readonly from: Stage['from'];
  readonly counted: CountedInputs;
  /** Messages so far: one base may say the same a thousand times. */
  readonly told: Set<string>;
}

/** `argument-not-counted` for a build argument that is given; its default is part of the base image. */
export function uncountedArgument(
  name: string,
  buildArgs: Readonly<Record<string, string>>,
  foreign: ForeignTrigger | undefined,
): readonly Failure[] {
  if (foreign === undefined || !Object.hasOwn(buildArgs, name) || foreign.counted.args.includes(name)) return [];
  return once(
    argumentNotCounted(name, { trigger: foreign.text, image: foreign.from.image, at: foreign.from.imageAt }),
    foreign,
  );
}

/** `image-not-counted` for an image that may be another one tomorrow; a digest stays what it is. */
export function uncountedImage(name: string, foreign: ForeignTrigger | undefined): readonly Failure[] {
  if (foreign === undefined || foreign.counted.images.includes(name)) return [];
  const reference = parseReference(name);
  if (reference.ok && reference.value.digest !== undefined) return [];
  return once(
    imageNotCounted(name, { trigger: foreign.text, image: foreign.from.image, at: foreign.from.imageAt }),
    foreign,
  );
}

/** The failure of a trigger, at the FROM whose image has it. */
export function ofTrigger(failure: Failure, trigger: string, { image, imageAt }: Stage['from']): Failure {
  const message = `${failure.message} (${shortenedValue(image)} has the trigger ONBUILD ${shortenedValue(trigger)})`;
  return { ...failure, message, at: imageAt };
}

function once(failure: Failure, { told }: ForeignTrigger): readonly Failure[] {
  if (told.has(failure.message)) return [];
  told.add(failure.message);
  return [failure];
}
