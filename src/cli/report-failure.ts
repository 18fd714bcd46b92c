import type { Failure, FailureShape, SourceSpan } from '../result.ts';
import type { Colors } from './colors.ts';
import { lastOverwrite } from './render/lines.ts';
import { visible, visibleLine, visibleOutput } from './render/visible.ts';

/** What a failure is shown with: colours, and an excerpt of the source it points at. */
export interface ReportOptions {
  readonly colors: Colors;
  /** The lines of a file that a span names; undefined if it cannot be read. */
  readonly readSource: (file: string) => readonly string[] | undefined;
  /** Absolute; places below it are shown as seen from there. */
  readonly cwd: string;
}

/** What stands after the word: `error[cycle]: …`. */
export type Level = 'error' | 'warning' | 'notice';

/** Failures that belong together: all of one image. */
export interface FailureGroup {
  /** `node-dev 0.0.3`. */
  readonly title: string;
  readonly failures: readonly Failure[];
  /** More to know: `full log: …`. */
  readonly notes: readonly string[];
}

/** How many failures a person is told at once: with more, something is wrong that is not in any of them. */
const mostLetters = 100;
/** Characters of a source line that are shown. */
const widest = 200;
/** Characters of a line of details. */
const longest = 2000;

/** Failures as letters to a person; with more than one, their number at the end. Of very many only the first. */
export function reportFailures(failures: readonly FailureShape[], options: ReportOptions): string {
  const letters = lettersOf(failures, options);
  if (failures.length > 1) letters.push(`${options.colors.bold.red(`${failures.length} errors`)}\n`);
  return letters.join('\n');
}

/** Failures under the titles of their groups. */
export function reportGroups(groups: readonly FailureGroup[], options: ReportOptions): string {
  return groups
    .map(({ title, failures, notes }) => {
      const rule = options.colors.dim('─'.repeat(Math.max(4, 72 - title.length)));
      const letters = lettersOf(failures, options);
      return `${options.colors.dim('──')} ${options.colors.bold(visibleLine(title))} ${rule}\n${letters.join('\n')}${notes
        .map((note) => `   = ${visibleLine(note)}\n`)
        .join('')}`;
    })
    .join('\n');
}

function lettersOf(failures: readonly FailureShape[], options: ReportOptions): string[] {
  const letters = failures.slice(0, mostLetters).map((failure) => `${reportFailure(failure, 'error', options)}\n`);
  const more = failures.length - letters.length;
  return more > 0 ? [...letters, `… and ${more} more ${more === 1 ? 'error' : 'errors'}\n`] : letters;
}

/**
 * What, where, the details, and what to do; without a final end of line.
 *
 *     error[unknown-parent]: web is built FROM bas, which is not a context of this project
 *       --> contexts/02-web/Dockerfile:6:6
 *        |
 *      6 | FROM ${REGISTRY}/bas:1.0.0
 *        |      ^^^^^^^^^^^^^^^^^^^^^
 *        = fix: contexts are: base, web
 */
export function reportFailure(failure: FailureShape, level: Level, options: ReportOptions): string {
  const { colors } = options;
  const paint = { error: colors.red, warning: colors.yellow, notice: colors.cyan }[level];
  const gutter = ' '.repeat(failure.at === undefined ? 2 : Math.max(2, String(failure.at.line).length));
  const [message, ...more] = visible(failure.message).split('\n');
  const lines = [`${paint.bold(`${level}[${failure.reason}]`)}${colors.bold(`: ${message}`)}`];
  if (failure.at !== undefined) lines.push(...excerpt(failure.at, { gutter, paint }, options));
  // Details may be what a step has said.
  const details = [...more, ...(failure.details ?? []).flatMap((detail) => detail.split('\n').map(detailLine))];
  for (const detail of details) lines.push(`${gutter} ${colors.dim('|')} ${detail}`.trimEnd());
  if (failure.hint !== undefined)
    lines.push(`${gutter} ${colors.dim('=')} ${colors.cyan('fix:')} ${visibleLine(failure.hint)}`);
  return lines.join('\n');
}

function detailLine(line: string): string {
  const text = visibleOutput(lastOverwrite(line));
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** `gutter`: as wide as the number of the line. */
function excerpt(
  at: SourceSpan,
  { gutter, paint }: { readonly gutter: string; readonly paint: Colors },
  options: ReportOptions,
): string[] {
  const { colors, readSource, cwd } = options;
  const file = at.file.startsWith(`${cwd}/`) ? at.file.slice(cwd.length + 1) : at.file;
  const place = `${gutter.slice(1)}${colors.dim('-->')} ${visibleLine(file)}:${at.line}:${at.column}`;
  const line = readSource(at.file)?.[at.line - 1];
  if (line === undefined) return [place];
  const { source, start } = cropped(line, Math.min(at.column - 1, line.length));
  const width = Math.max(1, Math.min(at.length, source.length - start));
  const [before, marked, after] = [
    source.slice(0, start),
    source.slice(start, start + width),
    source.slice(start + width),
  ].map(visible) as [string, string, string];
  const bar = colors.dim('|');
  return [
    place,
    `${gutter} ${bar}`,
    `${String(at.line).padStart(gutter.length)} ${bar} ${before}${marked}${after}`,
    `${gutter} ${bar} ${before.replaceAll(/[^\t]/g, ' ')}${paint('^'.repeat(Math.max(1, marked.length)))}`,
  ];
}

/** As much of a line around `start` as a person can use, and where that place is then. */
function cropped(line: string, start: number): { readonly source: string; readonly start: number } {
  if (line.length <= widest) return { source: line, start };
  const from = Math.max(0, Math.min(start - widest / 4, line.length - widest));
  const [before, after] = [from > 0 ? '…' : '', from + widest < line.length ? '…' : ''];
  return { source: `${before}${line.slice(from, from + widest)}${after}`, start: start - from + before.length };
}

/** For what nobody foresaw. */
export function reportBug(error: unknown, version: string): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const cause = error instanceof Error && error.cause !== undefined ? `\ncaused by: ${String(error.cause)}` : '';
  return `cip ${version} has a bug. Please report it with these lines:\n${stack}${cause}\n`;
}
