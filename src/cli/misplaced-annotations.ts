import { formatPlace, type PlacedAnnotation } from '../oci/placed-annotation.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { Failure } from '../result.ts';
import { contradictoryOptions } from './failure.ts';
import { annotationMisplaced } from './image-failure.ts';
import type { OptionValues } from './options.ts';

/** `annotation-misplaced` for each annotation of `build-image` that would stand nowhere. */
export function misplacedAnnotations(
  { annotation, output }: OptionValues<'annotation' | 'output'>,
  platforms: readonly Platform[],
): readonly Failure[] {
  const forms = output.flatMap((one) => ('form' in one && one.form !== undefined ? [one.form] : []));
  const names = platforms.map(formatPlatform);
  const asked = [...annotation, ...forms.flatMap(({ annotations = [] }) => annotations)];
  const failures = asked.flatMap((one) => failuresOf(one, names));
  const isDocker = annotation.length > 0 && forms.some(({ mediaTypes }) => mediaTypes === 'docker');
  return [
    ...new Map(failures.map((failure) => [failure.message, failure])).values(),
    ...(isDocker ? [contradictoryOptions('--annotation', '--output …,oci-mediatypes=false')] : []),
  ];
}

function failuresOf(one: PlacedAnnotation, names: readonly string[]): readonly Failure[] {
  const { level, platform, name } = one;
  if (level.startsWith('index') && names.length === 1)
    return [
      annotationMisplaced(
        `${formatPlace(one)} has no place: an image of one platform has no index`,
        `write manifest:${name}=VALUE, or build for several platforms: --platform linux/amd64,linux/arm64`,
      ),
    ];
  if (platform === undefined || names.includes(platform)) return [];
  return [
    annotationMisplaced(
      `${formatPlace(one)} has no place: the image is built for ${names.join(' and ')}`,
      `write --platform ${[...names, platform].join(',')}, or leave it out`,
    ),
  ];
}
