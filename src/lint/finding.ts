import type { SourceSpan } from '../result.ts';
import type { RuleName } from './rules.ts';

/** A place of a Dockerfile that breaks a rule. */
export interface Finding {
  readonly rule: RuleName;
  /** One sentence without a full stop: what breaks the rule, with the value. */
  readonly message: string;
  readonly at: SourceSpan;
}

/** Takes what a rule found; whether it counts is decided elsewhere. */
export type Report = (rule: RuleName, at: SourceSpan, message: string) => void;
