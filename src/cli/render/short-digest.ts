/** `sha256:` and the first twelve digits: enough to find it by. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
