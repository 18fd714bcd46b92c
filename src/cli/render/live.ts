import { Listr, ListrDefaultRendererLogLevels, ListrLogger, ProcessOutput } from 'listr2';
import type { ProgressEvent } from '../../progress.ts';
import type { Colors } from '../colors.ts';
import { byteSize } from './byte-size.ts';
import { duration } from './duration.ts';
import { Lines } from './lines.ts';
import type { Renderer, Run } from './renderer.ts';
import { shortDigest } from './short-digest.ts';
import { visibleOutput } from './visible.ts';

/** What the renderer of a terminal draws on and measures by. */
export interface LiveOptions {
  /** The terminal. */
  readonly stream: NodeJS.WriteStream;
  /** Milliseconds. */
  readonly now: () => number;
  readonly colors: Colors;
}

/** What listr2 lets a running task change about its line. */
interface TaskLine {
  title?: string;
  output?: string;
  skip(message?: string): void;
}

/** One image of the run: a line that listr2 draws for as long as `#run` of it is not settled. */
interface LiveImage {
  readonly name: string;
  readonly steps: Map<string, { readonly name: string; readonly lines: Lines }>;
  /** What is copied of it, by digest; bytes. */
  readonly blobs: Map<string, { readonly done: number; readonly total: number }>;
  readonly ended: Promise<void>;
  readonly end: (error?: Error) => void;
  line?: TaskLine | undefined;
  startedAt?: number;
  /** How long building it took, once it is built. */
  built?: string;
  outcome?: string;
  skipped?: boolean;
}

/** For a terminal: one line per image, moving, with the step that runs and its last output below. */
export class LiveRenderer implements Renderer {
  readonly #options: LiveOptions;
  readonly #images = new Map<string, LiveImage>();
  readonly #messages: string[] = [];
  #run: Promise<unknown> = Promise.resolve();
  #clock: NodeJS.Timeout | undefined;
  #begun = false;
  #lastEvent: Run['lastEvent'] = 'image-finished';

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  begin({ title, images, lastEvent }: Run): void {
    const { stream, colors } = this.#options;
    stream.write(`${title}\n`);
    this.#lastEvent = lastEvent;
    if (images.length === 0) return;
    this.#begun = true;
    const width = Math.max(...images.map((name) => name.length));
    for (const name of images) this.#images.set(name, liveImage(name.padEnd(width)));
    const listr = new Listr(
      [...this.#images.values()].map((image) => ({
        title: image.name,
        task: (_context, line) => this.#draw(image, line),
      })),
      {
        concurrent: true,
        exitOnError: false,
        registerSignalListeners: false,
        rendererOptions: {
          formatOutput: 'truncate',
          collapseSkips: true,
          suffixSkips: false,
          collapseErrors: true,
          showErrorMessage: true,
          logger: new ListrLogger({ useIcons: true, processOutput: new ProcessOutput(stream, stream) }),
          ...(colors.level === 0 && { color: uncoloured }),
        },
        renderer: 'default',
        fallbackRendererCondition: false,
        forceTTY: true,
      },
    );
    this.#run = listr.run();
    this.#clock = setInterval(() => {
      for (const image of this.#images.values()) this.#redraw(image);
    }, 1000);
    this.#clock.unref();
  }

  emit(event: ProgressEvent): void {
    if (event.type === 'notice' || event.type === 'warning') this.#say(event);
    const image = event.image === undefined ? undefined : this.#images.get(event.image);
    if (image === undefined || event.type === 'notice' || event.type === 'warning') return;
    switch (event.type) {
      case 'image-started':
        image.startedAt = this.#options.now();
        break;
      case 'image-skipped':
        image.skipped = true;
        this.#end(image, event.why);
        break;
      case 'image-finished':
        image.steps.clear();
        image.built = duration(event.duration);
        if (this.#lastEvent === 'image-finished') {
          this.#end(image, [image.built, event.digest && shortDigest(event.digest)].filter(Boolean).join('  '));
        }
        break;
      case 'image-pushed':
        this.#end(image, [image.built, shortDigest(event.digest)].filter(Boolean).join('  '));
        break;
      case 'blob-progress':
        image.blobs.set(event.digest, event);
        break;
      case 'image-failed':
        image.outcome = event.message;
        image.end(new Error(titleOf(image, this.#options.now())));
        break;
      case 'step-started':
        image.steps.set(event.step, { name: event.name, lines: new Lines() });
        break;
      case 'step-output': {
        const last = image.steps.get(event.step)?.lines.push(event.text).at(-1);
        if (last !== undefined && image.line !== undefined) image.line.output = visibleOutput(last);
        break;
      }
      case 'step-finished':
        image.steps.delete(event.step);
        break;
    }
    this.#redraw(image);
  }

  async close(): Promise<void> {
    clearInterval(this.#clock);
    for (const image of this.#images.values()) {
      if (image.outcome === undefined) image.skipped = true;
      this.#end(image, image.outcome ?? 'not finished');
    }
    await this.#run;
    this.#begun = false;
    for (const message of this.#messages.splice(0)) this.#options.stream.write(`${message}\n`);
  }

  #draw(image: LiveImage, line: TaskLine): Promise<void> {
    image.line = line;
    this.#redraw(image);
    return image.ended.finally(() => {
      if (image.skipped) line.skip(titleOf(image, this.#options.now()));
      else this.#redraw(image);
    });
  }

  #redraw(image: LiveImage): void {
    if (image.line !== undefined) image.line.title = titleOf(image, this.#options.now());
  }

  #end(image: LiveImage, outcome: string): void {
    image.outcome = outcome;
    image.steps.clear();
    image.end();
  }

  /** While lines move, other text waits for their end. */
  #say({ type, image, message }: Extract<ProgressEvent, { type: 'notice' | 'warning' }>): void {
    const { colors, stream } = this.#options;
    const level = type === 'warning' ? `${colors.yellow('warning:')} ` : '';
    const text = `${level}${image === undefined ? '' : `${image}: `}${message}`;
    if (this.#begun) this.#messages.push(text);
    else stream.write(`${text}\n`);
  }
}

function liveImage(name: string): LiveImage {
  let settle: { resolve: () => void; reject: (error: Error) => void };
  const ended = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // listr2 learns of a failure when it gets to the task; until then nobody else is to be told.
  ended.catch(() => {});
  return {
    name,
    steps: new Map(),
    blobs: new Map(),
    ended,
    end: (error) => (error ? settle.reject(error) : settle.resolve()),
  };
}

function titleOf(image: LiveImage, now: number): string {
  if (image.outcome !== undefined) return `${image.name}  ${image.outcome}`;
  const step = [...image.steps.values()].at(-1);
  const elapsed = image.startedAt === undefined ? undefined : duration(now - image.startedAt);
  const parts = [image.name, image.built ?? elapsed, step?.name, copying(image)].filter((part) => part !== undefined);
  return parts.length === 1 ? `${image.name}  waiting` : parts.join('  ');
}

/** `3.1 MB of 12.4 MB`, while something is copied. */
function copying({ blobs, built, steps }: LiveImage): string | undefined {
  if (steps.size > 0) return undefined;
  const all = [...blobs.values()];
  if (all.length === 0) return built === undefined ? undefined : 'copying';
  const sum = (part: 'done' | 'total') => byteSize(all.reduce((total, blob) => total + blob[part], 0));
  return `${sum('done')} of ${sum('total')}`;
}

const uncoloured = Object.fromEntries(
  Object.values(ListrDefaultRendererLogLevels).map((level) => [level, (text = '') => text]),
);
