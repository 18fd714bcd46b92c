import { closeSync, readdirSync, readFileSync } from 'node:fs';
import type { Builder } from '../builder.ts';
import type { EngineOptions, EngineSurroundings } from '../engine/engine-options.ts';
import { Channel } from './channel.ts';
import { type FromWorker, sendable, type ToWorker } from './protocol.ts';
import { RemoteTerminal } from './remote-terminal.ts';

/** Milliseconds that running steps get to end when the parent is gone. */
const GRACE = 3000;

/** What the module named by `start` exports. */
interface EngineModule {
  createEngine(options: EngineOptions, surroundings: EngineSurroundings): Promise<Builder>;
}

const channel = new Channel();
const running = new Map<number, { readonly abort: AbortController; readonly done: Promise<void> }>();
const terminal = new RemoteTerminal(send);
let engine: Builder | undefined;

closeInheritedFiles();
process.umask(0o022);
takeGroupOfRoot();
process.on('message', (message: ToWorker) => void receive(message));
process.on('disconnect', () => void end());

/** Root may have another group (newgrp, sg, `docker run -u 0:1000`), and what it makes in an image would have it as well. */
function takeGroupOfRoot(): void {
  if (process.getuid?.() !== 0 || process.getgid?.() === 0) return;
  try {
    process.setgid?.(0);
  } catch {
    // Not with the capabilities that it has; then it may not give files away either.
  }
}

async function receive(message: ToWorker): Promise<void> {
  if (message.type === 'start') await start(message);
  else if (message.type === 'build') build(message);
  else if (message.type === 'probe') await probe(message);
  else if (message.type === 'cancel') cancel(message.id);
  else if (message.type === 'pause') channel.pause();
  else if (message.type === 'resume') channel.resume();
  else if (message.type === 'close') await end();
  else terminal.receive(message);
}

async function start({ module, options }: ToWorker & { type: 'start' }): Promise<void> {
  try {
    const { loadEngineInParts } = await import('../engine/load-parts.ts');
    await loadEngineInParts();
    // biome-ignore lint/plugin: who starts the worker says which engine it runs.
    const { createEngine } = (await import(module)) as EngineModule;
    engine = await createEngine(options, {
      now: () => performance.now(),
      outputTaken: () => channel.taken(),
      terminals: terminal,
    });
    send({ type: 'started' });
  } catch (error) {
    send({ type: 'not-started', error: sendable(error) });
  }
}

async function probe({ order }: ToWorker & { type: 'probe' }): Promise<void> {
  const { probeInside } = await import('./probe-inside.ts');
  send({ type: 'probed', facts: await probeInside(order) });
}

function build({ id, request, watchesWork }: ToWorker & { type: 'build' }): void {
  const abort = new AbortController();
  const progress = {
    watchesWork,
    emit: (event: (FromWorker & { type: 'progress' })['event']) => send({ type: 'progress', id, event }),
  };
  const done = engine!
    .build(request, progress, abort.signal)
    .then(
      (result) => send({ type: 'built', id, result }),
      (error) => send({ type: 'not-built', id, error: sendable(error) }),
    )
    .finally(() => running.delete(id));
  running.set(id, { abort, done });
}

function cancel(id: number): void {
  // What is to end must not wait for a reader.
  channel.resume();
  send({ type: 'cancelling', id });
  running.get(id)?.abort.abort();
}

/** Ends what runs, then itself: with the namespace that this process is the second of, all else ends too. */
async function end(): Promise<void> {
  channel.resume();
  for (const { abort } of running.values()) abort.abort();
  setTimeout(() => process.exit(1), GRACE).unref();
  await Promise.all([...running.values()].map(({ done }) => done));
  await engine?.close();
  process.exit(0);
}

function send(message: FromWorker): void {
  // A parent that is gone needs no news.
  if (process.connected) channel.send(message);
}

/** Files that whoever started the parent has left open would reach every step. What Node opens is closed on exec. */
function closeInheritedFiles(): void {
  const CLOSE_ON_EXEC = 0o2000000;
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd <= 2) continue;
    try {
      const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
      if (flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0) closeSync(fd);
    } catch (error) {
      // The one the directory was read by is closed by now.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
