import type * as Zod from 'zod';
import type { parsePlatforms } from '../oci/platform.ts';
import type { parseReference } from '../oci/reference.ts';
import type { parseRegistry } from '../oci/registry-name.ts';
import type { Failure, Result } from '../result.ts';
import type { Isolation } from '../worker/worker-builder.ts';

/** What schemas are made with. Loading it takes longer than all of `cip --help`, so it is given when it is needed. */
export interface SchemaKit {
  readonly z: typeof Zod;
  readonly parsePlatforms: typeof parsePlatforms;
  readonly parseReference: typeof parseReference;
  readonly parseRegistry: typeof parseRegistry;
}

/** One option, written once: how it is typed, what it means, and what its value must be. */
interface OptionDefinition<T = unknown> {
  /** One letter, without the dash. */
  readonly alias?: string;
  readonly kind: 'string' | 'boolean' | 'count' | 'list';
  /** Stands for the value in help: `DIR`. */
  readonly value?: string;
  /** A value as a person would type it, for those who typed another. */
  readonly example?: string;
  readonly description: string;
  readonly group: OptionGroup;
  /** As a person would type it. */
  readonly default?: string;
  /** What `--no-…` stands for, where that spelling exists. */
  readonly negation?: string;
  /** False where an environment variable for it makes no sense. */
  readonly fromEnvironment?: false;
  /** Takes what was typed (a string, `true`, a count, a list) or undefined. */
  readonly schema: (kit: SchemaKit) => Zod.ZodType<T>;
}

/** The headings under which `--help` lists the options of a command, in their order. */
export type OptionGroup = 'What' | 'Where' | 'How' | 'Output';

/** Each there is, or it does not compile. */
const isolations: Readonly<Record<Isolation, true>> = { auto: true, namespaces: true, chroot: true, none: true };
const wholeNumber = 'it must be a whole number from 1 to 256';
const text = ({ z }: SchemaKit) => z.string().min(1);
const toggle = ({ z }: SchemaKit) => z.union([z.boolean(), z.stringbool()]);

const platformList = (kit: SchemaKit) => parsedBy(kit, kit.parsePlatforms);
const registry = (kit: SchemaKit) => parsedBy(kit, kit.parseRegistry);

/** Text that one of our own parsers reads; its failures become the schema's, each with its hint. */
function parsedBy<T>({ z }: SchemaKit, parse: (text: string) => Result<T, readonly Failure[]>) {
  return z.string().transform((text, context): T => {
    const result = parse(text);
    if (result.ok) return result.value;
    for (const { message, hint } of result.failure) context.addIssue({ code: 'custom', message, params: { hint } });
    return z.NEVER;
  });
}

/** A file to give to steps. */
interface Secret {
  readonly id: string;
  readonly src: string;
}

function option<T>(definition: OptionDefinition<T>): OptionDefinition<T> {
  return definition;
}

/** Every option of every command. The flag is the key in kebab-case, its environment variable `CIP_` and the key. */
export const options = {
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
  from: option({
    kind: 'string',
    value: 'local|remote',
    description: 'The registry to pull from',
    group: 'Where',
    default: 'local',
    schema: ({ z }) => z.enum(['local', 'remote']),
  }),
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
    description: 'Build exactly these platforms, whatever info.edn says',
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
  noCache: option({
    kind: 'boolean',
    description: 'Use no results of earlier runs: every step runs again, once',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
  offlineBases: option({
    kind: 'boolean',
    description: 'Ask no registry about base images: use the digests last seen',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
  secret: option({
    kind: 'list',
    value: 'id=ID,src=FILE',
    description: 'Give a file to RUN --mount=type=secret; may be repeated',
    group: 'How',
    fromEnvironment: false,
    schema: ({ z }) =>
      z
        .array(
          z.string().transform((text, context): Secret => {
            const { id = '', src = '', type = 'file', ...rest } = pairsIn(text);
            if (id !== '' && src !== '' && type === 'file' && Object.keys(rest).length === 0) return { id, src };
            const hint = 'write --secret id=ID,src=FILE';
            context.addIssue({
              code: 'custom',
              message: 'it needs the id of the secret and the file',
              params: { hint },
            });
            return z.NEVER;
          }),
        )
        .default([]),
  }),
  file: option({
    alias: 'f',
    kind: 'string',
    value: 'FILE',
    description: 'The Dockerfile; - reads it from standard input (default: Dockerfile in the directory)',
    group: 'What',
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
  output: option({
    alias: 'o',
    kind: 'list',
    value: 'type=oci,dest=FILE',
    description: 'Also write the image as an OCI layout: a tar, or with tar=false a directory; may be repeated',
    group: 'Where',
    fromEnvironment: false,
    schema: ({ z }) =>
      z
        .array(
          z
            .string()
            .transform((pairs) => Object.fromEntries(pairs.split(',').map((pair) => splitOnce(pair, '='))))
            .pipe(
              z.strictObject(
                { type: z.literal('oci'), dest: z.string().min(1), tar: z.enum(['true', 'false']).optional() },
                { error: () => 'write it as type=oci,dest=FILE' },
              ),
            ),
        )
        .default([]),
  }),
  isolation: option({
    kind: 'string',
    value: Object.keys(isolations).join('|'),
    description: 'What RUN steps are kept in; none runs nothing, auto takes chroot only in containers',
    group: 'How',
    default: 'auto',
    schema: ({ z }) => z.enum(Object.keys(isolations) as Isolation[]),
  }),
  requireIsolation: option({
    kind: 'boolean',
    description: 'Fail if this machine cannot keep RUN steps apart from it (see cip doctor)',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
  allowLostOwners: option({
    kind: 'boolean',
    description: 'Also publish images whose RUN steps could give files to no user but root (see cip doctor)',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
  jobs: option({
    alias: 'j',
    kind: 'string',
    value: 'N',
    example: '2',
    description: 'Work on this many images at once (default: the number of CPUs, at most 4)',
    group: 'How',
    schema: ({ z }) =>
      z.coerce.number(wholeNumber).int(wholeNumber).min(1, wholeNumber).max(256, wholeNumber).optional(),
  }),
  stopOnFirstError: option({
    kind: 'boolean',
    description: 'Start nothing new after an error; --no-stop-on-first-error is --keep-going',
    group: 'How',
    default: 'true',
    negation: 'false',
    schema: toggle,
  }),
  keepGoing: option({
    alias: 'k',
    kind: 'boolean',
    description: 'After an error, continue with images that do not depend on the failed one',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
  requireAll: option({
    kind: 'boolean',
    description: 'Fail without copying if an image is missing in the source',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
  dryRun: option({
    alias: 'n',
    kind: 'boolean',
    description: 'Show what would be done, and do none of it',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
  allowDowngrade: option({
    kind: 'boolean',
    description: 'Also lower references to a newer version than the project has',
    group: 'How',
    default: 'false',
    fromEnvironment: false,
    schema: toggle,
  }),
  check: option({
    kind: 'boolean',
    description: 'Change nothing; exit with 3 if there is something to do',
    group: 'How',
    default: 'false',
    fromEnvironment: false,
    schema: toggle,
  }),
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
  format: option({
    kind: 'string',
    value: 'tree|json|dot|mermaid',
    description: 'How to draw the graph',
    group: 'Output',
    default: 'tree',
    fromEnvironment: false,
    schema: ({ z }) => z.enum(['tree', 'json', 'dot', 'mermaid']),
  }),
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
  verbose: option({
    alias: 'v',
    kind: 'count',
    description: 'Also the steps of each build and their output',
    group: 'Output',
    fromEnvironment: false,
    schema: ({ z }) => z.number().default(0),
  }),
} as const satisfies Record<string, OptionDefinition>;

/** Names of options as keys of objects, in camel case; `flagOf` gives the flag. */
export type OptionName = keyof typeof options;
/** How an option is typed, checked and described; what `options` has rows of. */
export type Option = OptionDefinition;

/** The values of the options in `K`, past their schemas. */
export type OptionValues<K extends OptionName> = {
  readonly [N in K]: (typeof options)[N] extends OptionDefinition<infer T> ? T : never;
};

/** `projectDir` → `project-dir`. */
export function flagOf(name: OptionName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `projectDir` → `CIP_PROJECT_DIR`; undefined where there is no such variable. */
export function variableOf(name: OptionName): string | undefined {
  const definition: Option = options[name];
  if (definition.fromEnvironment === false) return undefined;
  return `CIP_${flagOf(name).replaceAll('-', '_').toUpperCase()}`;
}

/** `a=b,c=d` */
function pairsIn(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split(',').map((pair) => splitOnce(pair, '=')));
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
