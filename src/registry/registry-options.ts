import type { RegistryLimits } from './limits.ts';

/** What a client of registries is made from. Plain data that may cross to a worker, but for `hooks`. */
export interface RegistryOptions {
  /** Absolute path of Docker's config.json (or podman's auth.json): credentials and their helpers. May not exist. */
  readonly dockerConfig?: string | undefined;
  /**
   * `host[:port]` as in references. They are spoken to over http; where http is refused, over https with whatever
   * certificate. Loopback hosts need no mention: http, else https with a certificate that is checked.
   */
  readonly insecureRegistries: readonly string[];
  /** Certificates in PEM to trust besides those Node brings. */
  readonly ca?: string | undefined;
  /** Tries after the first one: 4 makes at most five, with pauses of about 1, 2, 4 and 8 seconds. */
  readonly retries: number;
  /** Milliseconds without any sign of life before a connection, an answer or its body is given up. */
  readonly timeoutMs: number;
  readonly userAgent: string;
  /**
   * The whole environment: credential helpers are programs of the user and read what they like of it. The client itself
   * reads HTTP_PROXY, HTTPS_PROXY, NO_PROXY and CIP_REGISTRY_TOKEN_<HOST>.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Bytes. Blobs above it are pushed in chunks that can be resumed; 512 MiB if not given. */
  readonly chunkAbove?: number | undefined;
  /** Bytes of one chunk; 64 MiB if not given. */
  readonly chunkSize?: number | undefined;
  /** Instead of those in limits.ts. */
  readonly limits?: Partial<RegistryLimits> | undefined;
  readonly hooks?: RegistryHooks | undefined;
}

/** Time and chance, for tests that cannot wait. */
export interface RegistryHooks {
  /** Resolves after so many milliseconds, rejects when the signal aborts. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** From 0 to below 1. */
  readonly random?: () => number;
}
