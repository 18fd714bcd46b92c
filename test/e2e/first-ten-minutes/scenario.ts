import type { Files, Outcome, Rig } from '../../support/rig.ts';

/** What somebody new did, or somebody on call met: run on the real program, and written down. */
export interface Scenario {
  /** Title of its section, which is how the document is taken apart. */
  readonly title: string;
  readonly files?: Files;
  /** Components that the machine must have. */
  readonly needs?: readonly string[];
  /** Serve a registry. */
  readonly registry?: boolean;
  readonly run: (session: Session) => Promise<void>;
  /** Exit status of each command that is shown, in order. */
  readonly statuses: readonly number[];
  /** Each `reason` and `reason file:line:column` of an error, of all commands, sorted. */
  readonly complaints: readonly string[];
}

/** A terminal, in which some commands are shown and others only run. */
export class Session {
  readonly rig: Rig;
  readonly shown: Outcome[] = [];
  #transcript = '';

  constructor(rig: Rig) {
    this.rig = rig;
  }

  /** Runs a command and writes it down. REGISTRY stands for the address of the registry. */
  async show(line: string, registry?: string): Promise<Outcome> {
    const outcome = await this.#run(line, registry);
    this.shown.push(outcome);
    this.#transcript += `$ cip ${line.replaceAll('REGISTRY', 'localhost:5000')}\n`;
    this.#transcript += `${withoutChance(outcome.stderr, registry)}${withoutChance(outcome.stdout, registry)}`;
    if (outcome.status !== 0) this.#transcript += `(exit status ${outcome.status})\n`;
    return outcome;
  }

  /** Runs a command that is not what this is about; it has to succeed. */
  async quietly(line: string, registry?: string): Promise<void> {
    const { status, stderr } = await this.#run(line, registry);
    if (status !== 0) throw new Error(`cip ${line} ended with ${status}: ${stderr}`);
  }

  /** A line for what was done besides running cip. */
  note(text: string): void {
    this.#transcript += `# ${text}\n`;
  }

  transcript(): string {
    return this.#transcript.trim();
  }

  #run(line: string, registry = ''): Promise<Outcome> {
    const words = line.replaceAll('REGISTRY', registry).split(' ');
    return this.rig.cip(...words, { env: { CIP_PROGRESS: 'quiet' } });
  }
}

/** What differs from run to run and from machine to machine. */
function withoutChance(text: string, registry: string | undefined): string {
  return text
    .replaceAll(registry ?? '\0', 'localhost:5000')
    .replace(/127\.0\.0\.1:\d+/g, 'localhost:5000')
    .replace(/sha256:[0-9a-f]{64}/g, 'sha256:…')
    .replace(/\b(?:\d+m)?\d+(?:\.\d+)?m?s\b/g, '0.1s')
    .replace(/linux\/(?:amd64|arm64)/g, 'linux/amd64')
    .replace(/(?:\/[\w.-]+)*\/cip-test-\w+/g, '')
    .replace(/\/store\/logs\/\S+\//g, '/store/logs/…/')
    .replace(/─{4,}/g, '────')
    .replace(/[ \t]+$/gm, '');
}
