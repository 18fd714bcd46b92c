import { posix } from 'node:path';
import type { Selector } from './selection.ts';

/**
 * What `RUN --mount=type=bind,source=…` takes of the context: the path, literally, with all that leads to it. All of the
 * context without a source.
 */
export function bindSelector(source: string): Selector {
  const path = posix.resolve('/', source).slice(1);
  if (path === '') return { patterns: ['.'], exclude: [], parents: false };
  return { patterns: [path.replace(/[*?[\\]/g, '\\$&')], exclude: [], parents: true };
}
