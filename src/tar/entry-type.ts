/** What an entry of a tar is. */
export type EntryType = 'file' | 'hardlink' | 'symlink' | 'char-device' | 'block-device' | 'directory' | 'fifo';

/** The typeflag each type is written with. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html */
export const typeflags = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  'char-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
} as const satisfies Record<EntryType, string>;

/** Read as files as well: NUL, of the time before ustar, and 7, a contiguous file. */
const types: ReadonlyMap<string, EntryType> = new Map<string, EntryType>([
  ...Object.entries(typeflags).map(([type, flag]) => [flag, type as EntryType] as const),
  ['\0', 'file'],
  ['7', 'file'],
]);

/** undefined for what is not an entry of its own (extended headers) or not known. */
export function entryTypeOf(typeflag: string): EntryType | undefined {
  return types.get(typeflag);
}

/** Types with no content in the archive, whatever the size field says. */
export function hasBody(type: EntryType): boolean {
  return type === 'file';
}

/** What a typeflag that cannot be read stands for, for a message. */
export function unsupportedType(typeflag: string): string {
  return unsupported.get(typeflag) ?? `an entry of type ${JSON.stringify(typeflag)}`;
}

const unsupported: ReadonlyMap<string, string> = new Map([
  ['S', 'a GNU sparse file'],
  ['M', 'the continuation of a file from another volume'],
  ['D', 'a GNU directory dump'],
]);
