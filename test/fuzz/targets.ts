import { dockerfile } from './target/dockerfile.ts';
import { edn } from './target/edn.ts';
import { ignoreFile, pattern } from './target/patterns.ts';
import { reference } from './target/reference.ts';
import type { Target } from './target.ts';

/** Everything that is fuzzed: in slices by `fuzz.test.ts`, for as long as one likes by `npm run fuzz`. */
export const targets: readonly Target[] = [dockerfile, edn, ignoreFile, pattern, reference];
