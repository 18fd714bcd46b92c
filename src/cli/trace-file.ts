import { appendFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import type { ProgressEvent, Work } from '../progress.ts';

/** One complete event of the Trace Event Format: times in microseconds since the run began. */
interface TraceSpan {
  readonly name: string;
  readonly cat: 'run' | 'phase' | 'step' | Work['kind'];
  readonly ph: 'X';
  readonly ts: number;
  dur: number;
  readonly pid: number;
  readonly tid: number;
  args: Readonly<Record<string, unknown>>;
}

interface OpenSpan {
  readonly span: TraceSpan;
  /** What it is a part of; the run, if nothing else. */
  readonly parent: string | undefined;
}

type Begun = Pick<TraceSpan, 'name' | 'cat'> & Partial<Pick<TraceSpan, 'tid' | 'ts' | 'args'>> & { parent?: string };

/** The whole run and its phases stand on the first lane. */
const runLane = 1;

/**
 * What happened in a run and when, for chrome://tracing and Perfetto. Spans of one lane (`tid`) never cross: the run and its
 * phases are on the first. What is a part of something lies within it, and on its lane where nothing else is on top there, else
 * on the first lane that is free. What has not ended when the run does ends with it.
 *
 * Until then all that began and ended is in a file beside it, which has no end yet: what a run leaves that was killed. Both
 * programs read that too.
 */
export class TraceFile {
  readonly #path: string;
  readonly #unfinished: string;
  readonly #clock: () => number;
  readonly #pid: number;
  readonly #start: number;
  readonly #spans: TraceSpan[] = [];
  readonly #open = new Map<string, OpenSpan>();
  /** By lane: what is open there, the innermost last. */
  readonly #lanes = new Map<number, string[]>();
  #isAbandoned = false;
  /** Why nothing can be written there. */
  #lost: unknown;

  /** `path` is absolute; `clock` in milliseconds, never backwards. */
  constructor(path: string, { clock, pid }: { readonly clock: () => number; readonly pid: number }) {
    this.#path = path;
    this.#unfinished = `${path}.${pid}.part`;
    this.#clock = clock;
    this.#pid = pid;
    this.#start = clock();
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
        this.#begin(ofImage(image), { name: image, cat: 'image', args: { image, why: event.why } });
        break;
      case 'image-finished':
        this.#end(ofImage(image));
        break;
      case 'image-failed':
        this.#fail(image);
        break;
      case 'step-started':
      case 'step-cached': {
        const isHit = event.type === 'step-cached';
        const why = isHit ? undefined : event.why?.message;
        const args = { image, platform, step: event.step, cache: isHit ? 'hit' : 'miss', why };
        this.#begin(ofStep(event), { name: event.name, cat: 'step', args, parent: ofImage(image) });
        if (isHit) this.#end(ofStep(event));
        break;
      }
      case 'step-finished':
        this.#end(ofStep(event));
        break;
      case 'work-started':
        this.#work(event);
        break;
      case 'work-finished':
        this.#worked(event);
        break;
      case 'blob-progress':
        this.#blob(event);
        break;
      default:
    }
  }

  /** The file is not to be written: it would be in the way of something. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  /** Writes the file whole, or throws and leaves what was there. */
  async write(): Promise<void> {
    if (this.#isAbandoned) return await rm(this.#unfinished, { force: true });
    const ts = this.#time();
    this.#end('phase', ts);
    this.#end('run', ts);
    try {
      await writeFile(this.#unfinished, `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents: this.#spans })}\n`);
      await rename(this.#unfinished, this.#path);
    } catch (error) {
      await rm(this.#unfinished, { force: true });
      throw error;
    }
  }

  #work(event: Extract<ProgressEvent, { type: 'work-started' }>): void {
    const { kind, name, image, platform, step, digest, size } = event;
    const args = { image, platform, step, digest, bytes: size };
    const isWhole = kind === 'image' || kind === 'send';
    this.#begin(ofWork(event), { name, cat: kind, args, ...(isWhole ? {} : this.#parentOf(event)) });
  }

  #worked(event: Extract<ProgressEvent, { type: 'work-finished' }>): void {
    const { digest, size, isFailed } = event;
    const known = { ...(digest && { digest }), ...(size !== undefined && { bytes: size }) };
    this.#end(ofWork(event), this.#time(), { ...known, ...(isFailed && { failed: true }) });
  }

  #blob(event: Extract<ProgressEvent, { type: 'blob-progress' }>): void {
    const { image = '', digest, total, state } = event;
    const id = ofWork({ kind: 'push', name: digest, image });
    const args = { image, digest, bytes: total, ...(state === 'present' && { isThere: true }) };
    // A transfer that failed starts again.
    if (!this.#open.has(id)) this.#begin(id, { name: digest, cat: 'push', args, ...this.#parentOf({ image }) });
    if (state !== 'copying') this.#end(id);
  }

  /** The step that runs, the image that is being sent, or the one that is being built; the first that is open. */
  #parentOf(of: Pick<ProgressEvent, 'image' | 'platform'> & { readonly step?: string }): { readonly parent?: string } {
    const { image = '', step } = of;
    const sent = ofWork({ kind: 'send', name: image, image });
    const ids = [...(step === undefined ? [] : [ofStep({ ...of, step })]), sent, ofImage(image)];
    const parent = ids.find((id) => this.#open.has(id));
    return parent === undefined ? {} : { parent };
  }

  #fail(image: string): void {
    for (const [id, { span }] of [...this.#open].reverse())
      if (span.args['image'] === image) this.#end(id, this.#time(), { failed: true });
  }

  #begin(id: string, { name, cat, parent, ts = this.#time(), args = {}, tid = this.#laneFor(parent) }: Begun): void {
    this.#end(id, ts);
    const span: TraceSpan = { name, cat, ph: 'X', ts, dur: 0, pid: this.#pid, tid, args };
    this.#lanes.set(tid, [...(this.#lanes.get(tid) ?? []), id]);
    this.#open.set(id, { span, parent: tid === runLane ? undefined : parent });
    this.#spans.push(span);
    this.#keep({ ...span, ph: 'B' });
  }

  /** With it ends what is a part of it; `more` is what is known by then. */
  #end(id: string, at = this.#time(), more: TraceSpan['args'] = {}): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    for (const [inner, { parent }] of [...this.#open].reverse())
      if (inner !== id && (parent === id || id === 'run')) this.#end(inner, at);
    const { span } = open;
    span.dur = at - span.ts;
    span.args = { ...span.args, ...more };
    this.#open.delete(id);
    this.#lanes.set(
      span.tid,
      this.#lanes.get(span.tid)!.filter((one) => one !== id),
    );
    this.#keep({ ...span, ph: 'E', ts: at });
  }

  #laneFor(parent: string | undefined): number {
    const tid = parent === undefined ? undefined : this.#open.get(parent)?.span.tid;
    if (tid !== undefined && this.#lanes.get(tid)?.at(-1) === parent) return tid;
    let lane = runLane;
    while ((this.#lanes.get(lane)?.length ?? 0) > 0) lane++;
    return lane;
  }

  /** At once, whatever happens next. Where that cannot be written, nor can the whole file, which is told in the end. */
  #keep({ dur: _, ...event }: Omit<TraceSpan, 'ph'> & { readonly ph: 'B' | 'E' }): void {
    if (this.#lost !== undefined) return;
    try {
      const isFirst = event.ph === 'B' && event.cat === 'run';
      appendFileSync(this.#unfinished, `${isFirst ? '[\n' : ',\n'}${JSON.stringify(event)}`, {
        flag: isFirst ? 'w' : 'a',
      });
    } catch (error) {
      this.#lost = error;
    }
  }

  #time(): number {
    return Math.round((this.#clock() - this.#start) * 1000);
  }
}

function ofImage(image: string): string {
  return ofWork({ kind: 'image', name: image, image });
}

function ofStep({
  image,
  platform,
  step,
}: Pick<ProgressEvent, 'image' | 'platform'> & { readonly step: string }): string {
  return idOf(['step', image, platform, step]);
}

function ofWork({ kind, name, image, platform, step }: Pick<ProgressEvent, 'image' | 'platform'> & Work): string {
  return idOf([kind, image, platform, step, name]);
}

/** Names may have anything in them. */
function idOf(parts: readonly (string | undefined)[]): string {
  return JSON.stringify(parts);
}
