import { option } from './option.ts';
import { text, toggle } from './schemas.ts';

/** The registry that cip serves itself. */
export const serverOptions = {
  addr: option({
    kind: 'string',
    value: 'HOST:PORT',
    description: 'Where to listen; port 0 takes a free one',
    group: 'Where',
    default: '127.0.0.1:5000',
    fromEnvironment: false,
    schema: ({ z }) =>
      z
        .string()
        .regex(/^(\[[0-9a-f:]+\]|[^:]*):\d{1,5}$/i, 'write it as HOST:PORT, such as 127.0.0.1:5000')
        .transform((addr) => ({
          host: addr.slice(0, addr.lastIndexOf(':')).replace(/^\[|\]$/g, '') || '127.0.0.1',
          port: Number(addr.slice(addr.lastIndexOf(':') + 1)),
        })),
  }),
  storage: option({
    kind: 'string',
    value: 'DIR',
    description: 'Where the registry keeps its content (default: that of the store, and "-registry")',
    group: 'Where',
    fromEnvironment: false,
    schema: (kit) => text(kit).optional(),
  }),
  allowRemote: option({
    kind: 'boolean',
    description: 'Listen on an address that other machines can reach: anybody can then write to it',
    group: 'Where',
    default: 'false',
    fromEnvironment: false,
    schema: toggle,
  }),
  allowedHost: option({
    kind: 'list',
    value: 'NAME',
    description: 'Answer under this host name too (those of this machine are always allowed)',
    group: 'Where',
    fromEnvironment: false,
    schema: ({ z }) => z.array(z.string().min(1)).default([]),
  }),
} as const;
