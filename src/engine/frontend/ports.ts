/** Ports of one protocol, as EXPOSE names them; both ends belong to them. */
export interface Ports {
  readonly first: number;
  readonly last: number;
  readonly protocol: string;
}

/**
 * `8080`, `8080/udp`, `8000-8002/tcp`, and with an address and ports of the host that do not count:
 * `127.0.0.1:80:8080`, `80:8080`, `[::1]::8080`. Undefined when it is none of these, whatever part of it is wrong.
 */
export function parsePorts(text: string): Ports | undefined {
  const parts = text.split(':');
  const [own = '', host = '', address = ''] = [parts.pop(), parts.pop(), parts.join(':')];
  const [written = '', protocol = ''] = splitAt(own, '/');
  const ports = parseRange(written);
  if (ports === undefined || (address !== '' && !isAddress(withoutBrackets(address)))) return undefined;
  if (!['', 'tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) return undefined;
  if (host !== '') {
    const onHost = parseRange(host);
    const isOne = ports.first === ports.last;
    if (onHost === undefined || (!isOne && onHost.last - onHost.first !== ports.last - ports.first)) return undefined;
  }
  return { ...ports, protocol: protocol === '' ? 'tcp' : protocol.toLowerCase() };
}

function parseRange(text: string): { readonly first: number; readonly last: number } | undefined {
  const [from = '', to] = splitAt(text, '-');
  const first = parsePort(from);
  const last = to === undefined ? first : parsePort(to);
  return first === undefined || last === undefined || first > last ? undefined : { first, last };
}

/** Zeros in front and a plus count for nothing. */
function parsePort(text: string): number | undefined {
  return /^\+?\d+$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
}

function splitAt(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function withoutBrackets(address: string): string {
  return /^\[.*\]$/.test(address) ? address.slice(1, -1) : address;
}

/** IPv4 with dots, or IPv6. */
function isAddress(text: string): boolean {
  if (text.includes(':')) return URL.canParse(`http://[${text}]`);
  const numbers = text.split('.');
  return numbers.length === 4 && numbers.every((one) => /^(?:0|[1-9]\d{0,2})$/.test(one) && Number(one) <= 255);
}
