import { join } from 'node:path';

/** The checkout. Tests run both from test/ and from dist/test/; data stays where it lies. */
export const root = join(
  import.meta.dirname,
  ...(import.meta.dirname.includes('/dist/test/') ? ['..', '..', '..'] : ['..', '..']),
);
export const bin = join(root, 'bin', 'cip.js');
