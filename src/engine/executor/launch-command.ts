/** What `launch()` starts. */
export interface LaunchCommand {
  readonly command: readonly string[];
  /**
   * For the standard input of the command. Its file descriptor 3 is what the process is to get as standard error; its
   * own is for complaints, and for the word below.
   */
  readonly script: string;
  /** To be written to the files named by `tableFile`. */
  readonly tables: readonly string[];
  /** To be written to the file that `gateTable` names. */
  readonly gate: Buffer;
}

/** Names of files in a directory of one run. */
export interface LaunchFiles {
  readonly table: (index: number) => string;
  readonly gateTable: string;
}

/** What the gate says on the script's standard error when all is set up and the process is about to start. */
export const STARTED = 'cip:started';
