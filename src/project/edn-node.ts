import { assertNever } from '../result.ts';
/**
 * A form of EDN and the characters it was read from: `offset` up to `end`, in UTF-16 code units.
 * https://github.com/edn-format/edn
 */
export type EdnNode = EdnAtom | EdnSequence | EdnMap | EdnTagged;

/** Characters of a text: `offset` up to `end`, in UTF-16 code units. */
export interface Extent {
  readonly offset: number;
  readonly end: number;
}

/** Anything in EDN that holds no other values. https://github.com/edn-format/edn#built-in-elements */
export interface EdnAtom extends Extent {
  readonly kind: 'nil' | 'boolean' | 'number' | 'string' | 'character' | 'keyword' | 'symbol';
  /** A string without quotes and with its escapes resolved, a keyword without its colon, all else as written. */
  readonly value: string;
}

interface EdnSequence extends Extent {
  readonly kind: 'vector' | 'list' | 'set';
  readonly items: readonly EdnNode[];
}

/** A map as written, keys of any type; a key that comes twice is a failure of the scanner. */
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
      return `a form tagged #${node.tag.slice(0, 40)}`;
    case 'number':
    case 'string':
    case 'character':
    case 'keyword':
    case 'symbol':
    case 'vector':
    case 'list':
    case 'set':
    case 'map':
      return `a ${node.kind}`;
    default:
      return assertNever(node);
  }
}

/**
 * A number for each form: equal for two forms exactly if EDN takes them for the same value, but for numbers, which count
 * as written. Each form is looked at once, however deep it lies in others that are asked about.
 */
export class EdnIdentities {
  readonly #known = new Map<EdnNode, number>();
  readonly #numbers = new Map<string, number>();

  of(node: EdnNode): number {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const text = this.#text(node);
    const number = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, number);
    this.#known.set(node, number);
    return number;
  }

  #text(node: EdnNode): string {
    switch (node.kind) {
      case 'vector':
      case 'list':
        return `(${node.items.map((item) => this.of(item)).join(' ')})`;
      case 'set':
        return `#{${[...new Set(node.items.map((item) => this.of(item)))].sort().join(' ')}}`;
      case 'map':
        return `{${node.entries
          .map(([key, value]) => `${this.of(key)} ${this.of(value)}`)
          .sort()
          .join(', ')}}`;
      case 'tagged':
        return `#${node.tag} ${this.of(node.value)}`;
      case 'nil':
      case 'boolean':
      case 'number':
      case 'string':
      case 'character':
      case 'keyword':
      case 'symbol':
        return `${node.kind} ${node.value}`;
      default:
        return assertNever(node);
    }
  }
}
