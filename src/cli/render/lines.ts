/** Characters; what a program writes without an end of line is cut into lines of at most about this. */
const LONGEST = 16 * 1024;

/** Cuts text that arrives in pieces into lines. A carriage return within a line starts it over, as on a terminal. */
export class Lines {
  #rest = '';

  /** The lines that are complete now. */
  push(text: string): string[] {
    const lines = (this.#rest + text).split('\n');
    const rest = lines.pop() ?? '';
    // What has been written over needn't be kept.
    this.#rest = rest.slice(rest.lastIndexOf('\r', rest.length - 2) + 1);
    if (this.#rest.length > LONGEST) {
      lines.push(this.#rest);
      this.#rest = '';
    }
    return lines.map(lastOverwrite);
  }

  /** What is left without an end of line, if anything. */
  end(): string[] {
    const rest = this.#rest;
    this.#rest = '';
    return rest === '' ? [] : [lastOverwrite(rest)];
  }
}

/** What is left of a line on a terminal: all before a carriage return has been written over. */
export function lastOverwrite(line: string): string {
  const text = line.replace(/\r+$/, '');
  return text.slice(text.lastIndexOf('\r') + 1);
}
