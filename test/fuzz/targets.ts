import { build } from './target/build.ts';
import { dockerfile } from './target/dockerfile.ts';
import { imageConfig, manifestOrIndex } from './target/documents.ts';
import { edn } from './target/edn.ts';
import { expansion } from './target/expansion.ts';
import { layer, layerIndex, tarFile, unpacking } from './target/layers.ts';
import { platform, reference, registryName } from './target/names.ts';
import { ignoreFile, pattern } from './target/patterns.ts';
import type { Target } from './target.ts';

/** Everything that is fuzzed: in slices by `fuzz.test.ts`, for as long as one likes by `npm run fuzz`. */
export const targets: readonly Target[] = [
  build,
  dockerfile,
  edn,
  expansion,
  ignoreFile,
  imageConfig,
  layer,
  layerIndex,
  manifestOrIndex,
  pattern,
  platform,
  reference,
  registryName,
  tarFile,
  unpacking,
];
