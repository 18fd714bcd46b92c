import { option } from './option.ts';
import { parsedBy, type SchemaKit, text } from './schemas.ts';

const registry = (kit: SchemaKit) => parsedBy(kit, kit.parseRegistry);

/** What a project is, and where its images are: the same for every command that reads one. */
export const projectOptions = {
  projectDir: option({
    alias: 'C',
    kind: 'string',
    value: 'DIR',
    description: 'The project: the directory that contains "contexts"',
    group: 'Where',
    default: '.',
    schema: text,
  }),
  localRegistry: option({
    kind: 'string',
    value: 'REGISTRY',
    description: 'The local registry, as host:port and perhaps a path',
    group: 'Where',
    default: 'localhost:5000',
    schema: registry,
  }),
  remoteRegistry: option({
    kind: 'string',
    value: 'REGISTRY',
    description: 'The remote registry, as host and perhaps a path: registry.example.com/group',
    group: 'Where',
    schema: (kit) => registry(kit).optional(),
  }),
} as const;
