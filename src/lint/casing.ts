import type { Dockerfile, Instruction } from '../dockerfile/dockerfile.ts';
import type { Report } from './finding.ts';

/** How the keyword of an instruction is written. */
export function writtenKeyword({ at }: Pick<Instruction, 'at'>, text: string): string {
  return /^[a-z]+/i.exec(text.slice(at.offset, at.offset + 20))?.[0] ?? '';
}

/** Rule ConsistentInstructionCasing: the case of most instructions is that of all; where both are as many, upper case. */
export function checkInstructionCasing({ stages }: Dockerfile, text: string, report: Report): void {
  const all = stages.flatMap(({ from, instructions }) => [from, ...instructions]);
  const written = all.map((one) => ({ at: one.at, keyword: writtenKeyword(one, text) }));
  const lower = written.filter(({ keyword }) => keyword === keyword.toLowerCase()).length;
  const upper = written.filter(({ keyword }) => keyword === keyword.toUpperCase()).length;
  const [expected, name] = lower > upper ? (['toLowerCase', 'lower'] as const) : (['toUpperCase', 'upper'] as const);
  for (const { at, keyword } of written) {
    if (keyword === keyword[expected]()) continue;
    report('ConsistentInstructionCasing', at, `${keyword} is not in ${name} case, as most instructions here are`);
  }
}
