import { option } from './option.ts';
import { text } from './schemas.ts';

/** How registries are reached. */
export const connectionOptions = {
  insecureRegistry: option({
    kind: 'list',
    value: 'HOST',
    description: 'Use http for this registry (loopback addresses are always allowed); may be repeated',
    group: 'Where',
    schema: ({ z }) =>
      z
        .union([
          z.array(z.string().min(1)),
          z.string().transform((hosts) => hosts.split(',').map((host) => host.trim())),
        ])
        .default([]),
  }),
  registryCa: option({
    kind: 'string',
    value: 'FILE',
    description: 'PEM file with certificates to trust for registries, besides those Node trusts',
    group: 'Where',
    schema: (kit) => text(kit).optional(),
  }),
} as const;
