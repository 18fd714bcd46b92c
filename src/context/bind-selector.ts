import { posix } from 'node:path';
import type { Selector } from './selection.ts';

/**
 * What `RUN --mount=type=bind,source=…` takes of the context: what the path leads to, links followed, under that
 * path. All of the context without a source.
 */
export function bindSelector(source: string): Selector {
  const path = posix.resolve('/', source).slice(1);
  if (path === '') return { patterns: ['.'], exclude: [], parents: false };
  return { patterns: [path], exclude: [], parents: true, literal: true };
}
