import type { Instruction } from '../dockerfile/dockerfile.ts';

/** The words of an instruction in which a build fills in variables of the stage; ARG, whose defaults may not count, left out. */
export function wordsWithVariables(instruction: Instruction): readonly string[] {
  switch (instruction.keyword) {
    case 'ENV':
    case 'LABEL':
      return instruction.pairs.flatMap(({ key, value }) => [key, value]);
    case 'ADD':
    case 'COPY': {
      const { sources, destination, chown, chmod, exclude } = instruction;
      return [chown ?? '', chmod ?? '', ...exclude, ...sources, destination];
    }
    case 'WORKDIR':
    case 'USER':
    case 'STOPSIGNAL':
      return [instruction.value];
    case 'VOLUME':
      return instruction.paths;
    case 'RUN':
      return instruction.mounts.flatMap(({ fields }) => fields.flatMap(({ value }) => value ?? []));
    default:
      return [];
  }
}
