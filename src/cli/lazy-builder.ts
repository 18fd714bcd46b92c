import type { Builder } from '../builder.ts';

/** A builder that is made when the first image is to be built; a run with nothing to build never makes it. */
export function lazyBuilder(name: string, make: () => Promise<Builder>): Builder {
  let made: Promise<Builder> | undefined;
  return {
    name,
    async build(request, progress, signal) {
      made ??= make();
      return (await made).build(request, progress, signal);
    },
    async close() {
      // Whoever asked for the build was told if the builder could not be made.
      await (await made?.catch(() => undefined))?.close();
    },
  };
}
