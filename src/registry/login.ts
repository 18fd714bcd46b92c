/** Which credentials are used, without what is secret in them. */
export interface Login {
  /** Absent where there is only a token. */
  readonly user?: string | undefined;
  /** Where they were found, for people: `~/.docker/config.json`, `docker-credential-pass`, the name of a variable. */
  readonly from: string;
  /** Whether `docker login` replaces them. */
  readonly isRenewable: boolean;
  /** Whether they are sent to the registry as they are, rather than exchanged for a token. */
  readonly isToken: boolean;
}
