/** What `launch()` starts. */
export interface LaunchCommand {
  readonly command: readonly string[];
  /**
   * For the standard input of the command. Its file descriptor 3 is what the process is to get as standard error; its
   * own is for complaints, and for the words below.
   */
  readonly script: string;
  /** To be written to the files named by `tableFile`. */
  readonly tables: readonly string[];
}

/** What the script says on standard error when all is set up and the process is about to start. */
export const STARTED = 'cip:started';
/** Said instead, each on a line, when that was what failed. */
export const HOSTNAME_NOT_SET = 'cip:hostname-not-set';
export const LOOPBACK_NOT_UP = 'cip:loopback-not-up';
