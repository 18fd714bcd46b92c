import type { Platform } from '../oci/platform.ts';
import type { SourceSpan } from '../result.ts';

/** A FROM whose image says that it is for another system or architecture than it was asked for. */
export interface BaseForOther {
  readonly name: string;
  /** Of the FROM. */
  readonly at: SourceSpan;
  readonly wanted: Platform;
  readonly is: Platform;
}
