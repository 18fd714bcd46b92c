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
  | { readonly reason: 'link-target'; readonly before: string; readonly after: string };

interface FileState {
  readonly type: string;
  /** Absent where it does not count. */
  readonly mode: string | undefined;
  readonly content: string;
}

/**
 * The first of type, content and mode that two descriptions in a ContextListing differ in; undefined for what is absent.
 * Descriptions in the short form that travels with images only tell that something changed.
 */
export function fileChange(before: string | undefined, after: string | undefined): NodeChange {
  if (before === undefined) return { reason: 'file-added' };
  if (after === undefined) return { reason: 'file-removed' };
  const [was, is] = [stateOf(before), stateOf(after)];
  if (was === undefined || is === undefined) return { reason: 'file-changed' };
  if (was.type !== is.type) return { reason: 'file-type', before: was.type, after: is.type };
  if (was.content !== is.content) {
    return { reason: is.type === 'symlink' ? 'link-target' : 'file-content', before: was.content, after: is.content };
  }
  if (was.mode !== undefined && is.mode !== undefined && was.mode !== is.mode) {
    return { reason: 'file-mode', before: was.mode, after: is.mode };
  }
  return { reason: 'file-changed' };
}

function stateOf(description: string): FileState | undefined {
  const link = /^symlink (.*)$/s.exec(description);
  if (link !== null) return { type: 'symlink', mode: undefined, content: link[1]! };
  const [, type, mode, content = ''] = /^([a-z-]+)(?: ([0-7]+))?(?: (sha256:[0-9a-f]+))?$/.exec(description) ?? [];
  if (type === undefined || (mode === undefined && content === '' && type !== 'directory')) return undefined;
  return { type, mode: mode?.padStart(4, '0'), content };
}
