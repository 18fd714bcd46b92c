/** Reach RUN without an ARG; neither in the history nor in the key. https://docs.docker.com/reference/dockerfile/#predefined-args */
const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

type Values = Readonly<Record<string, string>>;

/**
 * `NAME=value` of the proxies, each in both cases as programs read the one or the other, in a fixed order. A build
 * argument beats the setting of the machine, lower case beats upper case.
 */
export function proxyEnv(ofMachine: Values, buildArgs: Values): readonly string[] {
  const found = new Map<string, string>();
  for (const values of [ofMachine, buildArgs]) {
    for (const name of proxies) if (values[name] !== undefined) found.set(name.toLowerCase(), values[name]);
  }
  return proxies.flatMap((name) => {
    const value = found.get(name.toLowerCase());
    return value === undefined ? [] : [`${name}=${value}`];
  });
}
