/**
 * `8080`, `8080/udp`, `8000-8002/tcp`, and with an address or host port that does not count: `127.0.0.1:80:8080`. Each
 * port as `8080/tcp`; undefined when it is none of these.
 */
export function parsePorts(text: string): readonly string[] | undefined {
  const match = /^(?:.*:)?(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-zA-Z]+))?$/.exec(text);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  const protocol = (match[3] ?? 'tcp').toLowerCase();
  if (!['tcp', 'udp', 'sctp'].includes(protocol) || first > last || last > 65535 || first < 1) return undefined;
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${protocol}`);
}
