import { canonicalText } from '../oci/canonical.ts';
import type { KeyPart } from '../oci/key-part.ts';
import { shortDigestOf } from '../oci/key-part.ts';
import { hasOwnEntry, type Selected } from './selection.ts';
import type { Masks, Selector } from './selector.ts';
import type { SourceNode, SourceTree } from './source-tree.ts';

/** Of more files than these one part is made. */
const MOST = 1000;

/** What one file of a selection is, as a key counts it: type, mode, owner, all else that is no content, content. */
export type FilePart = readonly [type: string, mode: string, owner: string, rest: string, content: string];

/**
 * What `selectionDigest` is made of, file by file: a JSON `FilePart` for each path of the tree. Empty for a selection of very many
 * files. Which names are one file, and times, are in the digest alone.
 */
export async function selectionParts(
  { tree, selection }: { readonly tree: SourceTree; readonly selection: readonly Selected[] },
  { parents }: Pick<Selector, 'parents'>,
  masks: Masks,
): Promise<readonly KeyPart[]> {
  const parts = new Map<string, FilePart>();
  const add = async (node: SourceNode, masked: Masks) => {
    parts.set(node.path, await partOf(tree, node, masked));
  };
  for (const selected of selection) {
    const { leading, node, below } = selected;
    if (parts.size + leading.length + below.length >= MOST) return [];
    for (const { node: directory } of leading)
      await add({ ...directory, type: 'directory' }, { ...masks, mode: false });
    if (hasOwnEntry(selected, parents)) await add(node, masks);
    for (const { node: inner } of below) await add(inner, masks);
  }
  return [...parts].map(([path, part]) => [`file ${path}`, JSON.stringify(part)]);
}

async function partOf(tree: SourceTree, node: SourceNode, masks: Masks): Promise<FilePart> {
  const { type, target = '', major = '', minor = '', xattrs = {} } = node;
  return [
    type,
    masks.mode && type !== 'symlink' ? '' : node.mode.toString(8).padStart(4, '0'),
    masks.owner ? '' : `${node.uid}:${node.gid}`,
    shortDigestOf(canonicalText({ target, device: `${major}:${minor}`, xattrs })),
    type === 'file' ? (await tree.digest(node)).slice('sha256:'.length, 'sha256:'.length + 12) : '',
  ];
}
