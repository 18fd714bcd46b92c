import { option } from './option.ts';
import { parsedBy, type SchemaKit, toggle } from './schemas.ts';

const platformList = (kit: SchemaKit) => parsedBy(kit, kit.parsePlatforms);

/** What images are built for. */
export const platformOptions = {
  defaultPlatforms: option({
    kind: 'string',
    value: 'LIST',
    description: 'Platforms of images whose info.edn names none, separated by commas',
    group: 'What',
    default: 'linux/arm64,linux/amd64',
    schema: platformList,
  }),
  platform: option({
    kind: 'string',
    value: 'LIST',
    description: 'Build exactly these platforms instead of those of info.edn or of this machine',
    group: 'What',
    schema: (kit) => platformList(kit).optional(),
  }),
  onlyLocalPlatform: option({
    kind: 'boolean',
    description: "Build only this machine's platform; overrides the other options for platforms",
    group: 'What',
    default: 'false',
    schema: toggle,
  }),
} as const;
