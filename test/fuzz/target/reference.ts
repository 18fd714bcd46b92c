import { parseReference } from '../../../src/oci/reference.ts';
import { pumped } from '../generators.ts';
import { target } from '../target.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

export const reference = target({
  name: 'reference',
  input: pumped([
    'a',
    'b1',
    'A',
    '-',
    '_',
    '__',
    '.',
    '/',
    ':',
    '@',
    '5000',
    'localhost',
    '[::1]',
    'sha256:',
    digest,
    'é',
  ]),
  run: parseReference,
  rows: [
    { title: 'a tag and a digest', input: () => `localhost:5000/a/b:1.0.0@${digest}`, want: 'value' },
    { title: 'nothing', input: () => '', want: ['reference-empty'] },
    { title: '64 KiB of dashes in a name', input: () => `a${'-'.repeat(65_000)}!`, want: ['reference-malformed'] },
    { title: '64 KiB of components', input: () => `${'a/'.repeat(32_000)}!`, want: ['reference-malformed'] },
  ],
});
