/** A path of a context that is not what it was a moment ago. Caught where it can be looked at once more. */
export class ContextMoved extends Error {
  /** Relative to the context. */
  readonly path: string;

  constructor(path: string) {
    super(`${path} of a context changed`);
    this.name = 'ContextMoved';
    this.path = path;
  }
}
