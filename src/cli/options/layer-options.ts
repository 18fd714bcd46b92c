import { option } from './option.ts';

/** Which layers images have. */
export const layerOptions = {
  commit: option({
    kind: 'string',
    value: 'implicit|explicit',
    description: 'Make a layer of each step, or of all steps up to one with #!COMMIT behind it',
    group: 'How',
    default: 'implicit',
    // CI systems have variables of such a name for something else.
    fromEnvironment: false,
    schema: ({ z }) => z.enum(['implicit', 'explicit']),
  }),
  squash: option({
    kind: 'string',
    value: 'none|app|all',
    description: 'Make one layer of all that a Dockerfile adds to its base (app), or of the whole image (all)',
    group: 'How',
    default: 'none',
    schema: ({ z }) => z.enum(['none', 'app', 'all']),
  }),
} as const;
