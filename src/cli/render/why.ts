import type { Why } from '../../orchestrator/plan/why-image.ts';
import { describeEqual, describeTold } from '../../orchestrator/plan/why-words.ts';
import { firstOf } from '../../project/name-list.ts';
import { visibleLine } from './visible.ts';

/** Answers for a person: the cause on a line with the image, what differs as well below it. */
export function whyText(answers: readonly Why[]): string {
  return answers.map((answer) => `${linesOf(answer).map(visibleLine).join('\n')}\n`).join('');
}

function linesOf({ image, causes: [first, ...also], equal }: Why): readonly string[] {
  if (first === undefined) {
    const same = equal === undefined ? '' : describeEqual(equal);
    return [`${image}: up to date${same === '' ? '' : `: as it was built, with ${same}`}`];
  }
  return [`${image}: ${describeTold(first)}`, ...firstOf(also.map(describeTold)).map((line) => `  also: ${line}`)];
}
