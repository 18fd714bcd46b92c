import { type ImageOutput, parseOutput } from './image-output.ts';
import { option } from './option.ts';
import { parsedBy, text, toggle } from './schemas.ts';

/** One image without a project: its Dockerfile, its names, and where it goes. */
export const imageOptions = {
  file: option({
    alias: 'f',
    kind: 'string',
    value: 'FILE',
    description: 'The Dockerfile; - reads it from standard input (default: Dockerfile in the directory)',
    group: 'What',
    isGivenOnce: true,
    fromEnvironment: false,
    schema: (kit) => text(kit).optional(),
  }),
  tag: option({
    alias: 't',
    kind: 'list',
    value: 'NAME',
    description: 'A name for the image, as name:tag; may be repeated',
    group: 'What',
    fromEnvironment: false,
    schema: (kit) => kit.z.array(parsedBy(kit, kit.parseReference)).default([]),
  }),
  target: option({
    kind: 'string',
    value: 'STAGE',
    description: 'Build this stage instead of the last one',
    group: 'What',
    isGivenOnce: true,
    fromEnvironment: false,
    schema: (kit) => text(kit).optional(),
  }),
  buildArg: option({
    kind: 'list',
    value: 'NAME=VALUE',
    description: 'Give a build argument; may be repeated',
    group: 'What',
    fromEnvironment: false,
    schema: ({ z }) => z.array(z.string()).default([]),
  }),
  checkOnly: option({
    flag: 'check',
    kind: 'boolean',
    description: 'Report what is wrong with the Dockerfile, and build nothing',
    group: 'How',
    default: 'false',
    fromEnvironment: false,
    schema: toggle,
  }),
  push: option({
    kind: 'boolean',
    description: 'Push the image under each of its names',
    group: 'Where',
    default: 'false',
    fromEnvironment: false,
    schema: toggle,
  }),
  output: option({
    alias: 'o',
    kind: 'list',
    value: 'type=oci,dest=FILE',
    description:
      'Also write the image as an OCI layout: a tar (- for standard output), or with tar=false a directory; may be repeated',
    group: 'Where',
    fromEnvironment: false,
    schema: ({ z }) =>
      z
        .array(
          z.string().transform((text, context): ImageOutput => {
            const output = parseOutput(text);
            if ('dest' in output) return output;
            const { message, hint } = output;
            context.addIssue({ code: 'custom', message, params: { hint } });
            return z.NEVER;
          }),
        )
        .default([]),
  }),
} as const;
