import type { SourceSpan } from '../result.ts';
import type { Report } from './finding.ts';

/** Rules ExposeProtoCasing and ExposeInvalidFormat, of ports with their variables filled in. */
export function checkPorts(ports: readonly string[], at: SourceSpan, report: Report): void {
  for (const port of ports) {
    const parts = port.split(':');
    const [, protocol = ''] = (parts.at(-1) ?? '').split('/');
    if (protocol !== protocol.toLowerCase())
      report('ExposeProtoCasing', at, `the protocol of ${port} is not in lower case`);
    if (parts.slice(0, -1).some((part) => part !== ''))
      report('ExposeInvalidFormat', at, `${port} names an address or a port of the host, which EXPOSE ignores`);
  }
}
