import { option } from './option.ts';
import { age, ageOrNone, size, sizeOrNone } from './quantities.ts';
import { toggle } from './schemas.ts';

/** What of a store can be taken away, as `--filter` names it. */
const kinds = ['layer', 'unpacked', 'index', 'cache-mount', 'failed-step', 'record'] as const;

/** How much the store keeps, and what is taken from it. */
export const cacheOptions = {
  cacheMaxSize: option({
    kind: 'string',
    value: 'SIZE',
    example: '20GB',
    description:
      'After the build, take what was not used for longest from a store with more than this (default: 10% of its disk, from 10GB to 100GB)',
    group: 'How',
    schema: sizeOrNone,
  }),
  cacheMaxAge: option({
    kind: 'string',
    value: 'TIME',
    example: '30d',
    description: 'After the build, take from the store what was not used for so long (default: none)',
    group: 'How',
    schema: ageOrNone,
  }),
  cacheMinFree: option({
    kind: 'string',
    value: 'SIZE',
    example: '5GB',
    description: 'After the build, take from the store until so much of its disk is free (default: none)',
    group: 'How',
    schema: sizeOrNone,
  }),
  maxSize: option({
    kind: 'string',
    value: 'SIZE',
    example: '10GB',
    description: 'Take no more than what leaves the store with this',
    group: 'What',
    fromEnvironment: false,
    schema: size,
  }),
  maxAge: option({
    kind: 'string',
    value: 'TIME',
    example: '7d',
    description: 'Take what was not used for so long',
    group: 'What',
    fromEnvironment: false,
    schema: age,
  }),
  minFree: option({
    kind: 'string',
    value: 'SIZE',
    example: '5GB',
    description: 'Take until so much of the disk is free',
    group: 'What',
    fromEnvironment: false,
    schema: size,
  }),
  all: option({
    kind: 'boolean',
    description: 'Also take what was made for images that have names and can be made again; never the images',
    group: 'What',
    default: 'false',
    fromEnvironment: false,
    schema: toggle,
  }),
  filter: option({
    kind: 'list',
    value: 'type=KIND',
    example: 'type=cache-mount',
    description: `Take only this: ${kinds.join(', ')}; may be repeated`,
    group: 'What',
    fromEnvironment: false,
    schema: ({ z }) =>
      z
        .array(
          z.string().transform((text, context) => {
            const [name, value, ...rest] = text.split('=');
            const kind = kinds.find((one) => one === value);
            if (name === 'type' && kind !== undefined && rest.length === 0) return kind;
            const params = { hint: `write --filter type=KIND, where KIND is ${kinds.join(', ')}` };
            context.addIssue({ code: 'custom', message: 'there is no such kind of content', params });
            return z.NEVER;
          }),
        )
        .default([]),
  }),
  repair: option({
    kind: 'boolean',
    description: 'Remove what is broken, so that it is fetched or built again',
    group: 'How',
    default: 'false',
    fromEnvironment: false,
    schema: toggle,
  }),
} as const;
