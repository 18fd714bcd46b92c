/** What becomes of owners where files are put on disk: what is kept there for later runs is for runs with the same. */
export interface DiskOwners {
  /** Whether files can be given to any owner; else all belong to the one who runs cip. */
  readonly areKept: boolean;
  /** Differs where the same owner is another id on disk; '' where it is the same number. */
  readonly name: string;
}
