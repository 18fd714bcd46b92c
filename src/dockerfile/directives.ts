import type { Failure } from '../result.ts';
import { duplicateDirective, invalidEscape, newerSyntax, unsupportedSyntax } from './failure.ts';
import type { Warning } from './instruction-parser.ts';
import type { Escape } from './logical-line.ts';
import type { PhysicalLine, Source } from './source.ts';
import { trimmedRange } from './space.ts';

const NAMES: ReadonlySet<string> = new Set(['syntax', 'escape', 'check']);

/** The frontends whose language is built in: docker/dockerfile 1.x, with or without what is in `-labs`. */
const BUILT_IN =
  /^(?:(?:index\.)?docker\.io\/)?docker\/dockerfile(?::(?:1(?:\.\d+){0,2}(?:-labs)?|labs|latest))?(?:@sha256:[0-9a-f]{64})?$/;

/** Of docker/dockerfile 1.x: the newest whose language is built in. */
const NEWEST_MINOR = 26;

/** The comments `# key=value` at the very top of a Dockerfile, which end at the first line of another form. */
export interface Directives {
  /** Keys in lower case; `syntax` without what follows the first blank. */
  readonly values: ReadonlyMap<string, string>;
  readonly escape: Escape;
  readonly failures: readonly Failure[];
  readonly warnings: readonly Warning[];
}

interface Directive {
  readonly name: string;
  readonly value: string;
  readonly line: PhysicalLine;
}

/**
 * Reads the parser directives at the very top of the file. The first line that is none ends them. A `#!` line may
 * stand before `syntax` and `check`, but `escape` behind it is a comment.
 * https://docs.docker.com/reference/dockerfile/#parser-directives
 */
export function readDirectives(source: Source): Directives {
  const first = source.lineAt(source.start);
  const hasShebang = source.text.startsWith('#!', source.start);
  const found = directivesFrom(source, (hasShebang ? first?.next : undefined) ?? source.start, '#').filter(
    ({ name }) => !(hasShebang && name === 'escape'),
  );
  const values = new Map<string, string>();
  const failures: Failure[] = [];
  for (const { name, value, line } of found) {
    if (values.has(name)) failures.push(duplicateDirective(name, source.span(line.start, line.end)));
    else values.set(name, name === 'syntax' ? (value.split(/\s/, 1)[0] ?? '') : value);
  }
  const syntax = syntaxOf(source, found, first);
  const warnings: Warning[] = [];
  if (syntax) {
    const at = source.span(syntax.line.start, syntax.line.end);
    if (!BUILT_IN.test(syntax.value)) failures.push(unsupportedSyntax(syntax.value, at));
    else if (minorOf(syntax.value) > NEWEST_MINOR) warnings.push(newerSyntax(syntax.value, `1.${NEWEST_MINOR}`, at));
  }
  const character = values.get('escape') ?? '\\';
  if (character === '\\' || character === '`') return { values, escape: character, failures, warnings };
  const line = found.find(({ name }) => name === 'escape')?.line ?? { start: source.start, end: source.start };
  const wrong = invalidEscape(character, source.span(line.start, line.end));
  return { values, escape: '\\', failures: [...failures, wrong], warnings };
}

/** 0 where none is asked for: `1`, `latest`. */
function minorOf(frontend: string): number {
  return Number(/:1\.(\d+)/.exec(frontend)?.[1] ?? 0);
}

/** The frontend asked for, also where another language than Dockerfile does it: `// syntax=` or JSON. */
function syntaxOf(source: Source, found: readonly Directive[], first: PhysicalLine | undefined): Directive | undefined {
  const hasShebang = source.text.startsWith('#!', source.start);
  const start = (hasShebang ? first?.next : undefined) ?? source.start;
  const written =
    found.find(({ name }) => name === 'syntax') ??
    directivesFrom(source, start, '//').find(({ name }) => name === 'syntax');
  if (written) return { ...written, value: written.value.split(/\s/, 1)[0] ?? '' };
  const line = source.lineAt(start);
  const value = line && syntaxOfJson(source.text.slice(start));
  return line && value !== undefined ? { name: 'syntax', value, line } : undefined;
}

function syntaxOfJson(text: string): string | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const { syntax } = JSON.parse(text) as { syntax?: unknown };
    return typeof syntax === 'string' ? syntax : undefined;
  } catch {
    // No JSON: then it is a Dockerfile, and what is wrong with it is said when it is parsed.
    return undefined;
  }
}

function directivesFrom(source: Source, offset: number, comment: '#' | '//'): readonly Directive[] {
  const found: Directive[] = [];
  for (let line = source.lineAt(offset); line; line = source.lineAt(line.next)) {
    const [start, end] = trimmedRange(source.text, line.start, line.end);
    const text = source.text.slice(start, end);
    if (!text.startsWith(comment)) break;
    const match = /^\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+)$/.exec(text.slice(comment.length));
    const name = match?.[1]?.toLowerCase();
    if (!match || name === undefined || !NAMES.has(name)) break;
    found.push({ name, value: match[2] ?? '', line: { start, end, next: line.next } });
  }
  return found;
}
