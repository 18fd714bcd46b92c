/** The end of a continued line, with the comments and empty lines that vanish with it; by either escape character. */
const continuation = /[\\`][ \t]*\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*/g;

/**
 * The text of a Dockerfile, to look for names in: as it is written, and with its continued lines joined, since a name may
 * be continued too. What is not found in it stands nowhere; what is found may stand in a comment.
 */
export function searchable(text: string): string {
  return `${text}\n${text.replace(continuation, '')}`;
}
