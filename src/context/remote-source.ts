const remote = /^(https?|ftp|git|ssh):\/\/|^git@|\.git(#.*)?$/;

/** Whether a source of ADD is something to download, and no path in the context. */
export function isRemote(source: string): boolean {
  return remote.test(source);
}
