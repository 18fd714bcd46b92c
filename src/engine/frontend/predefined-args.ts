/** Reach RUN without an ARG; neither in the history nor in the key. https://docs.docker.com/reference/dockerfile/#predefined-args */
const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/** `NAME=value` of the proxies among the build arguments, in a fixed order. */
export function proxyEnv(buildArgs: Readonly<Record<string, string>>): readonly string[] {
  return proxies.flatMap((name) => (buildArgs[name] === undefined ? [] : [`${name}=${buildArgs[name]}`]));
}
