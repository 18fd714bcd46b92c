import type { Readable } from 'node:stream';
import type { OpenTerminal, TerminalSize, Terminals, TerminalUser } from '../engine/executor/terminal.ts';
import { FailureError } from '../result.ts';
import { contradictoryOptions, shellNeedsTerminal } from './failure.ts';
import type { OptionValues } from './options.ts';
import { visibleLine } from './render/visible.ts';
import type { Surroundings } from './surroundings.ts';

/** Standard input where it is a terminal. */
type Keyboard = Readable & { readonly isTTY?: boolean; setRawMode(isRaw: boolean): unknown };

/**
 * The terminal that cip was started at, to be lent to a step that fails; undefined where it is not to be. `hold` keeps everyone else
 * from writing until what it returns is called. Throws FailureError where there is none, or more is to be done after a failure.
 */
export function terminalFor(
  { onFail, keepGoing }: Partial<OptionValues<'onFail' | 'keepGoing'>>,
  { input, stdout, env }: Pick<Surroundings, 'input' | 'stdout' | 'env'>,
  hold: () => () => void,
): Terminals | undefined {
  if (onFail !== 'shell') return undefined;
  if (keepGoing) throw new FailureError(contradictoryOptions('--on-fail=shell', '--keep-going'));
  const keyboard = input() as Keyboard;
  if (!keyboard.isTTY || !stdout.isTTY) throw new FailureError(shellNeedsTerminal());
  return {
    open: async (why, user) =>
      new OwnTerminal({ keyboard, stdout, type: env['TERM'] ?? 'dumb' }, hold(), { why, user }),
  };
}

interface Devices {
  readonly keyboard: Keyboard;
  readonly stdout: NodeJS.WriteStream;
  readonly type: string;
}

/** From its making to `close()` each key goes to the user of it, also those that end programs. */
class OwnTerminal implements OpenTerminal {
  readonly type: string;
  readonly #devices: Devices;
  readonly #user: TerminalUser;
  readonly #release: () => void;
  readonly #onData = (bytes: Buffer) => this.#user.typed(bytes);
  readonly #onResize = () => this.#user.resized(this.size);

  constructor(
    devices: Devices,
    release: () => void,
    { why, user }: { readonly why: readonly string[]; readonly user: TerminalUser },
  ) {
    const { keyboard, stdout, type } = devices;
    this.type = type;
    this.#devices = devices;
    this.#release = release;
    this.#user = user;
    stdout.write(why.map((line) => `${visibleLine(line)}\n`).join(''));
    keyboard.setRawMode(true);
    keyboard.on('data', this.#onData);
    stdout.on('resize', this.#onResize);
  }

  get size(): TerminalSize {
    const { columns, rows } = this.#devices.stdout;
    return { columns: columns || 80, rows: rows || 24 };
  }

  write(bytes: Uint8Array): void {
    this.#devices.stdout.write(bytes);
  }

  close(): void {
    const { keyboard, stdout } = this.#devices;
    keyboard.off('data', this.#onData);
    stdout.off('resize', this.#onResize);
    keyboard.setRawMode(false);
    keyboard.pause();
    this.#release();
  }
}
