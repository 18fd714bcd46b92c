/** Extended attributes that may go into a layer, besides file capabilities. */
export type XattrKind = 'capability' | 'user' | 'acl';

/** BuildKit writes capabilities only; whoever wants the same digests does too. */
export const defaultXattrs: readonly XattrKind[] = ['capability'];

/** Values by name, in base64. */
export type Xattrs = Readonly<Record<string, string>>;

const CAPABILITY = 'security.capability';

/**
 * Whether an attribute is content. Marks of overlayfs are not: in a layer they could redirect a mount. Neither are
 * labels of the host's SELinux policy.
 */
export function isContentXattr(name: string): boolean {
  return !/^(trusted|user)\.overlay\./.test(name) && name !== 'security.selinux';
}

/** The mark of a directory that hides the one below it, also one that hides nothing. */
export const opaqueXattr = 'user.overlay.opaque';

/** Whether a step could be another for it: labels and measurements of the host's security modules come and go by themselves. */
export function isSeenBySteps(name: string): boolean {
  return isContentXattr(name) && (name === CAPABILITY || !name.startsWith('security.'));
}

/** Attributes that describe the machine, such as SELinux labels, are never wanted. */
export function isWanted(name: string, kinds: readonly XattrKind[]): boolean {
  return isContentXattr(name) && kinds.some((kind) => kindTests[kind](name));
}

const kindTests = {
  capability: (name) => name === CAPABILITY,
  user: (name) => name.startsWith('user.'),
  acl: (name) => name === 'system.posix_acl_access' || name === 'system.posix_acl_default',
} satisfies Record<XattrKind, (name: string) => boolean>;

/**
 * An attribute as a layer has it. The kernel keeps capabilities set inside a user namespace in version 3, which ends
 * with that namespace's root; version 2 is the same without it, and means root wherever it is unpacked.
 * https://github.com/torvalds/linux/blob/v6.12/include/uapi/linux/capability.h
 */
export function portableXattr(name: string, value: Buffer): Buffer {
  if (name !== CAPABILITY || value.length !== 24 || value[3] !== 3) return value;
  const portable = Buffer.from(value.subarray(0, 20));
  portable[3] = 2;
  return portable;
}

/** Only the wanted ones; undefined where none is left. */
export function wantedXattrs(
  xattrs: Readonly<Record<string, string>> | undefined,
  kinds: readonly XattrKind[],
): Readonly<Record<string, string>> | undefined {
  if (xattrs === undefined) return undefined;
  const wanted = Object.entries(xattrs).filter(([name]) => isWanted(name, kinds));
  return wanted.length === 0 ? undefined : Object.fromEntries(wanted);
}

/** Missing is the same as none. */
export function sameXattrs(
  a: Readonly<Record<string, string>> | undefined,
  b: Readonly<Record<string, string>> | undefined,
): boolean {
  const one = Object.entries(a ?? {});
  const other = b ?? {};
  return one.length === Object.keys(other).length && one.every(([name, value]) => other[name] === value);
}
