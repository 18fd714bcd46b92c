import type { CommandLine } from '../dockerfile.ts';
import type { Arguments } from '../statement.ts';

/** Exec form where a JSON array was written, else text for the shell; none at all is empty text. */
export function commandLineOf(written: Arguments): CommandLine {
  if (written.kind === 'json') return { form: 'exec', args: written.strings };
  return { form: 'shell', text: written.kind === 'text' ? written.text.text : '' };
}
