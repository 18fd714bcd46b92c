import type { Source } from '../dockerfile/source.ts';
import { type Failure, failed, ok, type Result } from '../result.ts';
import { type EdnAtom, EdnIdentities, type EdnNode, type Extent } from './edn-node.ts';
import { ednDuplicate, ednSyntax } from './failure.ts';

/**
 * All forms of a file with their places. Comments and discarded forms are skipped, tags are kept unread. Fails on the
 * first thing that is not EDN, and on every key of a map or member of a set that is there twice.
 * https://github.com/edn-format/edn
 */
export function scanEdn(source: Source): Result<readonly EdnNode[]> {
  const scanner = new Scanner(source);
  try {
    const forms = scanner.forms(undefined);
    return scanner.duplicates.length > 0 ? failed(scanner.duplicates) : ok(forms);
  } catch (error) {
    if (error instanceof EdnSyntaxError) {
      const { message, hint, extent } = error;
      return failed([...scanner.duplicates, ednSyntax(message, hint, source.span(extent.offset, extent.end))]);
    }
    throw error;
  }
}

/** Carries the first syntax error out of the recursion; never leaves this file. */
class EdnSyntaxError extends Error {
  readonly hint: string;
  readonly extent: Extent;
  constructor(message: string, hint: string, extent: Extent) {
    super(message);
    this.hint = hint;
    this.extent = extent;
  }
}

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '#{': '}' };
const escapes: Readonly<Record<string, string>> = {
  t: '\t',
  r: '\r',
  n: '\n',
  b: '\b',
  f: '\f',
  '\\': '\\',
  '"': '"',
};
const deepest = 200;

class Scanner {
  readonly duplicates: Failure[] = [];
  readonly #source: Source;
  readonly #text: string;
  readonly #identities = new EdnIdentities();
  #position: number;
  #depth = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#text = source.text;
    this.#position = source.start;
  }

  /** Forms up to the closing bracket of the one opened at `opened`, or to the end of the text. */
  forms(opened: { readonly offset: number; readonly bracket: string } | undefined): EdnNode[] {
    const closer = opened && closers[opened.bracket];
    const forms: EdnNode[] = [];
    for (;;) {
      this.#skipDiscarded();
      const next = this.#text[this.#position];
      if (next === undefined) {
        if (opened === undefined) return forms;
        this.#fail(`${opened.bracket} is never closed`, `add the missing ${closer}`, {
          offset: opened.offset,
          end: opened.offset + opened.bracket.length,
        });
      }
      if (next === closer) {
        this.#position++;
        return forms;
      }
      forms.push(this.#form());
    }
  }

  #form(): EdnNode {
    if (++this.#depth > deepest) {
      const hint = 'put less into each other: a version and lists of strings are all that is read';
      this.#fail(`nested deeper than ${deepest} levels`, hint, { offset: this.#position, end: this.#position + 1 });
    }
    const form = this.#formAt(this.#position);
    this.#depth--;
    return form;
  }

  #formAt(offset: number): EdnNode {
    const next = this.#text[offset];
    switch (next) {
      case '(':
        return { kind: 'list', items: this.#items('('), offset, end: this.#position };
      case '[':
        return { kind: 'vector', items: this.#items('['), offset, end: this.#position };
      case '{':
        return this.#map(offset);
      case '"':
        return this.#string(offset);
      case '\\':
        return this.#character(offset);
      case '#':
        return this.#text[offset + 1] === '{' ? this.#set(offset) : this.#tagged(offset);
      case ')':
      case ']':
      case '}':
        return this.#fail(`${next} closes nothing`, 'remove it, or open it before', { offset, end: offset + 1 });
      default:
        return this.#token(offset);
    }
  }

  #items(bracket: string): readonly EdnNode[] {
    const offset = this.#position;
    this.#position += bracket.length;
    return this.forms({ offset, bracket });
  }

  #map(offset: number): EdnNode {
    const items = this.#items('{');
    const odd = items.length % 2 === 1 ? items.at(-1) : undefined;
    if (odd !== undefined) this.#fail('the last key of this map has no value', 'write its value behind it', odd);
    const entries: [EdnNode, EdnNode][] = [];
    for (let index = 0; index < items.length; index += 2) {
      entries.push([items[index] as EdnNode, items[index + 1] as EdnNode]);
    }
    this.#refuseDuplicates(entries.map(([key]) => key));
    return { kind: 'map', entries, offset, end: this.#position };
  }

  #set(offset: number): EdnNode {
    const items = this.#items('#{');
    this.#refuseDuplicates(items);
    return { kind: 'set', items, offset, end: this.#position };
  }

  #refuseDuplicates(items: readonly EdnNode[]): void {
    const seen = new Map<number, EdnNode>();
    for (const item of items) {
      const identity = this.#identities.of(item);
      const first = seen.get(identity);
      if (first === undefined) seen.set(identity, item);
      else {
        const [firstAt, at] = [first, item].map((node) => this.#source.span(node.offset, node.end));
        if (firstAt && at)
          this.duplicates.push(ednDuplicate(shortened(this.#text.slice(item.offset, item.end)), firstAt, at));
      }
    }
  }

  #tagged(offset: number): EdnNode {
    this.#position++;
    const tag = this.#rawToken();
    if (!/^:?[a-zA-Z]/.test(tag))
      this.#fail('# must be followed by a tag, { or _', 'begin comments with ; instead', { offset, end: offset + 1 });
    const value = this.#formAfter(`#${tag}`, offset);
    return { kind: 'tagged', tag, value, offset, end: this.#position };
  }

  /** The form that a tag applies to. */
  #formAfter(what: string, offset: number): EdnNode {
    this.#skipDiscarded();
    if (this.#isAtEnd())
      this.#fail(`nothing follows ${shortened(what)}`, 'write its value behind it, or remove it', {
        offset,
        end: offset + what.length,
      });
    return this.#form();
  }

  /** Blanks, comments, and each `#_` with the form that it takes away. Of `#_ #_ a b` nothing is left. */
  #skipDiscarded(): void {
    const marks: number[] = [];
    for (;;) {
      this.#skipBlank();
      if (this.#text.startsWith('#_', this.#position)) {
        marks.push(this.#position);
        this.#position += 2;
        continue;
      }
      const mark = marks.pop();
      if (mark === undefined) return;
      if (this.#isAtEnd()) this.#fail('nothing follows #_', 'remove it', { offset: mark, end: mark + 2 });
      this.#form();
    }
  }

  /** Of the text, or of what a bracket has opened. */
  #isAtEnd(): boolean {
    const next = this.#text[this.#position];
    return next === undefined || next === ')' || next === ']' || next === '}';
  }

  #string(offset: number): EdnAtom {
    let value = '';
    for (let position = offset + 1; ; ) {
      const next = this.#text[position];
      if (next === undefined)
        return this.#fail('this string is never closed', 'add a " where it ends', { offset, end: offset + 1 });
      if (next === '"') {
        this.#position = position + 1;
        return { kind: 'string', value, offset, end: this.#position };
      }
      if (next !== '\\') {
        value += next;
        position++;
        continue;
      }
      const unicode = /^u([0-9a-fA-F]{4})/.exec(this.#text.slice(position + 1, position + 6))?.[1];
      const escaped = unicode
        ? String.fromCharCode(Number.parseInt(unicode, 16))
        : escapes[this.#text[position + 1] ?? ''];
      if (escaped === undefined)
        return this.#fail('this escape is not known', 'write \\\\ for a backslash', {
          offset: position,
          end: position + 2,
        });
      value += escaped;
      position += unicode ? 6 : 2;
    }
  }

  /** `\c`, `\newline`, `\u00e9`. The character itself may be one that would end any other token. */
  #character(offset: number): EdnAtom {
    const first = this.#text[offset + 1];
    if (first === undefined || /\s/.test(first))
      return this.#fail('\\ must be followed by a character', 'write text in double quotes', {
        offset,
        end: offset + 1,
      });
    this.#position = offset + 2;
    const value = first + this.#rawToken();
    if ([...value].length > 1 && !/^(?:newline|return|space|tab|backspace|formfeed|u[0-9a-fA-F]{4})$/.test(value)) {
      return this.#fail(`\\${shortened(value)} is not a character`, 'write text in double quotes', {
        offset,
        end: this.#position,
      });
    }
    return { kind: 'character', value, offset, end: this.#position };
  }

  #token(offset: number): EdnAtom {
    const text = this.#rawToken();
    const end = this.#position;
    if (text === 'nil') return { kind: 'nil', value: text, offset, end };
    if (text === 'true' || text === 'false') return { kind: 'boolean', value: text, offset, end };
    if (/^[+-]?\d/.test(text)) {
      if (/^[+-]?(?:0|[1-9]\d*)(?:N|(?:\.\d*)?(?:[eE][+-]?\d+)?M?)$/.test(text))
        return { kind: 'number', value: text, offset, end };
      return this.#fail(`${shortened(text)} is not a number`, `write a version in quotes: "${shortened(text)}"`, {
        offset,
        end,
      });
    }
    const name = text.startsWith(':') ? text.slice(1) : text;
    // Letters, digits and `. * + ! - _ ? $ % & = < > : # '` with at most one `/` that parts a namespace off.
    if (!/^(?:\/|[^\d/:#'][^/]*(?:\/[^/]+)?)$/u.test(name) || !/^[\p{L}\p{N}.*+!\-_?$%&=<>:#'/|]+$/u.test(name)) {
      const hint = 'keys begin with a colon and values with quotes, for example: {:version "1.0.0"}';
      return this.#fail(`${shortened(text)} is neither a symbol nor a keyword`, hint, { offset, end });
    }
    return { kind: text.startsWith(':') ? 'keyword' : 'symbol', value: name, offset, end };
  }

  /** Everything up to the next blank or bracket. */
  #rawToken(): string {
    const token = /[^\s,()[\]{}";\\]*/y;
    token.lastIndex = this.#position;
    const text = token.exec(this.#text)?.[0] ?? '';
    this.#position += text.length;
    return text;
  }

  #skipBlank(): void {
    const blank = /(?:[\s,]|;[^\r\n]*)*/y;
    blank.lastIndex = this.#position;
    this.#position += blank.exec(this.#text)?.[0].length ?? 0;
  }

  #fail(message: string, hint: string, extent: Extent): never {
    throw new EdnSyntaxError(message, hint, extent);
  }
}

/** What fits into a sentence. */
function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
