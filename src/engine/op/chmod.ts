/**
 * The mode that `--chmod` gives to a file that had `mode`. Octal replaces all twelve bits; the symbolic form is chmod(1)'s
 * with an umask of 0. Undefined when the text is neither.
 */
export function applyChmod(text: string, mode: number, isDirectory: boolean): number | undefined {
  if (/^[0-7]{1,5}$/.test(text)) {
    const octal = Number.parseInt(text, 8);
    return octal <= 0o7777 ? octal : undefined;
  }
  let result = mode;
  for (const clause of text.split(',')) {
    const next = applyClause(clause, result, isDirectory);
    if (next === undefined) return undefined;
    result = next;
  }
  return result;
}

/** Whether the text says all bits, so that the mode a file had does not matter. */
export function isOctal(text: string): boolean {
  return /^[0-7]{1,5}$/.test(text);
}

const shifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };
const special: Readonly<Record<string, number>> = { u: 0o4000, g: 0o2000, o: 0o1000 };

function applyClause(clause: string, mode: number, isDirectory: boolean): number | undefined {
  const match = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/.exec(clause);
  if (!match) return undefined;
  const [, who = '', actions = ''] = match;
  const classes = who === '' || who.includes('a') ? ['u', 'g', 'o'] : [...new Set(who)];
  let result = mode;
  for (const [, operator = '', permissions = ''] of actions.matchAll(/([-+=])([ugo]|[rwxXst]*)/g)) {
    for (const name of classes) result = applyAction({ operator, permissions, name, isDirectory }, result);
  }
  return result;
}

function applyAction(
  action: {
    readonly operator: string;
    readonly permissions: string;
    readonly name: string;
    readonly isDirectory: boolean;
  },
  mode: number,
): number {
  const { operator, permissions, name, isDirectory } = action;
  const shift = shifts[name] ?? 0;
  let bits = 0;
  for (const letter of permissions) {
    if (letter === 'r') bits |= 4 << shift;
    else if (letter === 'w') bits |= 2 << shift;
    else if (letter === 'x') bits |= 1 << shift;
    else if (letter === 'X' && (isDirectory || mode & 0o111)) bits |= 1 << shift;
    else if (letter === 's' && name !== 'o') bits |= special[name] ?? 0;
    // Of `o` alone the sticky bit says nothing, as in BSD's setmode(3).
    else if (letter === 't' && name !== 'o') bits |= 0o1000;
    else if (letter in shifts) bits |= ((mode >> (shifts[letter] ?? 0)) & 7) << shift;
  }
  if (operator === '+') return mode | bits;
  if (operator === '-') return mode & ~bits;
  const cleared = mode & ~((7 << shift) | (name === 'o' ? 0 : (special[name] ?? 0)));
  return cleared | bits;
}
