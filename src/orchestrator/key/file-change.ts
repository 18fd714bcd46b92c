/** What differs between two states of one path of a context. */
export type NodeChange =
  | { readonly reason: 'file-added' | 'file-removed' | 'file-changed' }
  /** Octal, as in `0755`. */
  | { readonly reason: 'file-mode'; readonly before: string; readonly after: string }
  /** Digests of the contents. */
  | { readonly reason: 'file-content'; readonly before: string; readonly after: string }
  /** `file`, `directory`, `symlink` and the like. */
  | { readonly reason: 'file-type'; readonly before: string; readonly after: string }
  /** Where links lead. */
  | { readonly reason: 'link-target'; readonly before: string; readonly after: string }
  /** The other name of the file, of which it is a hard link; absent where it is a file of its own. */
  | { readonly reason: 'hard-link'; readonly before?: string | undefined; readonly after?: string | undefined }
  /** Major and minor number of a device. */
  | { readonly reason: 'device-number'; readonly before: string; readonly after: string };

interface FileState {
  readonly type: string;
  /** Absent where it does not count. */
  readonly mode: string | undefined;
  readonly content: string;
  /** Of which file it is another name. */
  readonly same: string | undefined;
}

/**
 * The first of type, content, mode and hard links that two descriptions in a ContextListing differ in; undefined for what is absent.
 * Descriptions in the short form that travels with images only tell that something changed.
 */
export function fileChange(before: string | undefined, after: string | undefined): NodeChange {
  if (before === undefined) return { reason: 'file-added' };
  if (after === undefined) return { reason: 'file-removed' };
  const [was, is] = [stateOf(before), stateOf(after)];
  if (was === undefined || is === undefined) return { reason: 'file-changed' };
  if (was.type !== is.type) return { reason: 'file-type', before: was.type, after: is.type };
  if (was.content !== is.content) {
    return { reason: reasonOfContent(is), before: was.content, after: is.content };
  }
  if (was.mode !== undefined && is.mode !== undefined && was.mode !== is.mode) {
    return { reason: 'file-mode', before: was.mode, after: is.mode };
  }
  if (was.same !== is.same) {
    const [before, after] = [was.same, is.same];
    return { reason: 'hard-link', ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
  }
  return { reason: 'file-changed' };
}

function reasonOfContent({ type }: FileState): 'link-target' | 'device-number' | 'file-content' {
  if (type === 'symlink') return 'link-target';
  return type.endsWith('-device') ? 'device-number' : 'file-content';
}

function stateOf(description: string): FileState | undefined {
  const link = /^symlink (.*)$/s.exec(description);
  if (link !== null) return { type: 'symlink', mode: undefined, content: link[1]!, same: undefined };
  const [, type, mode, content = '', same] =
    /^([a-z-]+)(?: ([0-7]+))?(?: (sha256:[0-9a-f]+|\d+:\d+))?(?: = (.+))?$/s.exec(description) ?? [];
  if (type === undefined || (mode === undefined && content === '' && type !== 'directory')) return undefined;
  return { type, mode: mode?.padStart(4, '0'), content, same };
}
