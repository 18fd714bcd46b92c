import { join, resolve } from 'node:path';
import type { Builder } from '../builder.ts';
import type { OwnersHere } from '../orchestrator/plan/owners-here.ts';
import type { Progress, ProgressEvent } from '../progress.ts';
import type { RegistryClient } from '../registry/registry.ts';
import type { RegistryOptions } from '../registry/registry-options.ts';
import type { RemoteSources } from '../remote/remote-sources.ts';
import type { Failure } from '../result.ts';
import type { Store } from '../store/store.ts';
import { type Colors, colorsFor } from './colors.ts';
import { storeDiskFull, traceNotWritten } from './failure.ts';
import { keptUp } from './kept-up.ts';
import { lazyBuilder } from './lazy-builder.ts';
import { LogFiles, runName } from './log-file.ts';
import { jsonMessages, textMessages } from './messages.ts';
import type { OptionValues } from './options.ts';
import { terminalFor } from './own-terminal.ts';
import { createRenderer } from './render/create-renderer.ts';
import { HeldRenderer } from './render/held.ts';
import type { Renderer } from './render/renderer.ts';
import { visible, visibleButColours } from './render/visible.ts';
import type { FailureGroup, Level } from './report-failure.ts';
import { ignoredVariables, registryOptions, storeDirectory } from './settings.ts';
import { isOfFullDisk } from './shared-failures.ts';
import { sourceReader } from './source-reader.ts';
import type { Surroundings } from './surroundings.ts';
import type { TraceFile } from './trace-file.ts';

/** Everything a command works with. Made here and nowhere else; opened when first used, closed at the end. */
export interface World extends AsyncDisposable {
  readonly surroundings: Surroundings;
  /** Aborts when the person or the machine wants the run to end. */
  readonly signal: AbortSignal;
  readonly renderer: Renderer;
  /** To the renderer and to the log files. */
  readonly progress: Progress;
  readonly logs: LogFiles;
  /** For stdout. */
  readonly colors: Colors;
  readonly registryOptions: RegistryOptions;
  /** Starts its process with the first image that really is to be built. */
  readonly builder: Builder;
  /** Whether RUN steps keep the owners of files on this machine; found out when it is first asked. */
  owners(): Promise<OwnersHere>;
  /** Absolute. */
  readonly storeDirectory: string;
  /** What `--trace` names is something else: there will be none. */
  readonly abandonTrace: () => void;
  /** Writes to stdout: the result that was asked for, and nothing else. */
  print(text: string): void;
  /** Whether anything was. */
  hasPrinted(): boolean;
  /** Writes to stderr, as `messages.ts` has it, unless only errors are wanted there. */
  tell(text: string): void;
  /** The same of what is no error yet. */
  notify(failure: Failure, level: Exclude<Level, 'error'>): void;
  /** Writes to stderr in any case. */
  complain(text: string): void;
  /** What went wrong, in any case. */
  report(failures: readonly Failure[]): void;
  reportGroups(groups: readonly FailureGroup[]): void;
  /** A path as typed, from the directory cip was started in. */
  resolve(path: string): string;
  store(): Promise<Store>;
  /** Images came into the store besides those that are built: its limits are seen to in the end. */
  storeGrew(): void;
  /** One for all of the run: connections and tokens are shared. */
  registryClient(): Promise<RegistryClient>;
  /** What ADD fetches; opened when it is first needed. */
  remoteSources(): Promise<RemoteSources>;
}

/** Options that decide how commands reach people, registries and the kernel; a command has those it needs. */
export type WorldOptions = Partial<
  OptionValues<
    | 'progress'
    | 'color'
    | 'quiet'
    | 'verbose'
    | 'trace'
    | 'insecureRegistry'
    | 'registryCa'
    | 'isolation'
    | 'requireIsolation'
    | 'onFail'
    | 'cacheFrom'
    | 'cacheTo'
    | 'keepGoing'
    | 'cacheMaxSize'
    | 'cacheMaxAge'
    | 'cacheMinFree'
  >
>;

/**
 * Everything a command works with; store, registry client and builder are opened when they are first asked for. Throws
 * FailureError where the certificates of --registry-ca cannot be read.
 */
export async function createWorld(
  surroundings: Surroundings,
  options: WorldOptions,
  signal: AbortSignal,
): Promise<World> {
  const { env, cwd, now, pid, stdout, stderr } = surroundings;
  const colors = colorsFor(options.color ?? 'auto', env, stderr.isTTY);
  const registry = registryOptions(options, surroundings);
  const root = storeDirectory(env, cwd);
  const colorsOfStdout = colorsFor(options.color ?? 'auto', env, stdout.isTTY);
  const trace = options.trace === undefined ? undefined : await openTrace(resolve(cwd, options.trace), surroundings);
  const held = new HeldRenderer(await createRenderer(quietly(options), surroundings, colors));
  const terminals = terminalFor(options, surroundings, () => held.hold());
  const renderer: Renderer = trace === undefined ? held : traced(held, trace);
  const logs = new LogFiles(join(root, 'logs'), runName(now(), pid), (message) =>
    renderer.emit({ type: 'warning', message }),
  );
  const progress: Progress = {
    watchesWork: trace !== undefined,
    emit(event) {
      if (event.type === 'work-started' || event.type === 'work-finished') {
        trace?.emit(event);
        return;
      }
      logs.emit(event);
      renderer.emit(withoutFileOfFullDisk(event, root));
    },
    taken: () => keptUp(stderr),
  };
  let store: Promise<Store> | undefined;
  let hasGrown = false;
  const openStore = () => {
    store ??= import('../store/store.ts').then(({ Store }) => Store.open(root, {}, signal));
    return store;
  };
  let client: Promise<RegistryClient> | undefined;
  const openClient = () => {
    client ??= import('../registry/registry.ts').then(({ RegistryClient }) => new RegistryClient(registry));
    return client;
  };
  let remote: Promise<RemoteSources> | undefined;
  const openRemote = () => {
    remote ??= import('../remote/remote-sources.ts').then(
      async ({ RemoteSources }) => new RemoteSources({ store: await openStore(), registry }),
    );
    return remote;
  };
  const builder = lazyBuilder('embedded', async () => {
    const { createBuilder } = await import('./create-builder.ts');
    hasGrown = true;
    return createBuilder(options, { store: await openStore(), registry, surroundings, terminals });
  });
  let found: Promise<OwnersHere> | undefined;
  const owners = () => {
    found ??= import('./create-builder.ts').then(async ({ ownersOf }) =>
      ownersOf(options, { store: await openStore(), surroundings }),
    );
    return found;
  };
  const messages =
    options.progress === 'json'
      ? jsonMessages((text) => void stderr.write(text), now, cwd)
      : textMessages((text) => void stderr.write(harmless(text, colors)), {
          colors,
          readSource: sourceReader(cwd),
          cwd,
        });
  if (!options.quiet) for (const notice of ignoredVariables(env, root)) messages.failure(notice, notice.level);
  let hasPrinted = false;
  return {
    surroundings,
    signal,
    renderer,
    progress,
    logs,
    colors: colorsOfStdout,
    registryOptions: registry,
    builder,
    owners,
    storeDirectory: root,
    abandonTrace: () => trace?.abandon(),
    print(text) {
      hasPrinted ||= text !== '';
      stdout.write(harmless(text, colorsOfStdout));
    },
    hasPrinted: () => hasPrinted,
    tell: (text) => void (options.quiet || messages.text(text)),
    notify: (failure, level) => void (options.quiet || messages.failure(failure, level)),
    complain: messages.text,
    report: messages.failures,
    reportGroups: messages.groups,
    resolve: (path) => resolve(cwd, path),
    store: openStore,
    storeGrew() {
      hasGrown = true;
    },
    registryClient: openClient,
    remoteSources: openRemote,
    async [Symbol.asyncDispose]() {
      await renderer.close();
      if (hasGrown && !signal.aborted) {
        const { careAfterBuild } = await import('./care-after-build.ts');
        await careAfterBuild(await openStore(), options, { signal, messages, isQuiet: options.quiet ?? false });
      }
      await builder.close();
      await (await client)?.close();
      await (await remote)?.close();
      await (await store?.catch(() => undefined))?.close();
      await trace?.write().catch((error: NodeJS.ErrnoException) => {
        messages.failure(traceNotWritten(options.trace!, error), 'warning');
      });
    },
  };
}

/** The code of it is not loaded where no trace is asked for. */
async function openTrace(path: string, surroundings: Surroundings): Promise<TraceFile> {
  const { TraceFile } = await import('./trace-file.ts');
  return new TraceFile(path, surroundings);
}

/** Lines that are drawn anew would be drawn over a shell. */
function quietly({ progress = 'auto', ...options }: WorldOptions): WorldOptions {
  const isDrawn = progress === 'auto' || progress === 'tty';
  return { ...options, progress: options.onFail === 'shell' && isDrawn ? 'plain' : progress };
}

function traced(renderer: Renderer, trace: TraceFile): Renderer {
  return {
    begin(run) {
      trace.begin(run.title);
      renderer.begin(run);
    },
    emit(event) {
      trace.emit(event);
      renderer.emit(event);
    },
    close: () => renderer.close(),
  };
}

/** A file that was being written when the disk was full is not what a person is to look at. */
function withoutFileOfFullDisk(event: ProgressEvent, storeDirectory: string): ProgressEvent {
  if (event.type !== 'image-failed' || !isOfFullDisk(event)) return event;
  return { ...event, message: storeDiskFull(storeDirectory).message };
}

/** Whatever got into it on the way: what steers a terminal is shown, but for colours where there are any. */
function harmless(text: string, { level }: Colors): string {
  return level === 0 ? visible(text) : visibleButColours(text);
}
