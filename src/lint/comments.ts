import type { Source } from '../dockerfile/source.ts';

const directive = /^#\s*(syntax|escape|check)\s*=\s*(.+?)\s*$/i;

/** The comments of a Dockerfile, by the instruction that they stand above. */
export class Comments {
  readonly #text: string;
  /** Where the directives at the top end: none of them is a comment. */
  readonly #start: number;

  constructor(source: Source) {
    this.#text = source.text;
    let line = source.lineAt(source.start);
    if (line !== undefined && source.text.startsWith('#!', line.start)) line = source.lineAt(line.next);
    while (line !== undefined && directive.test(source.text.slice(line.start, line.end)))
      line = source.lineAt(line.next);
    this.#start = line?.start ?? source.text.length;
  }

  /** Of the instruction at this offset, in order, without `#` and blanks; a comment without text parts those above it from it. */
  above(offset: number): readonly string[] {
    const found: string[] = [];
    const lines = this.#text.slice(this.#start, offset).split('\n');
    // The last is what stands in front of the instruction itself.
    for (const line of lines.slice(0, -1).reverse()) {
      const trimmed = line.trim();
      if (trimmed === '') continue;
      if (!trimmed.startsWith('#')) break;
      const comment = trimmed.slice(1).trim();
      if (comment === '') break;
      found.unshift(comment);
    }
    return found;
  }

  /** The value of the first comment `# check=…` above the instruction, up to a blank. */
  checkAbove(offset: number): string | undefined {
    for (const comment of this.above(offset)) {
      const [, name, value] = directive.exec(`#${comment}`) ?? [];
      if (name?.toLowerCase() === 'check') return value?.split(' ', 1)[0];
    }
    return undefined;
  }
}

/** Where the directive `check` stands. */
export function checkDirectiveAt(source: Source) {
  for (let line = source.lineAt(source.start); line !== undefined; line = source.lineAt(line.next)) {
    const [, name] = directive.exec(source.text.slice(line.start, line.end)) ?? [];
    if (name?.toLowerCase() === 'check') return source.span(line.start, line.end);
  }
  return source.span(source.start, source.start);
}
