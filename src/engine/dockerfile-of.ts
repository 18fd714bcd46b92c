import type { BuildRequest } from '../builder.ts';
import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { FailuresError } from '../result.ts';

/** The Dockerfile of a request: the text that the build was decided on, whatever the file holds by now. */
export function dockerfileOf({ dockerfile: { file, text } }: BuildRequest): Dockerfile {
  const dockerfile = parseDockerfile(text, file);
  if (!dockerfile.ok) throw new FailuresError(dockerfile.failure);
  return dockerfile.value;
}
