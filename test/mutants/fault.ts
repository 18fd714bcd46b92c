/** A mistake planted in the program on purpose, and the tests that must notice. */
export interface Fault {
  /** What is wrong with the program then: `a version tag is set before its manifest is there`. */
  readonly name: string;
  /** The source that is changed: `src/orchestrator/publish/set-tags.ts`. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  /** What stands there instead. */
  readonly replace: string;
  /** Test files, one of which must fail: `test/orchestrator/publish/publish.test.ts`. */
  readonly tests: readonly string[];
  /** Only the tests with such a name, as `node --test --test-name-pattern` takes it. */
  readonly only?: string;
}
