/**
 * What a registry may cost before it is given up: times in milliseconds, sizes in bytes. Each bounds one try. They are
 * generous to slow links and far registries, and end what would otherwise go on for as long as the other side likes.
 */
export interface RegistryLimits {
  /** Until a connection stands, with TLS. Across the world takes a second; a firewall that drops packets never answers. */
  readonly connect: number;
  /** For the question whether a registry answers at all, as a whole: somebody waits, and nothing has been done yet. */
  readonly probe: number;
  /** For a question and all of its short answer: a manifest, a page of tags, a token, an error. */
  readonly document: number;
  /** The same where something is to be changed: registries look at all that a manifest names. */
  readonly change: number;
  /** `leastBytes` of a blob must move in so much time spent waiting for the other side. */
  readonly window: number;
  /** With a window of a minute about 1 KiB/s: a tenth of what a bad mobile connection does. */
  readonly leastBytes: number;
  /** For the rest of an answer that nobody reads, so that its connection can be used again. */
  readonly drain: number;
  /** Until a person is told what is being waited for. */
  readonly notice: number;
}

/**
 * Times in milliseconds, generous to slow lines: `window` with `leastBytes` is what tells a slow transfer from a dead
 * one.
 */
export const defaultLimits: RegistryLimits = {
  connect: 10_000,
  probe: 10_000,
  document: 30_000,
  change: 60_000,
  window: 60_000,
  leastBytes: 64 << 10,
  drain: 1_000,
  notice: 1_000,
};

/** Bytes that may still be on their way out of this machine when the last of them was handed over. */
const inFlight = 4 << 20;
/** Bytes per millisecond of a slow line (10 KiB/s), and of a registry that reads a blob again to confirm it (4 MiB/s). */
const [slowLine, rereading] = [10, 4 << 10] as const;

/** Milliseconds until the answer to a request with so many bytes in its body begins, counted from the last byte. */
export function patienceFor(bytes: number, { change }: RegistryLimits): number {
  return change + Math.min(bytes, inFlight) / slowLine + bytes / rereading;
}
