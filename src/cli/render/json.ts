import type { ProgressEvent } from '../../progress.ts';
import type { Renderer } from './renderer.ts';
import { visible } from './visible.ts';

/** For machines: one JSON object per line, each with the `time` it happened (RFC 3339). */
export function jsonRenderer(write: (text: string) => void, now: () => number): Renderer {
  const line = (event: ProgressEvent | { type: 'run-started'; title: string; images: readonly string[] }) =>
    write(`${visible(JSON.stringify({ time: new Date(now()).toISOString(), ...event }))}\n`);
  return {
    begin: ({ title, images }) => line({ type: 'run-started', title, images }),
    emit: line,
    async close() {},
  };
}
