import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgressEvent } from '../progress.ts';
import { duration } from './render/duration.ts';
import { Lines } from './render/lines.ts';

/** Runs whose logs are kept. */
const keptRuns = 20;

interface LoggedStep {
  readonly number: number;
  readonly lines: Lines;
}

/**
 * Full logs of one run, one file per image. Lines of steps that run side by side are told apart by a number:
 *
 *     <store>/logs/
 *     └── 2026-11-21T09-30-00-4711/     start (UTC) and process of the run
 *         └── node-dev.log
 *
 * Written as it happens, so that a killed run leaves what it said. Nothing is created for a run in which no step ran.
 */
export class LogFiles {
  readonly #logs: string;
  readonly #directory: string;
  readonly #warn: (message: string) => void;
  readonly #steps = new Map<string, LoggedStep>();
  readonly #images = new Set<string>();
  #given = 0;
  #broken = false;

  /**
   * `logs`: the directory of all runs; `run`: the name of this one, later runs sorting behind earlier ones.
   * A log that cannot be written is no reason to stop a build: `warn` is told, once.
   */
  constructor(logs: string, run: string, warn: (message: string) => void) {
    this.#logs = logs;
    this.#directory = join(logs, run);
    this.#warn = warn;
  }

  /** Where the log of an image is; undefined if nothing was written for it. */
  pathFor(image: string): string | undefined {
    return this.#images.has(image) ? this.#path(image) : undefined;
  }

  /** Those of all images for which something was written. */
  paths(): readonly string[] {
    return [...this.#images].map((image) => this.#path(image));
  }

  emit(event: ProgressEvent): void {
    if (event.type === 'step-started') {
      this.#given += 1;
      this.#steps.set(key(event), { number: this.#given, lines: new Lines() });
      const platform = event.platform === undefined ? '' : `${event.platform} `;
      this.#write(event.image, [`#${this.#given} ${platform}${event.name}`]);
    } else if (event.type === 'step-output') {
      const step = this.#steps.get(key(event));
      if (step !== undefined) this.#write(event.image, numbered(step, step.lines.push(event.text)));
    } else if (event.type === 'step-finished') {
      this.#end(event.image, key(event), `done ${duration(event.duration)}`);
    } else if (event.type === 'image-failed') {
      const ofImage = [...this.#steps.keys()].filter((id) => id.startsWith(key({ image: event.image, step: '' })));
      for (const id of ofImage) this.#end(event.image, id, 'not finished');
      if (this.#images.has(event.image)) this.#write(event.image, [`failed: ${event.message}`]);
    }
  }

  #end(image: string | undefined, id: string, how: string): void {
    const step = this.#steps.get(id);
    if (step === undefined) return;
    this.#write(image, numbered(step, [...step.lines.end(), how]));
    this.#steps.delete(id);
  }

  #write(image = 'all', lines: readonly string[]): void {
    if (this.#broken || lines.length === 0) return;
    try {
      if (this.#images.size === 0) this.#begin();
      appendFileSync(this.#path(image), `${lines.join('\n')}\n`);
      this.#images.add(image);
    } catch (error) {
      this.#broken = true;
      this.#warn(`no full logs of this run: ${(error as Error).message}`);
    }
  }

  /** Makes this run's directory, and room for it. */
  #begin(): void {
    mkdirSync(this.#directory, { recursive: true });
    const runs = readdirSync(this.#logs).sort();
    for (const old of runs.slice(0, Math.max(0, runs.length - keptRuns))) {
      rmSync(join(this.#logs, old), { recursive: true, force: true });
    }
  }

  #path(image: string): string {
    return join(this.#directory, `${image.replaceAll('/', '_')}.log`);
  }
}

/** Names the run that starts at `now` (milliseconds) in process `pid`. */
export function runName(now: number, pid: number): string {
  return `${new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')}-${pid}`;
}

function key({ image, step }: { readonly image?: string | undefined; readonly step: string }): string {
  return `${image ?? ''}\n${step}`;
}

function numbered(step: LoggedStep, lines: readonly string[]): string[] {
  return lines.map((line) => `#${step.number} ${line}`.trimEnd());
}
