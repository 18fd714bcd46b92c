import assert from 'node:assert/strict';
import type { Dockerfile, Instruction } from '../../src/dockerfile/dockerfile.ts';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import type { Failure, SourceSpan } from '../../src/result.ts';
import { valueIn } from './outcome.ts';

/** The characters a span covers. */
export function textAt(text: string, at: SourceSpan | undefined): string | undefined {
  return at && text.slice(at.offset, at.offset + at.length);
}

/** A Dockerfile that must be valid. */
export function parsed(text: string): Dockerfile {
  return valueIn(parseDockerfile(text, 'Dockerfile'));
}

/** The first instruction of a valid text below `FROM scratch`. */
export function instructionOf(text: string): Instruction {
  const [instruction] = parsed(`FROM scratch\n${text}`).stages[0]?.instructions ?? [];
  assert.ok(instruction, text);
  return instruction;
}

/** An instruction without what all instructions have, and without what is absent. */
export function bare(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, function (this: object, key, inner) {
      const isPlace = key === 'at' || key.endsWith('At') || key === 'fields' || (key === 'text' && 'keyword' in this);
      return isPlace ? undefined : inner;
    }),
  );
}

/** What is wrong with a Dockerfile: each reason with its line, its column and the characters it is about. */
export function complaints(text: string): readonly string[] {
  const result = parseDockerfile(text, 'Dockerfile');
  return result.ok ? [] : result.failure.map((failure) => complaint(text, failure));
}

function complaint(text: string, { reason, at }: Failure): string {
  return `${reason} ${at?.line}:${at?.column} ${textAt(text, at)}`;
}
