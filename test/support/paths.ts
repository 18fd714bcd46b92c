import { join } from 'node:path';

/** The checkout. Tests run both from test/ and from dist/test/; data stays where it lies. */
export const root = join(
  import.meta.dirname,
  ...(import.meta.dirname.includes('/dist/test/') ? ['..', '..', '..'] : ['..', '..']),
);
/** The program that is tested; CIP_TEST_BIN is for comparing with another version of it. */
export const bin = process.env['CIP_TEST_BIN'] ?? join(root, 'bin', 'cip.js');
