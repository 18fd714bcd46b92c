/** Characters of an instruction that are kept; the rest is in the Dockerfile. */
const longest = 200;

/** Names of what nobody is to read in a log: `API_TOKEN`, `dbPassword`. */
const secretName = /pass(?:word|wd|phrase)?$|secret|token|credential|(?:api|access|private|auth)_?-?key|_auth$/i;

/** `NAME=value`, `NAME="a value"`; and the old form of ENV, `NAME value`. */
const assignments = [/([\w.-]+)=(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s]*)/g, /(?<=^ENV )([\w.-]+) \S.*$/gi];

/** Whether the value of such a name is never shown. */
export function looksSecret(name: string): boolean {
  return secretName.test(name);
}

/** An instruction as it may be remembered and shown: on one line, cut where it is long, values of secret-looking names left out. */
export function shownText(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const masked = assignments.reduce(
    (shown, assignment) =>
      shown.replace(assignment, (all: string, name: string) =>
        looksSecret(name) ? `${name}${all[name.length]}…` : all,
      ),
    line,
  );
  return masked.length > longest ? `${masked.slice(0, longest)}…` : masked;
}
