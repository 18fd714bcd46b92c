import type { Dockerfile, Instruction } from '../dockerfile/dockerfile.ts';

/**
 * Whether a build of this Dockerfile could take `file`, a name directly in the context, into the image: by COPY, ADD, a
 * bind mount, or an ONBUILD trigger with one of them. Errs to yes: a variable in a path may stand for anything.
 */
export function couldCopy(dockerfile: Dockerfile, file: string): boolean {
  return dockerfile.stages.some((stage) => stage.instructions.some((instruction) => reads(instruction, file)));
}

function reads(instruction: Instruction, file: string): boolean {
  switch (instruction.keyword) {
    case 'COPY':
      return instruction.from === undefined && instruction.sources.some((source) => selects(source, file));
    case 'ADD':
      return instruction.sources.some((source) => selects(source, file));
    case 'RUN':
      return instruction.mounts.some(
        (mount) => mount.type === 'bind' && mount.from === undefined && selects(mount.source ?? '.', file),
      );
    case 'ONBUILD':
      return reads(instruction.instruction, file);
    default:
      return false;
  }
}

/** A source of several components names something below a directory, never a file at the top. */
function selects(source: string, file: string): boolean {
  if (source.includes('$')) return true;
  const components: string[] = [];
  for (const component of source.split('/')) {
    if (component === '..') components.pop();
    else if (component !== '' && component !== '.') components.push(component);
  }
  const [first, second] = components;
  if (first === undefined) return true;
  return second === undefined && wildcard(first).test(file);
}

/** `*` and `?`; what has classes or escapes may stand for anything. */
function wildcard(component: string): RegExp {
  if (/[[\\]/.test(component)) return /^/;
  const pattern = component.replace(/[.+^${}()|\]*?]/g, (found) =>
    found === '*' ? '.*' : found === '?' ? '.' : `\\${found}`,
  );
  return new RegExp(`^${pattern}$`, 's');
}
