import { type ImageName, parseImageName } from './image-name.ts';

/** What the name of a directory under `contexts/` says. */
export type ContextDirectory =
  | { readonly kind: 'context'; readonly order?: number | undefined; readonly name: ImageName }
  | { readonly kind: 'ignored' }
  /** `name` is what is left after the prefix, and cannot be an image's name. */
  | { readonly kind: 'invalid'; readonly name: string };

/**
 * `02-java-dev` is the image `java-dev` of order 2, `jq` has no order. The prefix is taken off once: `08-09-two` is
 * `09-two`. Names that start with `.` or `_` are not contexts.
 */
export function parseContextDirectory(basename: string): ContextDirectory {
  if (/^[._]/.test(basename)) return { kind: 'ignored' };
  const [, prefix, rest = ''] = /^(?:(\d+)-)?(.*)$/s.exec(basename) ?? [];
  const name = parseImageName(rest);
  if (name === undefined) return { kind: 'invalid', name: rest };
  return prefix === undefined ? { kind: 'context', name } : { kind: 'context', order: Number(prefix), name };
}
