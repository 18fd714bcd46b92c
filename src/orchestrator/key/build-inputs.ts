import { z } from 'zod';
import { digestOf } from '../../oci/digest.ts';
import type { Readings } from './instruction-changes.ts';
import type { ComparableKey, ExplainedKey } from './key-change.ts';

/**
 * What a key was made of, in the short form that travels with an image: so a machine that never built it can say what
 * changed since. Digests are cut to 12 digits, which tell edits apart and prove nothing. Build arguments stay at home: a
 * digest of a short secret gives it away.
 */
const BuildInputs = z.object({
  schema: z.number(),
  target: z.string().optional(),
  /** What each says, in order. Not where it stands: a comment above it must not change the image. */
  instructions: z.array(z.string()),
  /** Absent for the backslash. */
  escape: z.string().optional(),
  /** Images of the project by name → their keys. */
  parents: z.record(z.string(), z.string()),
  context: z.string(),
  /** What the context held by path; absent where that is too much. */
  paths: z.record(z.string(), z.string()).optional(),
});

/** Characters; manifests of many megabytes are refused by registries, and this is read by nobody but cip. */
const longest = 32_768;

/** As text of an annotation, the same for equal keys; undefined where even the instructions are too much. */
export function formatBuildInputs(key: ExplainedKey): string | undefined {
  const { parts, paths } = comparableKey(key);
  const { args: _, ...rest } = parts;
  const inputs = { ...rest, instructions: parts.instructions.map(([, digest]) => digest) };
  const texts = [JSON.stringify({ ...inputs, paths }), JSON.stringify(inputs)];
  return texts.find((text) => text.length <= longest);
}

/** undefined for what is not such a text. */
export function parseBuildInputs(text: string | undefined): ComparableKey | undefined {
  if (text === undefined) return undefined;
  try {
    const { paths, instructions, ...parts } = BuildInputs.parse(JSON.parse(text));
    return { parts: { ...parts, instructions: instructions.map((digest) => [0, digest]), args: {} }, paths };
  } catch {
    return undefined;
  }
}

/** In the form that travelled, to be compared with what did. */
export function comparableKey({ parts, paths, readings }: ExplainedKey): ComparableKey {
  const { schema, target, instructions, parents, context } = parts;
  return {
    parts: {
      schema,
      ...(target !== undefined && { target }),
      ...(parts.escape !== '\\' && { escape: parts.escape }),
      instructions: instructions.map(([line, digest]) => [line, short(digest)]),
      parents: mapValues(parents, short),
      args: {},
      context: short(context),
    },
    paths: paths && mapValues(paths, (content) => short(digestOf(content))),
    ...(readings && { readings: () => shortReadings(readings()) }),
  };
}

function shortReadings({ alike, idle }: Readings): Readings {
  return { alike: alike.map((digests) => digests.map(short)), idle: idle.map(short) };
}

function short(digest: string): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12);
}

/** In the order of the names. */
function mapValues(record: Readonly<Record<string, string>>, change: (value: string) => string) {
  const names = Object.keys(record).sort();
  return Object.fromEntries(names.map((name) => [name, change(record[name]!)]));
}
