/** One thing that building needs of a machine, tried for real. */
export interface MachineFact {
  /** Stable: `overlay`, `tool-unshare`, `emulation-arm64`. */
  readonly id: string;
  /** `partly`: building works, but something is lost or slower. */
  readonly ok: 'yes' | 'no' | 'partly';
  /** One sentence for a person, no full stop. */
  readonly detail: string;
  /** Command or setting that makes it `yes`. */
  readonly fix?: string | undefined;
}
