/**
 * A form of EDN and the characters it was read from: `offset` up to `end`, in UTF-16 code units.
 * https://github.com/edn-format/edn
 */
export type EdnNode = EdnAtom | EdnSequence | EdnMap | EdnTagged;

interface Extent {
  readonly offset: number;
  readonly end: number;
}

export interface EdnAtom extends Extent {
  readonly kind: 'nil' | 'boolean' | 'number' | 'string' | 'character' | 'keyword' | 'symbol';
  /** A string without quotes and with its escapes resolved, a keyword without its colon, all else as written. */
  readonly value: string;
}

interface EdnSequence extends Extent {
  readonly kind: 'vector' | 'list' | 'set';
  readonly items: readonly EdnNode[];
}

export interface EdnMap extends Extent {
  readonly kind: 'map';
  /** In the order written. */
  readonly entries: readonly (readonly [key: EdnNode, value: EdnNode])[];
}

interface EdnTagged extends Extent {
  readonly kind: 'tagged';
  /** Without its `#`. */
  readonly tag: string;
  readonly value: EdnNode;
}

/** `a string`, `a map`: for messages. */
export function describeEdn(node: EdnNode): string {
  switch (node.kind) {
    case 'nil':
      return 'nil';
    case 'boolean':
      return node.value;
    case 'tagged':
      return `a form tagged #${node.tag}`;
    default:
      return `a ${node.kind}`;
  }
}

/** Equal for two forms exactly if EDN takes them for the same value, but for numbers, which count as written. */
export function canonicalEdn(node: EdnNode): string {
  switch (node.kind) {
    case 'vector':
    case 'list':
      return `(${node.items.map(canonicalEdn).join(' ')})`;
    case 'set':
      return `#{${node.items.map(canonicalEdn).sort().join(' ')}}`;
    case 'map':
      return `{${node.entries
        .map(([key, value]) => `${canonicalEdn(key)} ${canonicalEdn(value)}`)
        .sort()
        .join(', ')}}`;
    case 'tagged':
      return `#${node.tag} ${canonicalEdn(node.value)}`;
    default:
      return `${node.kind} ${JSON.stringify(node.value)}`;
  }
}
