import type { Platform } from '../../oci/platform.ts';

/** Numeric identity of a process, as looked up in the image. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; contains `gid` as well (CVE-2023-25173). */
  readonly additionalGids: readonly number[];
}

/**
 * What is mounted over the root file system for one process. Targets are absolute paths in the root file system;
 * missing ones are created and removed again, and never reach the layer. Applied by depth, then in the order given.
 */
export type Mount =
  | { readonly type: 'bind'; readonly source: string; readonly target: string; readonly readonly: boolean }
  | {
      readonly type: 'tmpfs';
      readonly target: string /** Bytes; absent means the kernel's default. */;
      readonly size?: number | undefined;
    };

/**
 * One process in a root filesystem. Field names are the runtime-spec's `process` where it has them.
 * https://github.com/opencontainers/runtime-spec/blob/v1.2.0/config.md#process
 */
export interface ProcessSpec {
  readonly args: readonly string[];
  /** `NAME=value`, in order. */
  readonly env: readonly string[];
  /** Absolute; created if missing, owned by `user`. */
  readonly cwd: string;
  readonly user: ProcessUser;
  readonly mounts: readonly Mount[];
  /**
   * `none` has only a loopback interface; `host` is the network of the machine; `default` is one with a way out of it where
   * the machine has a helper for that, else that of the machine.
   */
  readonly network: 'none' | 'host' | 'default';
  readonly hostname: string;
  /** The foreign one is emulated. */
  readonly platform: Platform;
}

/** `code` is 128 + the signal's number when a signal ended the process. */
export interface ProcessExit {
  readonly code: number;
  readonly signal?: string | undefined;
}

/** Where it gives a promise, nothing more of the stream is read until that is settled. */
export type OnOutput = (stream: 'stdout' | 'stderr', text: string) => unknown;

export interface Executor {
  readonly name: string;
  /**
   * Runs the process to its end in the mounted root `rootfs`. Resolves with the exit status, whatever it is; rejects
   * with a FailureError only if the process could not be started, or with the signal's reason when aborted. All that
   * the process started is gone when this settles, and so is every mount and mount point made for it.
   */
  run(rootfs: string, process: ProcessSpec, onOutput: OnOutput, signal: AbortSignal): Promise<ProcessExit>;
}
