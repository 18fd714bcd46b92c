/** What of a request changes when it is sent on. */
export interface RedirectedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the body goes along. */
  readonly keepsBody: boolean;
}

/** One request follows no more of them: longer chains are loops. */
export const maxRedirects = 10;

/** The statuses that name another address; 304 and 300 are none of them. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** Headers that are for one server and nobody else. */
const personal = new Set(['authorization', 'cookie', 'proxy-authorization']);

/**
 * The request that a redirect asks for. Credentials go along only to the same scheme, host and port. The method
 * stays, but for 303. https://www.rfc-editor.org/rfc/rfc9110#section-15.4
 */
export function redirected(
  request: { readonly method: string; readonly url: URL; readonly headers: Readonly<Record<string, string>> },
  status: number,
  location: string,
): RedirectedRequest {
  const url = new URL(location, request.url);
  const turnsToGet = status === 303 && request.method !== 'HEAD';
  const isSameServer = url.origin === request.url.origin;
  const kept = Object.entries(request.headers).filter(([name]) => isSameServer || !personal.has(name.toLowerCase()));
  return {
    method: turnsToGet ? 'GET' : request.method,
    url,
    headers: Object.fromEntries(kept),
    keepsBody: !turnsToGet,
  };
}

/** Whether it is an address of the web at all, without a user in it: none of `file:`, `gopher:`, `unix:`. */
export function isWeb({ protocol, username, password }: URL): boolean {
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}

/** Whether following would send in the clear what was asked for under cover. */
export function isDowngrade(from: URL, to: URL): boolean {
  return from.protocol === 'https:' && to.protocol !== 'https:';
}
