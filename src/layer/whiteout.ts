import { FailureError } from '../result.ts';
import { baseOf, childOf, parentOf } from '../tree-path.ts';
import { entryInvalid } from './failure.ts';

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts */
const PREFIX = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** aufs' own files, which older tools left in layers. */
const AUFS_PREFIX = '.wh..wh.';

/** The mark of absence that an entry of this name is: of one path, of all below a directory, or none to heed. */
export type Mark = { readonly type: 'whiteout' | 'opaque'; readonly path: string } | { readonly type: 'ignored' };

/** undefined for the name of an ordinary entry. Throws FailureError for one that may be neither. */
export function markOf(path: string): Mark | undefined {
  if (!path.includes(PREFIX)) return undefined;
  const base = baseOf(path);
  const parent = parentOf(path);
  if (`/${path}`.includes(`/${AUFS_PREFIX}`))
    return base === OPAQUE ? { type: 'opaque', path: parent } : { type: 'ignored' };
  if (`/${parent}`.includes(`/${PREFIX}`))
    throw new FailureError(entryInvalid(path, 'which is inside a mark of deletion'));
  if (!base.startsWith(PREFIX)) return undefined;
  const name = base.slice(PREFIX.length);
  if (name === '' || name === '.' || name === '..')
    throw new FailureError(entryInvalid(path, 'which marks nothing as deleted'));
  return { type: 'whiteout', path: childOf(parent, name) };
}

/** The name under which a layer says that `path` is gone. */
export function whiteoutName(path: string): string {
  return childOf(parentOf(path), PREFIX + baseOf(path));
}

/** Whether a file of this path would be read as a mark of absence. */
export function isReserved(path: string): boolean {
  return path.startsWith(PREFIX) || path.includes(`/${PREFIX}`);
}
