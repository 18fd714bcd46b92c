import { isDeepStrictEqual } from 'node:util';
import type { ContainerConfig } from '../oci/image-config.ts';
import type { PlatformContent } from './image-content.ts';

/** A value that two documents of images have otherwise. */
export interface ValueDifference {
  /** As the document calls it: `Env`; of annotations, the level. */
  readonly field: string;
  /** Of one variable, label, port and the like: `PATH`. */
  readonly name?: string | undefined;
  /** Absent where it was added. */
  readonly before?: unknown;
  /** Absent where it was removed. */
  readonly after?: unknown;
}

/** In the order in which people ask; what else a document has comes behind. */
const inOrder = [
  'User',
  'WorkingDir',
  'Entrypoint',
  'Cmd',
  'Env',
  'Labels',
  'ExposedPorts',
  'Volumes',
  'StopSignal',
  'Shell',
  'Healthcheck',
  'OnBuild',
];

/** What containers would be started with otherwise, and who is said to have made the image, and when if `times`. */
export function configDifferences(
  before: PlatformContent,
  after: PlatformContent,
  times: boolean,
): readonly ValueDifference[] {
  const others = [...new Set([...Object.keys(before.config), ...Object.keys(after.config)])].sort();
  const fields = [...inOrder, ...others.filter((field) => !inOrder.includes(field))];
  return [
    ...valueDifference('author', before.author, after.author),
    ...valueDifference('os.version', before.osVersion, after.osVersion),
    ...valueDifference('os.features', before.osFeatures, after.osFeatures),
    ...fields.flatMap((field) => fieldDifferences(field, before.config[field], after.config[field])),
    ...(times ? valueDifference('created', before.created, after.created) : []),
  ];
}

/** One by one, where a field has many of a kind. */
function fieldDifferences(field: string, before: unknown, after: unknown): readonly ValueDifference[] {
  const itemize = itemized.get(field);
  return itemize === undefined
    ? valueDifference(field, before, after)
    : namedDifferences(field, itemize(before ?? undefined), itemize(after ?? undefined));
}

type Items = ReadonlyMap<string, unknown>;

const itemized: ReadonlyMap<string, (value: unknown) => Items> = new Map<string, (value: unknown) => Items>([
  ['Env', (env) => variablesOf(env as ContainerConfig['Env'])],
  ['Labels', (labels = {}) => new Map(Object.entries(labels as object))],
  ['ExposedPorts', (ports = {}) => presence(Object.keys(ports as object).map(portOf))],
  ['Volumes', (volumes = {}) => presence(Object.keys(volumes as object))],
  ['Healthcheck', (check = {}) => new Map(Object.entries(check as object).filter(([, value]) => isSaid(value)))],
]);

/** What a variable is set to; all of it where it is set more than once, as who counts then depends on who reads. */
function variablesOf(env: ContainerConfig['Env']): Items {
  const variables = new Map<string, string | readonly string[]>();
  for (const text of env ?? []) {
    const [, name = text, value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    const known = variables.get(name);
    variables.set(name, known === undefined ? value : [known, value].flat());
  }
  return variables;
}

function presence(names: readonly string[]): Items {
  return new Map(names.map((name) => [name, true]));
}

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties says what a port without a protocol is. */
function portOf(port: string): string {
  return port.includes('/') ? port.toLowerCase() : `${port}/tcp`;
}

/** Annotations, labels and the like, by name. */
export function namedDifferences(field: string, before: Items, after: Items): readonly ValueDifference[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((name) => {
    const one = before.get(name);
    const other = after.get(name);
    return isDeepStrictEqual(one, other) ? [] : [{ field, name, before: one, after: other }];
  });
}

function valueDifference(field: string, before: unknown, after: unknown): readonly ValueDifference[] {
  const one = isSaid(before) ? before : undefined;
  const other = isSaid(after) ? after : undefined;
  return isDeepStrictEqual(one, other) ? [] : [{ field, before: one, after: other }];
}

/** What is empty means the same as what is not there: builders write the one or the other. */
function isSaid(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return Boolean(value);
  return Object.keys(value).length > 0;
}
