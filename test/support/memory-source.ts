import type { SourceNode, SourceTree } from '../../src/context/source-tree.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { parentOf } from '../../src/tree-path.ts';

/**
 * A source of COPY written as an object: path → content, `-> target` for a link, `null` for an empty directory.
 * Directories on the way are there by themselves.
 */
export class MemorySource implements SourceTree {
  readonly description = 'the test';
  readonly #nodes = new Map<string, SourceNode & { readonly content?: string }>();

  constructor(files: Readonly<Record<string, string | null | (Partial<SourceNode> & { readonly content?: string })>>) {
    this.#nodes.set('', directory(''));
    for (const [path, file] of Object.entries(files)) {
      for (let parent = parentOf(path); !this.#nodes.has(parent); parent = parentOf(parent)) {
        this.#nodes.set(parent, directory(parent));
      }
      this.#nodes.set(path, nodeFor(path, file));
    }
  }

  lookup(path: string): Promise<SourceNode | undefined> {
    return Promise.resolve(this.#nodes.get(path));
  }

  children(path: string): Promise<readonly string[]> {
    const below = [...this.#nodes.keys()].filter((other) => other !== '' && parentOf(other) === path);
    return Promise.resolve(below.map((other) => other.slice(path === '' ? 0 : path.length + 1)).sort());
  }

  digest(node: SourceNode) {
    return Promise.resolve(digestOf(this.#nodes.get(node.path)?.content ?? ''));
  }

  fileOf(node: SourceNode): Promise<string> {
    return Promise.resolve(`/source/${node.path}`);
  }
}

const plain = { mode: 0o644, uid: 0, gid: 0, mtime: 1 };

function directory(path: string): SourceNode {
  return { ...plain, path, type: 'directory', mode: 0o755 };
}

function nodeFor(path: string, file: string | null | (Partial<SourceNode> & { readonly content?: string })) {
  if (file === null) return directory(path);
  if (typeof file !== 'string')
    return { ...plain, path, type: 'file' as const, size: file.content?.length ?? 0, ...file };
  if (file.startsWith('-> ')) return { ...plain, path, type: 'symlink' as const, mode: 0o777, target: file.slice(3) };
  return { ...plain, path, type: 'file' as const, size: file.length, content: file };
}
