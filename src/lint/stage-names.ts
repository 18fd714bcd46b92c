import type { Dockerfile, FromInstruction, Stage } from '../dockerfile/dockerfile.ts';
import { writtenKeyword } from './casing.ts';
import type { Report } from './finding.ts';

const reserved: ReadonlySet<string> = new Set(['context', 'scratch']);

/** Rules ReservedStageName and DuplicateStageName. */
export function checkStageNames({ stages }: Dockerfile, report: Report): void {
  const names = new Map<string, number>();
  for (const { name, from } of stages) {
    if (name === undefined) continue;
    if (reserved.has(name)) report('ReservedStageName', from.at, `"${name}" has a meaning of its own in FROM and COPY`);
    const line = names.get(name);
    if (line !== undefined) report('DuplicateStageName', from.at, `the stage on line ${line} is called "${name}" too`);
    else names.set(name, from.at.line);
  }
}

/** Rules StageNameCasing and FromAsCasing. */
export function checkStageCasing({ from }: Stage, text: string, report: Report): void {
  const [, as, name] = wordsOf(from);
  if (as === undefined || name === undefined) return;
  if (name !== name.toLowerCase()) report('StageNameCasing', from.at, `the stage name "${name}" is not in lower case`);
  const keyword = writtenKeyword(from, text);
  const isLower = keyword === keyword.toLowerCase();
  // One in mixed case is told as that.
  if (!isLower && keyword !== keyword.toUpperCase()) return;
  if (as !== (isLower ? as.toLowerCase() : as.toUpperCase()))
    report('FromAsCasing', from.at, `"${keyword}" and "${as}" are written in different cases`);
}

/** What stands behind the flags. */
function wordsOf({ text }: FromInstruction): readonly string[] {
  const [, ...words] = text.trim().split(/\s+/);
  return words.filter((word, index) => !words.slice(0, index + 1).every((one) => one.startsWith('--')) || word === '');
}
