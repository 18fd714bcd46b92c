import { rename, rm, writeFile } from 'node:fs/promises';
import type { ProgressEvent } from '../progress.ts';

/** One complete event of the Trace Event Format: times in microseconds since the run began. */
interface TraceSpan {
  readonly name: string;
  readonly cat: 'run' | 'phase' | 'image' | 'step' | 'blob';
  readonly ph: 'X';
  readonly ts: number;
  dur: number;
  readonly pid: number;
  readonly tid: number;
  args: Readonly<Record<string, unknown>>;
}

/** The whole run and its phases stand on the first lane. */
const runLane = 1;

/**
 * What happened in a run and when, for chrome://tracing and Perfetto. Spans of one lane (`tid`) never cross: the run and its
 * phases are on the first, and each image, step and blob is on the first lane that is free when it begins. What has not
 * ended when the run does ends with it.
 */
export class TraceFile {
  readonly #path: string;
  readonly #now: () => number;
  readonly #pid: number;
  readonly #start: number;
  readonly #spans: TraceSpan[] = [];
  readonly #open = new Map<string, TraceSpan>();
  readonly #busy = new Set<number>([runLane]);

  /** `path` is absolute; `now` in milliseconds. */
  constructor(path: string, { now, pid }: { readonly now: () => number; readonly pid: number }) {
    this.#path = path;
    this.#now = now;
    this.#pid = pid;
    this.#start = now();
    // The clock may tick between the two, and both begin where the run does.
    this.#begin('run', { name: 'cip', cat: 'run', tid: runLane, ts: 0 });
    this.#begin('phase', { name: 'look, hash and decide', cat: 'phase', tid: runLane, ts: 0 });
  }

  /** All is decided, and the work begins. */
  begin(title: string): void {
    const ts = this.#time();
    this.#end('phase', ts);
    this.#begin('phase', { name: title, cat: 'phase', tid: runLane, ts });
  }

  emit(event: ProgressEvent): void {
    const { image = '', platform } = event;
    switch (event.type) {
      case 'image-started':
        this.#begin(`image ${image}`, { name: image, cat: 'image', args: { why: event.why } });
        break;
      case 'image-finished':
        this.#end(`image ${image}`);
        break;
      case 'image-failed':
        this.#fail(image);
        break;
      case 'step-started':
        this.#begin(idOf(event), {
          name: event.name,
          cat: 'step',
          args: { image, platform, cache: 'miss', why: event.why?.message },
        });
        break;
      case 'step-cached':
        this.#begin(idOf(event), { name: event.name, cat: 'step', args: { image, platform, cache: 'hit' } });
        this.#end(idOf(event));
        break;
      case 'step-finished':
        this.#end(idOf(event));
        break;
      case 'blob-progress':
        this.#blob(event);
        break;
      default:
    }
  }

  /** Writes the file whole, or throws and leaves what was there. */
  async write(): Promise<void> {
    const ts = this.#time();
    for (const id of [...this.#open.keys()]) this.#end(id, ts);
    const temporary = `${this.#path}.${this.#pid}.part`;
    try {
      await writeFile(temporary, `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents: this.#spans })}\n`);
      await rename(temporary, this.#path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  #blob({ image = '', digest, done, total }: Extract<ProgressEvent, { type: 'blob-progress' }>): void {
    const id = `blob ${image} ${digest}`;
    if (!this.#open.has(id)) this.#begin(id, { name: digest, cat: 'blob', args: { image, bytes: total } });
    if (done >= total) this.#end(id);
  }

  #fail(image: string): void {
    for (const [id, span] of [...this.#open].reverse()) {
      if (span.args['image'] !== image && id !== `image ${image}`) continue;
      span.args = { ...span.args, failed: true };
      this.#end(id);
    }
  }

  #begin(
    id: string,
    {
      name,
      cat,
      tid = this.#freeLane(),
      ts = this.#time(),
      args = {},
    }: Pick<TraceSpan, 'name' | 'cat'> & Partial<TraceSpan>,
  ): void {
    this.#end(id, ts);
    const span: TraceSpan = { name, cat, ph: 'X', ts, dur: 0, pid: this.#pid, tid, args };
    this.#busy.add(tid);
    this.#open.set(id, span);
    this.#spans.push(span);
  }

  #end(id: string, at = this.#time()): void {
    const span = this.#open.get(id);
    if (span === undefined) return;
    span.dur = at - span.ts;
    this.#open.delete(id);
    if (span.tid !== runLane) this.#busy.delete(span.tid);
  }

  #freeLane(): number {
    let lane = runLane;
    while (this.#busy.has(lane)) lane++;
    return lane;
  }

  #time(): number {
    return Math.round((this.#now() - this.#start) * 1000);
  }
}

function idOf({ image = '', platform = '', step }: Extract<ProgressEvent, { readonly step: string }>): string {
  return `step ${image} ${platform} ${step}`;
}
