/**
 * The mode that `--chmod` gives to a file that had `mode`. Octal replaces all twelve bits; the symbolic form is that of BSD's
 * setmode(3) with an umask of 0. Undefined when the text is neither.
 * https://man.freebsd.org/cgi/man.cgi?query=setmode&sektion=3
 */
export function applyChmod(text: string, mode: number, isDirectory: boolean): number | undefined {
  if (isOctal(text)) {
    const octal = Number.parseInt(text, 8);
    return octal <= 0o7777 ? octal : undefined;
  }
  // `X` sees the file as it was before the first clause.
  const isSearchable = isDirectory || (mode & EVERYBODY.x) !== 0;
  let result: number | undefined = mode;
  for (const clause of text.split(',')) {
    result = applyClause(clause, result, isSearchable);
    if (result === undefined) return undefined;
  }
  return result;
}

/** Whether the text says all bits, so that the mode a file had does not matter. */
export function isOctal(text: string): boolean {
  return /^[0-7]+$/.test(text);
}

const STICKY = 0o1000;
const SET_IDS = 0o6000;
const EVERYBODY = { r: 0o444, w: 0o222, x: 0o111 } as const;
const OTHERS = 0o007;
/** Bits that a letter in front of the operator stands for. */
const ALL = 0o6777;
const classes: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: OTHERS, a: ALL };
const shifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

/** `ug+rw-x=u`: letters in front of the first operator, then operators each with letters of its own. */
function applyClause(clause: string, mode: number, isSearchable: boolean): number | undefined {
  const [, letters = '', actions] = /^([ugoa]*)((?:[-+=][ugorwxXst]*)+)$/.exec(clause) ?? [];
  if (actions === undefined) return undefined;
  let who = 0;
  for (const letter of letters) who |= classes[letter] ?? 0;
  let result = mode;
  for (const [, operator = '', permissions = ''] of actions.matchAll(/([-+=])([ugorwxXst]*)/g)) {
    who &= ~STICKY;
    const action = new Action(operator, who, result);
    for (const letter of permissions) action.add(letter, isSearchable);
    result = action.done();
    who = action.who;
  }
  return result;
}

/** An operator and the letters behind it, collected up to one that copies the bits of a class. */
class Action {
  who: number;
  readonly #operator: string;
  #mode: number;
  #bits = 0;
  /** Given after `bits`, and never taken away by `=`. */
  #search = 0;
  #hasSet = false;

  constructor(operator: string, who: number, mode: number) {
    this.#operator = operator;
    this.who = who;
    this.#mode = mode;
  }

  add(letter: string, isSearchable: boolean): void {
    const isOthersAlone = this.who !== 0 && (this.who & ~OTHERS) === 0;
    if (letter === 'r' || letter === 'w' || letter === 'x') this.#bits |= EVERYBODY[letter];
    else if (letter === 'X') this.#addSearch(isSearchable);
    else if (letter === 's' && !isOthersAlone) this.#bits |= SET_IDS;
    else if (letter === 't' && !isOthersAlone) {
      this.who |= STICKY;
      this.#bits |= STICKY;
    } else if (letter in shifts) this.#copy(letter);
  }

  done(): number {
    if (this.#bits !== 0 || !this.#hasSet) this.#flush();
    this.#flushSearch();
    return this.#mode;
  }

  /** What is removed is removed of anything; what is given, to what somebody may search or run. */
  #addSearch(isSearchable: boolean): void {
    if (this.#operator === '-') this.#bits |= EVERYBODY.x;
    else if (isSearchable) this.#search = EVERYBODY.x;
  }

  #flushSearch(): void {
    this.#mode |= this.who === 0 ? this.#search : this.#search & this.who;
    this.#search = 0;
  }

  #flush(): void {
    const bits = this.who === 0 ? this.#bits : this.#bits & this.who;
    if (this.#operator === '=') this.#mode &= ~(this.who === 0 ? ALL : this.who);
    this.#mode = this.#operator === '-' ? this.#mode & ~bits : this.#mode | bits;
    this.#bits = 0;
    this.#hasSet = true;
  }

  /** The bits of one class as they are by now, for all classes in front of the operator. */
  #copy(from: string): void {
    if (this.#bits !== 0) this.#flush();
    this.#flushSearch();
    this.#hasSet = true;
    const value = (this.#mode >> (shifts[from] ?? 0)) & 7;
    for (const shift of Object.values(shifts)) {
      const isMeant = this.who === 0 || (this.who & (4 << shift)) !== 0;
      if (!isMeant) continue;
      if (this.#operator === '=') this.#mode &= ~(7 << shift);
      this.#mode = this.#operator === '-' ? this.#mode & ~(value << shift) : this.#mode | (value << shift);
    }
  }
}
