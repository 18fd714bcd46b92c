/** Ports of one protocol, as EXPOSE names them; both ends belong to them. */
export interface Ports {
  readonly first: number;
  readonly last: number;
  readonly protocol: string;
}

/**
 * `8080`, `8080/udp`, `8000-8002/tcp`, and with an address or host port that does not count: `127.0.0.1:80:8080`.
 * Undefined when it is none of these.
 */
export function parsePorts(text: string): Ports | undefined {
  const match = /^(?:.*:)?(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-zA-Z]+))?$/.exec(text);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  const protocol = (match[3] ?? 'tcp').toLowerCase();
  if (!['tcp', 'udp', 'sctp'].includes(protocol) || first > last || last > 65535 || first < 1) return undefined;
  return { first, last, protocol };
}
