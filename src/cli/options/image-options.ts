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
  push: option({
    kind: 'boolean',
    description: 'Push the image under each of its names',
    group: 'Where',
    default: 'false',
    fromEnvironment: false,
    schema: toggle,
  }),
  load: option({
    kind: 'string',
    value: 'docker|podman',
    bare: 'auto',
    negation: 'none',
    description: 'Also load what is built or pulled into Docker or Podman; alone, into the first of them that is there',
    group: 'Where',
    isGivenOnce: true,
    fromEnvironment: false,
    schema: ({ z }) => z.enum(['docker', 'podman', 'auto', 'none']).optional(),
  }),
  iidfile: option({
    kind: 'string',
    value: 'FILE',
    description: "Write the image's ID to a file: the digest of its configuration, or of several platforms' index",
    group: 'Output',
    isGivenOnce: true,
    fromEnvironment: false,
    schema: (kit) => text(kit).optional(),
  }),
  metadataFile: option({
    kind: 'string',
    value: 'FILE',
    description: 'Write digests and names of the image to a file, as JSON',
    group: 'Output',
    isGivenOnce: true,
    fromEnvironment: false,
    schema: (kit) => text(kit).optional(),
  }),
  output: option({
    alias: 'o',
    kind: 'list',
    value: 'DIR|type=TYPE,…',
    description:
      'Also write the image: an archive (type=oci or docker,dest=FILE), its files (DIR, or type=tar,dest=FILE), or to a registry (type=registry,name=NAME); - is standard output; may be repeated',
    group: 'Where',
    fromEnvironment: false,
    schema: ({ z, parseReference }) =>
      z
        .array(
          z.string().transform((text, context): ImageOutput => {
            const output = parseOutput(text, parseReference);
            if ('type' in output) return output;
            const { message, hint } = output;
            context.addIssue({ code: 'custom', message, params: { hint } });
            return z.NEVER;
          }),
        )
        .default([]),
  }),
} as const;
