import { instructionText, type RandomCase } from './random-case.ts';

/**
 * The case without the instructions that a refusal of cip points to, so that what stands beside them is built after all.
 * Undefined if it points to none, or only to what has to stay: what is above the first stage, and FROM.
 */
export function repaired(one: RandomCase, refused: string): RandomCase | undefined {
  const wrong = [...refused.matchAll(/^ *--> .*?Dockerfile:(\d+)/gm)].map(([, line]) => Number(line));
  let at = one.directives.length + 1 + one.globals.length;
  let gone = 0;
  const stages = one.stages.map((stage) => {
    // That of FROM.
    at++;
    const lines = stage.lines.filter((line) => {
      const first = at + 1;
      at += instructionText(line).split('\n').length;
      return !wrong.some((number) => number >= first && number <= at);
    });
    gone += stage.lines.length - lines.length;
    return { ...stage, lines };
  });
  return gone === 0 ? undefined : { ...one, stages };
}
