import { posix } from 'node:path';
import { type Failure, failed, ok, type Result } from '../result.ts';
import { classMatcher, Glob, type GlobStep, type PatternPart } from './glob.ts';
import { type PathPattern, pathPattern, patternParts } from './path-pattern.ts';
import { Source } from './source.ts';
import { badPattern, emptyNegation } from './value-failure.ts';

/**
 * The patterns of a `.dockerignore`, cleaned, in order; a `!` stays in front. `file` is what people call it.
 * https://docs.docker.com/build/concepts/context/#syntax
 */
export function parseIgnoreFile(text: string, file = '.dockerignore'): Result<readonly string[]> {
  const source = new Source(file, text);
  const patterns: string[] = [];
  const failures: Failure[] = [];
  for (let line = source.lineAt(source.start); line; line = source.lineAt(line.next)) {
    const written = text.slice(line.start, line.end);
    if (written.startsWith('#') || written.trim() === '') continue;
    const pattern = parseIgnorePattern(written);
    if (pattern.ok) patterns.push(pattern.value);
    else failures.push({ ...pattern.failure, at: source.span(line.start, line.end) });
  }
  return failures.length > 0 ? failed(failures) : ok(patterns);
}

/** One pattern, such as `COPY --exclude` gives them: without blanks around it, `./`, `//` and a `/` at its ends. */
export function parseIgnorePattern(written: string): Result<string, Failure> {
  const trimmed = written.trim();
  const isNegated = trimmed.startsWith('!');
  const path = isNegated ? trimmed.slice(1).trim() : trimmed;
  if (path === '') return failed(isNegated ? emptyNegation() : badPattern(written, 'it names nothing'));
  if (isNegated && cleaned(path) === '/') return failed(emptyNegation());
  // What cleaning has put in front must not be taken for the mark of a negation.
  const pattern = cleaned(path).replace(/^!/, isNegated ? '!' : '\\!');
  const parts = patternParts(pattern);
  return parts.ok ? ok(isNegated ? `!${pattern}` : pattern) : parts;
}

/** Answers which paths of a context are ignored. Paths are relative to the context, with `/` between names. */
export interface IgnoreMatcher {
  /** The context itself is never excluded. */
  excludes(path: string): boolean;
  /** Index of the pattern that decides about a path; -1 for none, which is then included. */
  decidingPattern(path: string): number;
  /** Whether something in this directory may not be excluded; where false, a walk need not enter it. */
  mayContainIncluded(directory: string): boolean;
}

/**
 * Compiles patterns, in their order, once. They must be as `parseIgnoreFile` or `parseIgnorePattern` accept them: one
 * that they refuse is a bug of the caller, and thrown as such. Fastest when a directory is asked before what is in it.
 *
 * The last pattern that matches a path or a directory above it decides, with one exception, as in BuildKit: a pattern that
 * would not have changed anything about a directory when it was its turn counts for nothing below. So `!config` after
 * `*.key` brings no `config/a.key` back: `config` had not been excluded.
 */
export function ignoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  // One that is written twice in a row says nothing the second time.
  const distinct = patterns
    .map((pattern, index) => ({ pattern, index }))
    .filter(({ pattern, index }) => pattern !== patterns[index - 1]);
  return new CompiledIgnore(distinct.map(({ pattern, index }) => ({ ...compile(pattern), index })));
}

interface IgnorePattern {
  /** Among those that were given. */
  readonly index: number;
  readonly isNegated: boolean;
  readonly whole: Glob;
  /** One for each name up to the first `**`, for the directories that lead to a match; `isOpen` where `**` follows. */
  readonly names: readonly PathPattern[];
  readonly isOpen: boolean;
}

/** For each pattern 1 where it matches a path or a directory above it, and counts. */
type Matched = Uint8Array;

/** A directory, and what matches it. */
interface Ancestor {
  readonly path: string;
  readonly matched: Matched;
}

class CompiledIgnore implements IgnoreMatcher {
  readonly #patterns: readonly IgnorePattern[];
  /** Their indices. */
  readonly #all: readonly number[];
  /** The directories that lead to the path asked for last, outermost first: neighbours share them. */
  readonly #ancestors: Ancestor[] = [];

  constructor(patterns: readonly IgnorePattern[]) {
    this.#patterns = patterns;
    this.#all = patterns.map((_, index) => index);
  }

  excludes(path: string): boolean {
    return this.#patterns[this.#deciding(path)]?.isNegated === false;
  }

  decidingPattern(path: string): number {
    return this.#patterns[this.#deciding(path)]?.index ?? -1;
  }

  mayContainIncluded(directory: string): boolean {
    const deciding = this.#deciding(directory);
    if (deciding === -1 || this.#patterns[deciding]!.isNegated) return true;
    const names = withoutSlashes(directory).split('/');
    // What stands before the deciding pattern loses against it below the directory as well.
    return this.#patterns.slice(deciding + 1).some((pattern) => pattern.isNegated && canMatchBelow(pattern, names));
  }

  #deciding(path: string): number {
    if (path === '' || path === '.') return -1;
    const clean = withoutSlashes(path);
    return this.#matchedBy(clean, this.#ofDirectory(clean.slice(0, Math.max(clean.lastIndexOf('/'), 0)))).lastIndexOf(
      1,
    );
  }

  /** `candidates`: indices of the patterns that may match. */
  #matchedBy(path: string, above: Matched, candidates: readonly number[] = this.#all): Matched {
    const matched = new Uint8Array(this.#patterns.length);
    let excluded = false;
    for (const index of candidates) {
      const { isNegated, whole } = this.#patterns[index]!;
      const matches = above[index] === 1 || (isNegated === excluded && whole.matches(path));
      if (!matches) continue;
      matched[index] = 1;
      excluded = !isNegated;
    }
    return matched;
  }

  /** Nothing for the context itself. */
  #ofDirectory(directory: string): Matched {
    if (directory === '') return new Uint8Array(0);
    let nearest = this.#ancestors.at(-1);
    while (nearest && nearest.path !== directory && !directory.startsWith(`${nearest.path}/`)) {
      this.#ancestors.pop();
      nearest = this.#ancestors.at(-1);
    }
    let end = nearest?.path.length ?? -1;
    // A walk asks directory by directory. Whoever starts far below is not made to try all patterns on each one in between.
    const candidates = this.#all.filter((index) => this.#patterns[index]!.whole.mayMatchAtOrAbove(directory));
    let matched: Matched = nearest?.matched ?? new Uint8Array(0);
    while (end < directory.length) {
      const next = directory.indexOf('/', end + 1);
      end = next === -1 ? directory.length : next;
      const path = directory.slice(0, end);
      matched = this.#matchedBy(path, matched, candidates);
      this.#ancestors.push({ path, matched });
    }
    return matched;
  }
}

function compile(pattern: string): Omit<IgnorePattern, 'index'> {
  const isNegated = pattern.startsWith('!');
  const text = isNegated ? pattern.slice(1) : pattern;
  const parts = patternParts(text);
  if (!parts.ok) throw new Error(`unchecked ignore pattern: ${parts.failure.message}`);
  return { isNegated, whole: new Glob(deepSteps(parts.value)), ...leadingNames(text) };
}

/** Two stars, with the `/` behind them, are any number of directories; at the end, anything at all. */
function deepSteps(parts: readonly PatternPart[]): readonly GlobStep[] {
  const [first, second, third] = parts;
  const isEnding = parts.length === 3 && first?.kind === 'many' && second?.kind === 'many' && third?.kind === 'text';
  // Nothing but stars and a text is an ending at any depth, also of a name: `**log` is `*log` in every directory.
  if (isEnding && !third.text.startsWith('/')) return [{ kind: 'anything' }, third];
  const steps: GlobStep[] = [];
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    if (!part) break;
    if (part.kind !== 'many' || parts[index + 1]?.kind !== 'many') {
      steps.push(part);
      continue;
    }
    index++;
    const next = parts[index + 1];
    const rest = next?.kind === 'text' && next.text.startsWith('/') ? next.text.slice(1) : undefined;
    const isLast = next === undefined || (rest === '' && index + 2 === parts.length);
    steps.push({ kind: isLast ? 'anything' : 'directories' });
    if (rest === undefined) continue;
    steps.push({ kind: 'text', text: rest });
    index++;
  }
  return steps;
}

/** The names a path must start with to match, as far as they are one pattern for each name. */
function leadingNames(pattern: string): Pick<IgnorePattern, 'names' | 'isOpen'> {
  const names: PathPattern[] = [];
  for (const name of pattern.split('/')) {
    const parts = patternParts(name);
    const compiled = pathPattern(name);
    // A class that may stand for a `/` makes it unclear where a name ends; so does one that was cut in two.
    const isOpen = !parts.ok || !compiled.ok || name.includes('**') || parts.value.some(matchesSlash);
    if (isOpen) return { names, isOpen };
    names.push(compiled.value);
  }
  return { names, isOpen: false };
}

function matchesSlash(part: PatternPart): boolean {
  return part.kind === 'class' && classMatcher(part)(0x2f);
}

/** Whether the pattern can match something inside the directory, but not the directory itself. */
function canMatchBelow({ names, isOpen }: IgnorePattern, directory: readonly string[]): boolean {
  const common = Math.min(names.length, directory.length);
  for (let index = 0; index < common; index++) {
    if (!names[index]?.matches(directory[index] ?? '')) return false;
  }
  return isOpen || names.length > directory.length;
}

/** Like Go's filepath.Clean, and without a `/` in front. */
function cleaned(path: string): string {
  const normal = posix.normalize(path);
  const withoutEnd = normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
  return withoutEnd.length > 1 && withoutEnd.startsWith('/') ? withoutEnd.slice(1) : withoutEnd;
}

function withoutSlashes(path: string): string {
  let [start, end] = [0, path.length];
  while (path[start] === '/') start++;
  while (end > start && path[end - 1] === '/') end--;
  return path.slice(start, end);
}
