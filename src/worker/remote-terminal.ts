import type { OpenTerminal, Terminals, TerminalUser } from '../engine/executor/terminal.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

/** What the parent says of its terminal. */
export type TerminalNews = ToWorker & { readonly type: 'terminal-lent' | 'typed' | 'resized' };

/** In the worker: the terminal that the parent sits at. Keys go over the channel: the worker has no part of it. */
export class RemoteTerminal implements Terminals {
  readonly #send: (message: FromWorker) => void;
  #lent: ((terminal: Pick<OpenTerminal, 'type' | 'size'>) => void) | undefined;
  #user: TerminalUser | undefined;

  constructor(send: (message: FromWorker) => void) {
    this.#send = send;
  }

  async open(why: readonly string[], user: TerminalUser): Promise<OpenTerminal> {
    const lent = new Promise<Pick<OpenTerminal, 'type' | 'size'>>((resolve) => {
      this.#lent = resolve;
    });
    this.#user = user;
    this.#send({ type: 'terminal-open', why });
    return {
      ...(await lent),
      write: (bytes) => this.#send({ type: 'terminal-output', bytes: Buffer.from(bytes).toString('base64') }),
      close: () => {
        this.#user = undefined;
        this.#send({ type: 'terminal-close' });
      },
    };
  }

  receive(news: TerminalNews): void {
    if (news.type === 'terminal-lent') this.#lent?.(news.terminal);
    else if (news.type === 'typed') this.#user?.typed(Buffer.from(news.bytes, 'base64'));
    else this.#user?.resized(news.size);
  }
}

/** What a worker asks of a terminal. */
export type TerminalWish = FromWorker & { readonly type: 'terminal-open' | 'terminal-output' | 'terminal-close' };

/** In the parent: lends its terminal to the worker. */
export class LentToWorker {
  readonly #terminals: Terminals | undefined;
  readonly #send: (message: ToWorker) => void;
  #open: Promise<OpenTerminal> | undefined;

  constructor(terminals: Terminals | undefined, send: (message: ToWorker) => void) {
    this.#terminals = terminals;
    this.#send = send;
  }

  receive(wish: TerminalWish): void {
    if (wish.type === 'terminal-open') {
      const user: TerminalUser = {
        typed: (bytes) => this.#send({ type: 'typed', bytes: Buffer.from(bytes).toString('base64') }),
        resized: (size) => this.#send({ type: 'resized', size }),
      };
      this.#open = this.#terminals?.open(wish.why, user);
      void this.#open?.then(({ type, size }) => this.#send({ type: 'terminal-lent', terminal: { type, size } }));
    } else if (wish.type === 'terminal-output') {
      void this.#open?.then((terminal) => terminal.write(Buffer.from(wish.bytes, 'base64')));
    } else this.close();
  }

  /** Whatever has become of the worker. */
  close(): void {
    const open = this.#open;
    this.#open = undefined;
    void open?.then((terminal) => terminal.close());
  }
}
