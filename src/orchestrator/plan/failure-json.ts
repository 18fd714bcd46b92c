import type { Failure } from '../../result.ts';

/** A failure as the documents of `--json` have it; fields are only ever added. */
export interface FailureJson extends Failure {
  /** The image of the project that it keeps from being built, where it is one of a single image. */
  readonly image?: string;
  /** `contexts/00-base/Dockerfile:3:6`: file, line and column of `at`. */
  readonly place?: string;
}

/** `image`: whose failure it is, where that is known; `cwd`: absolute, places below it are as seen from there. */
export function failureJson(failure: Failure, image?: string, cwd?: string): FailureJson {
  const { at } = failure;
  const found = image === undefined ? {} : { image };
  if (at === undefined) return { ...failure, ...found };
  const file = cwd !== undefined && at.file.startsWith(`${cwd}/`) ? at.file.slice(cwd.length + 1) : at.file;
  return { ...failure, at: { ...at, file }, ...found, place: `${file}:${at.line}:${at.column}` };
}
