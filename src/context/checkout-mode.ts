/**
 * The mode that a file or directory of a context has in keys and layers. git keeps no more of a mode than whether a file
 * can be executed; what a checkout makes of that depends on the umask of whoever made it, and the two usual ones, 022 and
 * 002, must give one image. So exactly 0664 is 0644 and exactly 0775 is 0755; any other mode was chosen, and stays (ADR
 * 0017).
 */
export function checkoutMode(mode: number): number {
  const bits = mode & 0o7777;
  if (bits === 0o664) return 0o644;
  return bits === 0o775 ? 0o755 : bits;
}
