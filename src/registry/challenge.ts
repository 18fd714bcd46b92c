/** One way in which a server lets itself be convinced. */
export interface Challenge {
  /** In lower case: `basic`, `bearer`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const token68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const quoted = /"((?:[^"\\]|\\.)*)"/y;
const blank = /[ \t]*/y;
const separators = /[ \t,]*/y;
const equals = /[ \t]*=[ \t]*/y;

/**
 * Parses the values of `WWW-Authenticate`, in which commas separate both challenges and the parameters of one.
 * What cannot be understood ends the list. https://www.rfc-editor.org/rfc/rfc7235#section-4.1
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let at = 0;
  /** What matches here, which is then passed. */
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(header) ?? undefined;
    if (match !== undefined) at = pattern.lastIndex;
    return match;
  };

  for (;;) {
    take(separators);
    const word = take(token);
    if (word === undefined) return challenges;
    const current = challenges.at(-1);
    if (current !== undefined && take(equals) !== undefined) {
      const value = take(quoted)?.[1]?.replace(/\\(.)/g, '$1') ?? take(token)?.[0];
      if (value === undefined) return challenges;
      current.parameters[word[0].toLowerCase()] ??= value;
      continue;
    }
    challenges.push({ scheme: word[0].toLowerCase(), parameters: {} });
    take(blank);
    // `Negotiate abc==`: a token instead of parameters, of no use here.
    take(token68);
  }
}
