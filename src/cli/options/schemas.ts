import type * as Zod from 'zod';
import type { parsePlatforms } from '../../oci/platform.ts';
import type { parseReference } from '../../oci/reference.ts';
import type { parseRegistry } from '../../oci/registry-name.ts';
import type { Failure, Result } from '../../result.ts';

/** What schemas are made with. Loading it takes longer than all of `cip --help`, so it is given when it is needed. */
export interface SchemaKit {
  readonly z: typeof Zod;
  readonly parsePlatforms: typeof parsePlatforms;
  readonly parseReference: typeof parseReference;
  readonly parseRegistry: typeof parseRegistry;
}

/** Any text but none. */
export const text = ({ z }: SchemaKit) => z.string().min(1);
/** On or off, as a flag or as a word. */
export const toggle = ({ z }: SchemaKit) => z.union([z.boolean(), z.stringbool()]);

/** Text that one of our own parsers reads; its failures become the schema's, each with its hint. */
export function parsedBy<T>({ z }: SchemaKit, parse: (text: string) => Result<T, readonly Failure[]>) {
  return z.string().transform((text, context): T => {
    const result = parse(text);
    if (result.ok) return result.value;
    for (const { message, hint } of result.failure) context.addIssue({ code: 'custom', message, params: { hint } });
    return z.NEVER;
  });
}

/** `a=b,c=d`; what has no `=` is a name without a value. */
export function pairsIn(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split(',').map((pair) => splitOnce(pair, '=')));
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
