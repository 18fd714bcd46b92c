import type { ProgressEvent } from '../../progress.ts';
import type { Colors } from '../colors.ts';
import { duration } from './duration.ts';
import { Lines } from './lines.ts';
import type { Renderer, Run } from './renderer.ts';
import { shortDigest } from './short-digest.ts';
import { visibleOutput } from './visible.ts';

/** What the renderer of logs writes to, and how much. */
export interface PlainOptions {
  readonly write: (text: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
  readonly colors: Colors;
  /** 1 and more: steps and their output, as they happen. */
  readonly verbose: number;
  /** How this CI folds a block of lines. */
  readonly folding?: Folding | undefined;
  /** Milliseconds between signs of life. */
  readonly heartbeat: number;
}

/** CI systems whose logs can fold the output of a step. */
export type Folding = 'github' | 'gitlab';

interface RunningImage {
  readonly startedAt: number;
  readonly steps: Map<string, RunningStep>;
}

interface RunningStep {
  readonly name: string;
  readonly label: string;
  readonly startedAt: number;
  readonly lines: Lines;
  /** The last of its output, for the block after a failure. */
  readonly tail: string[];
}

/** Lines that a CI shows when their title is clicked. */
interface FoldedBlock {
  readonly title: string;
  readonly lines: readonly string[];
}

/** Lines of a failed step that are kept for its block. */
const tailLength = 200;

/** For logs: append-only, one header and one closing line per image, a sign of life while nothing happens. */
export class PlainRenderer implements Renderer {
  readonly #options: PlainOptions;
  readonly #running = new Map<string, RunningImage>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(options: PlainOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeat);
    this.#heartbeat.unref();
  }

  begin({ title }: Run): void {
    this.#line(title);
  }

  emit(event: ProgressEvent): void {
    const { colors, now, verbose } = this.#options;
    switch (event.type) {
      case 'image-started':
        this.#running.set(event.image, { startedAt: now(), steps: new Map() });
        this.#line(`${tag(event.image)} start ${event.platforms.join(' ')}: ${event.why}`);
        break;
      case 'image-skipped':
        this.#line(colors.dim(`${tag(event.image)} skip: ${event.why}`));
        break;
      case 'image-finished':
        this.#running.delete(event.image);
        this.#line(
          `${tag(event.image)} ${colors.green('ok')} ${duration(event.duration)}${event.digest ? ` ${shortDigest(event.digest)}` : ''}`,
        );
        break;
      case 'image-failed':
        this.#failed(event.image, event.message);
        break;
      case 'image-pushed':
        this.#line(`${tag(event.image)} copied to ${event.reference} ${shortDigest(event.digest)}`);
        break;
      case 'step-started':
        this.#stepStarted(event);
        break;
      case 'step-cached':
        if (verbose > 0) this.#line(colors.dim(`${tag(event.image, event.platform)} ${event.name} cached`));
        break;
      case 'step-output':
        this.#output(event.image, event.step, event.text);
        break;
      case 'step-finished':
        this.#stepFinished(event.image, event.step, event.duration);
        break;
      case 'blob-progress':
        break;
      case 'notice':
        this.#line(`${tag(event.image)} ${event.message}`.trimStart());
        break;
      case 'warning':
        this.#line(`${tag(event.image)} ${colors.yellow('warning:')} ${event.message}`.trimStart());
        break;
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
  }

  #stepStarted(event: Extract<ProgressEvent, { type: 'step-started' }>): void {
    const label = tag(event.image, event.platform);
    const step = { name: event.name, label, startedAt: this.#options.now(), lines: new Lines(), tail: [] };
    this.#stepsOf(event.image).set(event.step, step);
    const why = event.why === undefined ? '' : ` runs again: ${event.why.message}`;
    if (this.#options.verbose > 0) this.#line(`${label} ${event.name}${why}`);
  }

  #output(image: string | undefined, id: string, text: string): void {
    const step = this.#stepsOf(image).get(id);
    if (step !== undefined) this.#outputLines(step, step.lines.push(text));
  }

  #outputLines(step: RunningStep, output: readonly string[]): void {
    const lines = output.map(visibleOutput);
    step.tail.push(...lines);
    if (step.tail.length > tailLength) step.tail.splice(0, step.tail.length - tailLength);
    if (this.#options.verbose > 0) for (const line of lines) this.#line(`${step.label} | ${line}`);
  }

  #stepFinished(image: string | undefined, id: string, milliseconds: number): void {
    const step = this.#stepsOf(image).get(id);
    if (step === undefined) return;
    this.#outputLines(step, step.lines.end());
    this.#stepsOf(image).delete(id);
    if (this.#options.verbose > 0) this.#line(`${step.label} ${step.name} done ${duration(milliseconds)}`);
  }

  /** The closing line; and in a CI that folds, what its unfinished steps said. */
  #failed(image: string, message: string): void {
    const { colors, folding, now, verbose } = this.#options;
    const running = this.#running.get(image);
    this.#running.delete(image);
    const took = running === undefined ? '' : ` ${duration(now() - running.startedAt)}`;
    this.#line(`${tag(image)} ${colors.red('FAILED')}${took}: ${message}`);
    if (folding === undefined || verbose > 0) return;
    for (const step of running?.steps.values() ?? []) {
      this.#outputLines(step, step.lines.end());
      const block = { title: `${step.label} ${step.name}`, lines: step.tail };
      if (step.tail.length > 0) this.#options.write(folded(block, folding, now()));
    }
  }

  #beat(): void {
    const { now } = this.#options;
    const running = [...this.#running].map(([image, { startedAt, steps }]) => {
      const step = [...steps.values()].at(-1);
      return `${image} ${duration(now() - startedAt)}${step === undefined ? '' : `, ${step.name}`}`;
    });
    if (running.length > 0) this.#line(`… ${running.length} running: ${running.join('; ')}`);
  }

  /** Steps may be announced for an image that nobody announced, as when a builder is driven alone. */
  #stepsOf(image = ''): Map<string, RunningStep> {
    const running = this.#running.get(image) ?? { startedAt: this.#options.now(), steps: new Map() };
    this.#running.set(image, running);
    return running.steps;
  }

  #line(text: string): void {
    this.#options.write(`${text}\n`);
  }
}

/** Which fold markers the CI of this environment understands, if any. */
export function foldingOf(env: Readonly<Record<string, string | undefined>>): Folding | undefined {
  if (env['GITHUB_ACTIONS'] === 'true') return 'github';
  return env['GITLAB_CI'] ? 'gitlab' : undefined;
}

/**
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#grouping-log-lines and
 * https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
 */
function folded({ title, lines }: FoldedBlock, folding: Folding, now: number): string {
  if (folding === 'github') return `::group::${title}\n${lines.map(notCommand).join('')}::endgroup::\n`;
  const body = lines.map((line) => `${line}\n`).join('');
  const seconds = Math.floor(now / 1000);
  const name = `cip${`_${title.toLowerCase()}`.replaceAll(/[^a-z0-9]+/g, '_')}`;
  const marker = (edge: 'start' | 'end', options = '') =>
    `\u001b[0Ksection_${edge}:${seconds}:${name}${options}\r\u001b[0K`;
  return `${marker('start', '[collapsed=true]')}${title}\n${body}${marker('end')}\n`;
}

/** The runner takes lines that begin with `::` for commands, and `##[` wherever it stands. */
function notCommand(line: string): string {
  return `| ${line.replaceAll('##[', '## [')}\n`;
}

function tag(image?: string, platform?: string): string {
  return image === undefined ? '' : `[${platform === undefined ? image : `${image} ${platform}`}]`;
}
