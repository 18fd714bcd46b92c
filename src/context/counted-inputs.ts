/**
 * What the key of an image covers besides its context, itself or by the keys of its parents. Triggers of base images that
 * the project does not build are known to no key: they may use nothing else.
 */
export interface CountedInputs {
  /** Names of build arguments. */
  readonly args: readonly string[];
  /** Texts of the ONBUILD triggers that Dockerfiles of the project write. */
  readonly triggers: readonly string[];
  /** References, as Dockerfiles write them with variables filled in. */
  readonly images: readonly string[];
}
