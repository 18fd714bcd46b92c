import type { FailureShape, ReasonOf, SourceSpan } from '../result.ts';
import type { Finding } from './finding.ts';
import { rules } from './rules.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly lint: ReasonOf<typeof import('./failure.ts')>;
  }
}

/** A finding that stops nothing; `subject` is the rule. */
export function lintFinding(finding: Finding) {
  return { reason: 'lint-finding', ...shapeOf(finding) } as const satisfies FailureShape;
}

/** A finding in a Dockerfile that says `# check=error=true`; `subject` is the rule. */
export function lintViolation(finding: Finding) {
  return { reason: 'lint-violation', ...shapeOf(finding) } as const satisfies FailureShape;
}

/** `at` is the directive; absent for the build argument that stands for it. */
export function invalidCheckOption(option: string, at: SourceSpan | undefined) {
  return {
    reason: 'invalid-check-option',
    message: `${JSON.stringify(option)} is no option of ${at === undefined ? 'BUILDKIT_DOCKERFILE_CHECK' : '# check='}`,
    hint: 'write skip=RULE,RULE or skip=all, experimental=RULE or experimental=all, or error=true, with ; between them',
    ...(at !== undefined && { at }),
  } as const satisfies FailureShape;
}

function shapeOf({ rule, message, at }: Finding) {
  return { message: `${rule}: ${message}`, hint: rules[rule].remedy, at, subject: rule };
}
