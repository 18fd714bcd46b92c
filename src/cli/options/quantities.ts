import type { SchemaKit } from './schemas.ts';

const thousands = ['', 'k', 'm', 'g', 't', 'p'];

/** Bytes: `10GB` and `10G` are 10 × 1000³, `512MiB` is 512 × 1024²; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?) ?(?:([kmgtp])(i?)b?|b)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, number, unit = '', binary = ''] = match;
  const bytes = Number(number) * (binary === '' ? 1000 : 1024) ** thousands.indexOf(unit.toLowerCase());
  return Number.isSafeInteger(Math.floor(bytes)) ? Math.floor(bytes) : undefined;
}

const unitsOfTime: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Milliseconds: `7d`, `24h`, `1h30m`; undefined for anything else. */
export function parseAge(text: string): number | undefined {
  const typed = text.trim().toLowerCase();
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?[smhdw])+$/.test(typed)) return undefined;
  let seconds = 0;
  for (const [, number, unit = 's'] of typed.matchAll(/([\d.]+)([smhdw])/g))
    seconds += Number(number) * unitsOfTime[unit]!;
  return seconds * 1000;
}

const sizeHint = 'write it as a number and a unit: 10GB, 512MiB';
const ageHint = 'write it as a number and a unit: 7d, 24h, 90m';

/** A size as `parseSize` takes it. */
export const size = (kit: SchemaKit) => quantity(kit, parseSize, { what: 'a size', hint: sizeHint });

/** The same, or `none` for a limit that is not there. */
export const sizeOrNone = (kit: SchemaKit) =>
  quantity(kit, orNone(parseSize), { what: 'a size', hint: `${sizeHint}; or none` });

/** An age as `parseAge` takes it. */
export const age = (kit: SchemaKit) => quantity(kit, parseAge, { what: 'a time', hint: ageHint });

/** The same, or `none`. */
export const ageOrNone = (kit: SchemaKit) =>
  quantity(kit, orNone(parseAge), { what: 'a time', hint: `${ageHint}; or none` });

function orNone(parse: (text: string) => number | undefined): (text: string) => number | 'none' | undefined {
  return (text) => (text.trim().toLowerCase() === 'none' ? 'none' : parse(text));
}

function quantity<T>(
  { z }: SchemaKit,
  parse: (text: string) => T | undefined,
  { what, hint }: { readonly what: string; readonly hint: string },
) {
  return z
    .string()
    .transform((text, context): T => {
      const value = parse(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: `it is not ${what}`, params: { hint } });
      return z.NEVER;
    })
    .optional();
}
