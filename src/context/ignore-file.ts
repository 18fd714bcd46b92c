import { isAbsolute, join, resolve } from 'node:path';
import { ignoreMatcher, parseIgnoreFile, parseIgnorePattern } from '../dockerfile/dockerignore.ts';
import { readRegularFile, whyUnreadable } from '../read-regular-file.ts';
import { FailureError, ok, type Result } from '../result.ts';
import { type IgnoreLine, ignoreFileNotRegular, ignoreFileUnreadable } from './failure.ts';

/**
 * The patterns that leave files of a context out, in order: of `Dockerfile.dockerignore`, else of `.dockerignore`. `shown` is
 * what people call the context; `dockerfile` an absolute path, if that has another name or place. Throws FailureError where
 * the file is there and cannot be read.
 */
export async function readIgnoreFile(
  directory: string,
  shown: string,
  dockerfile?: string,
): Promise<Result<readonly string[]>> {
  const found = await findIgnoreFile(directory, shown, namesOf(dockerfile));
  return found === undefined ? ok([]) : parseIgnoreFile(found.text, found.file);
}

/** The same of a context that belongs to no Dockerfile: of `.dockerignore` alone. */
export async function readOwnIgnoreFile(directory: string, shown: string): Promise<Result<readonly string[]>> {
  const found = await findIgnoreFile(directory, shown, ['.dockerignore']);
  return found === undefined ? ok([]) : parseIgnoreFile(found.text, found.file);
}

interface IgnoreText {
  /** As shown. */
  readonly file: string;
  readonly text: string;
}

/** The first that is there counts alone. */
function namesOf(dockerfile = 'Dockerfile'): readonly string[] {
  return [`${dockerfile}.dockerignore`, '.dockerignore'];
}

async function findIgnoreFile(
  directory: string,
  shown: string,
  names: readonly string[],
): Promise<IgnoreText | undefined> {
  for (const name of names) {
    const text = await readRegularFile(resolve(directory, name)).then(String, (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      if (error.code === 'ENOTREG' || error.code === 'EISDIR')
        throw new FailureError(ignoreFileNotRegular(shownAs(shown, name)));
      throw new FailureError(ignoreFileUnreadable(shownAs(shown, name), whyUnreadable(error)), { cause: error });
    });
    if (text !== undefined) return { file: shownAs(shown, name), text };
  }
  return undefined;
}

function shownAs(shown: string, name: string): string {
  return isAbsolute(name) ? name : join(shown, name);
}

/** A context on this machine, and what people call it. */
export interface ShownContext {
  /** Absolute. */
  readonly directory: string;
  /** `contexts/02-web`. */
  readonly path: string;
  /** Patterns of the ignore file. */
  readonly ignore: readonly string[];
  /** Absolute path of the Dockerfile, if it has another name or place than usual. */
  readonly dockerfile?: string | undefined;
}

/** The line that leaves a path of a context out; undefined where none does. */
export async function excludingLine(
  { directory, path: shown, dockerfile }: ShownContext,
  path: string,
): Promise<IgnoreLine | undefined> {
  const found = await findIgnoreFile(directory, shown, namesOf(dockerfile));
  if (found === undefined) return undefined;
  const lines = found.text.split(/\r?\n/).flatMap((written, index) => {
    const parsed = written.startsWith('#') ? undefined : parseIgnorePattern(written);
    return parsed?.ok ? [{ line: index + 1, pattern: written.trim(), parsed: parsed.value }] : [];
  });
  const matcher = ignoreMatcher(lines.map(({ parsed }) => parsed));
  const deciding = lines[matcher.decidingPattern(path)];
  if (deciding === undefined || !matcher.excludes(path)) return undefined;
  return { file: found.file, line: deciding.line, pattern: deciding.pattern };
}
