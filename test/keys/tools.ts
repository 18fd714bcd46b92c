import { readFileSync } from 'node:fs';
import { isThere } from '../support/needs.ts';
import type { Entries } from './tree.ts';

/** An image with a shell, for rows that run something; none on a machine without a static busybox. */
export function tools(): Readonly<Record<string, Entries>> {
  if (!isThere('busybox')) return {};
  const dockerfile =
    'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\nENV PATH=/bin\n';
  return { '00-tools': { Dockerfile: dockerfile, busybox: { text: readFileSync('/bin/busybox'), mode: 0o755 } } };
}
