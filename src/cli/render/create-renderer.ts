import type { Colors } from '../colors.ts';
import type { OptionValues } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Renderer } from './renderer.ts';
import { visibleLine } from './visible.ts';

type ProgressOptions = OptionValues<'progress' | 'quiet' | 'verbose'>;
type RendererOptions = Partial<ProgressOptions & OptionValues<'onFail'>>;

/** How progress is shown: `tty` redraws lines, `plain` and `json` only add them. */
export type ProgressMode = 'tty' | 'plain' | 'json' | 'quiet';

/** Failures are reported at the end as always. */
const silent: Renderer = { begin() {}, emit() {}, async close() {} };

/** Milliseconds between two signs of life in plain progress. */
const heartbeat = 30_000;
/** As long as timers take: nobody writes into a shell. */
const never = 2 ** 31 - 1;

/** The renderer that the options ask for; the code of the others is not loaded. */
export async function createRenderer(
  { progress = 'auto', quiet = false, verbose = 0, onFail }: RendererOptions,
  { env, stderr, now }: Surroundings,
  colors: Colors,
): Promise<Renderer> {
  const write = (text: string) => void stderr.write(text);
  switch (progressMode({ progress, quiet, verbose }, env, stderr.isTTY)) {
    case 'tty':
      return withVisibleText(new (await import('./live.ts')).LiveRenderer({ stream: stderr, now, colors }));
    case 'plain': {
      const { foldingOf, PlainRenderer } = await import('./plain.ts');
      const alive = onFail === 'shell' ? never : heartbeat;
      const folding = foldingOf(env);
      return withVisibleText(new PlainRenderer({ write, now, colors, verbose, folding, heartbeat: alive }));
    }
    case 'json':
      return (await import('./json.ts')).jsonRenderer(write, now);
    case 'quiet':
      return silent;
  }
}

/**
 * `auto` is `tty` on a terminal that can move its cursor, outside of CI; elsewhere, and where steps are to be shown in
 * full, it is `plain`.
 */
export function progressMode(
  { progress, quiet, verbose }: ProgressOptions,
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): ProgressMode {
  if (quiet) return 'quiet';
  if (progress !== 'auto') return progress;
  return isTerminal && env['TERM'] !== 'dumb' && !env['CI'] && verbose === 0 ? 'tty' : 'plain';
}

/** Names and messages hold text of Dockerfiles, files and registries. Output of steps is cut into lines before. */
function withVisibleText(renderer: Renderer): Renderer {
  return {
    begin: (run) => renderer.begin({ ...run, title: visibleLine(run.title) }),
    emit: (event) => renderer.emit(event.type === 'step-output' ? event : oneLine(event)),
    close: () => renderer.close(),
  };
}

function oneLine<T extends object>(event: T): T {
  const line = (value: unknown): unknown => {
    if (typeof value === 'string') return visibleLine(value);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? oneLine(value) : value;
  };
  return Object.fromEntries(Object.entries(event).map(([name, value]) => [name, line(value)])) as T;
}
