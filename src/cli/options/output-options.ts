import { option } from './option.ts';
import { toggle } from './schemas.ts';

/** What people and programs get to see. */
export const outputOptions = {
  format: option({
    kind: 'string',
    value: 'tree|json|dot|mermaid',
    description: 'How to draw the graph',
    group: 'Output',
    default: 'tree',
    fromEnvironment: false,
    schema: ({ z }) => z.enum(['tree', 'json', 'dot', 'mermaid']),
  }),
  problemFormat: option({
    flag: 'format',
    kind: 'string',
    value: 'text|json|sarif',
    description: 'How to print what was found; sarif is for services that show it beside the code',
    group: 'Output',
    default: 'text',
    fromEnvironment: false,
    schema: ({ z }) => z.enum(['text', 'json', 'sarif']).default('text'),
  }),
  json: option({
    kind: 'boolean',
    description: 'Print the result as JSON',
    group: 'Output',
    default: 'false',
    schema: toggle,
  }),
  progress: option({
    kind: 'string',
    value: 'MODE',
    description: 'auto, tty, plain, json or quiet',
    group: 'Output',
    default: 'auto',
    schema: ({ z }) => z.enum(['auto', 'tty', 'plain', 'json', 'quiet']),
  }),
  color: option({
    kind: 'string',
    value: 'WHEN',
    description: 'auto, always or never',
    group: 'Output',
    default: 'auto',
    negation: 'never',
    schema: ({ z }) => z.enum(['auto', 'always', 'never']),
  }),
  quiet: option({
    alias: 'q',
    kind: 'boolean',
    description: 'Only errors',
    group: 'Output',
    default: 'false',
    fromEnvironment: false,
    schema: toggle,
  }),
  trace: option({
    kind: 'string',
    value: 'FILE',
    description: 'Write when what happened, for chrome://tracing or Perfetto',
    group: 'Output',
    schema: ({ z }) => z.string().min(1).optional(),
  }),
  verbose: option({
    alias: 'v',
    kind: 'count',
    description: 'Also the steps of each build and their output',
    group: 'Output',
    fromEnvironment: false,
    schema: ({ z }) => z.number().default(0),
  }),
} as const;
