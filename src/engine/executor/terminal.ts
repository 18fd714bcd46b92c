import { PassThrough, type Readable } from 'node:stream';

/** In characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Who is told what happens at a terminal. */
export interface TerminalUser {
  typed(bytes: Uint8Array): void;
  resized(size: TerminalSize): void;
}

/** A terminal that is lent to one user at a time: each key goes there as it is. */
export interface OpenTerminal {
  /** As TERM has it. */
  readonly type: string;
  readonly size: TerminalSize;
  write(bytes: Uint8Array): void;
  /** Gives it back. */
  close(): void;
}

/** Whoever has a terminal to lend. */
export interface Terminals {
  /** `why` is shown first, lines of it. Resolves when it is lent. */
  open(why: readonly string[], user: TerminalUser): Promise<OpenTerminal>;
}

/** The terminal of one process: what is typed waits until the process reads it. */
export class ProcessTerminal implements TerminalUser {
  readonly #input = new PassThrough();
  #onResized: (size: TerminalSize) => void = () => {};

  get input(): Readable {
    return this.#input;
  }

  typed(bytes: Uint8Array): void {
    this.#input.write(bytes);
  }

  resized(size: TerminalSize): void {
    this.#onResized(size);
  }

  /** The last one that asks is told. */
  onResized(tell: (size: TerminalSize) => void): void {
    this.#onResized = tell;
  }
}

/** What a process on a terminal is run with. */
export interface LentTerminal {
  readonly terminal: Pick<OpenTerminal, 'size' | 'type' | 'write'>;
  readonly user: ProcessTerminal;
}
