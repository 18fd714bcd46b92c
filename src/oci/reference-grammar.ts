/**
 * Regular expressions of names as their sources, to be put together.
 * https://github.com/distribution/reference/blob/v0.6.0/regexp.go
 */
const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const ipv6 = '\\[[a-fA-F0-9:]+\\]';
const pathComponent = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';

/** Host name, IPv4 address or bracketed IPv6 address, and an optional port. */
export const domain = `(?:${domainComponent}(?:\\.${domainComponent})*|${ipv6})(?::[0-9]+)?`;

/** Components of a repository, in lower case, with slashes between them. */
export const path = `${pathComponent}(?:/${pathComponent})*`;

/** Whether the first component of a reference is a host and not a part of the repository. */
export function isHost(component: string): boolean {
  return component === 'localhost' || /[.:]/.test(component);
}
