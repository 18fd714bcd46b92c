import { option } from './option.ts';
import { toggle } from './schemas.ts';

/** What is copied from a registry. */
export const copyOptions = {
  from: option({
    kind: 'string',
    value: 'local|remote',
    description: 'The registry to pull from',
    group: 'Where',
    default: 'local',
    schema: ({ z }) => z.enum(['local', 'remote']),
  }),
  requireAll: option({
    kind: 'boolean',
    description: 'Fail without copying if an image is missing in the source',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
} as const;
