import { join } from 'node:path';
import { root } from '../support/paths.ts';

/** What BuildKit finds in each case: `LINE RULE`, sorted; written by record.ts. */
export const recordedFile = join(root, 'test/lint/buildkit.json');
