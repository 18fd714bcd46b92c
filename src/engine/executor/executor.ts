import type { Socket } from 'node:net';
import type { Platform } from '../../oci/platform.ts';
import type { Emulation } from './emulation.ts';
import type { ExecutorName } from './executor-name.ts';
import type { Lack } from './lack.ts';
import type { Limit } from './limit.ts';
import type { LentTerminal } from './terminal.ts';
import type { ExecutorTools } from './tools.ts';
import type { Ulimit } from './ulimits.ts';

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
export type Mount = PlainMount | SocketMount | FileMount;

/** What the kernel mounts by itself. */
export type PlainMount =
  | { readonly type: 'bind'; readonly source: string; readonly target: string; readonly readonly: boolean }
  | {
      readonly type: 'tmpfs';
      readonly target: string /** Bytes; absent means the kernel's default. */;
      readonly size?: number | undefined;
    };

/** A file with this content, for this process alone: only for executors without mounts, which write it into the root. */
export interface FileMount {
  readonly type: 'file';
  readonly target: string;
  readonly content: string | Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A listening socket, made for this process alone. Executors without mounts have it as well. */
export interface SocketMount {
  readonly type: 'socket';
  readonly target: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  /** Is given whoever connects to it. */
  readonly onConnection: (connection: Socket) => void;
}

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
  /** Somebody chose the host name: whoever cannot set it refuses. */
  readonly isNamed?: boolean | undefined;
  /** More lines of /etc/hosts. */
  readonly hosts?: readonly { readonly name: string; readonly ip: string }[] | undefined;
  /** Bytes of /dev/shm; 64 MiB if not given. */
  readonly shmSize?: number | undefined;
  readonly ulimits?: readonly Ulimit[] | undefined;
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

/** What each executor is made from. */
export interface ExecutorOptions {
  /** Existing directory of this executor alone, on a file system that has FIFOs; what is written there is small. */
  readonly dir: string;
  readonly tools: ExecutorTools;
  /** Asked before each process for the platform it is of. */
  readonly emulation: Emulation;
}

/** One process to run, where, and who hears what it says. */
export interface ExecutorRun {
  /** Absolute path of the mounted root. */
  readonly rootfs: string;
  readonly process: ProcessSpec;
  readonly onOutput: OnOutput;
  /** What it has as standard input, output and error in place of nothing and `onOutput`. */
  readonly terminal?: LentTerminal | undefined;
}

/**
 * A way to run one process in a root filesystem: `namespaces` where the kernel allows them, `chroot` in containers that
 * refuse them. What holds for each is tested in test/engine/executor/executor.test.ts; `engine/machine.ts` has a row for each.
 */
export interface Executor {
  /** As it is chosen: `namespaces`. */
  readonly name: ExecutorName;
  /** Whether processes may have mounts of their own: without, `run` refuses whatever names one but for sockets. */
  readonly hasMounts: boolean;
  /**
   * Runs the process to its end; nothing else may be at work in the root meanwhile. Resolves with the exit status,
   * whatever it is, and with 0 on a terminal; rejects with a FailureError only if the process could not be started, or with the signal's reason when
   * aborted. All that the process started is gone when this settles, and so is every mount and mount point made for it.
   */
  run(order: ExecutorRun, signal: AbortSignal): Promise<ProcessExit>;
  /** What steps of this machine are not kept apart from; empty where everything is as it should be. Tries what it needs to. */
  limits(signal: AbortSignal): Promise<readonly Limit[]>;
  /** What is otherwise than steps may expect and is neither of the two: sentences, for each run once. */
  notices(signal: AbortSignal): Promise<readonly string[]>;
  /** What root of an ordinary container may do and steps of this network may not. */
  lacks(network: ProcessSpec['network'], signal: AbortSignal): Promise<readonly Lack[]>;
}
