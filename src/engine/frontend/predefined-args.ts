/** Reach RUN without an ARG; neither in the history nor in the key. https://docs.docker.com/reference/dockerfile/#predefined-args */
const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

type Values = Readonly<Record<string, string>>;

/**
 * `NAME=value` of the proxies, each in both cases as programs read the one or the other, in a fixed order: what RUN has
 * whatever ENV and ARG say. A build argument beats the setting of the machine, of two cases that which is sorted last; an
 * empty one means none. The settings of the machine leave alone what the `variables` of the stage have.
 */
export function proxyEnv(
  { ofMachine, buildArgs }: { readonly ofMachine: Values; readonly buildArgs: Values },
  variables: ReadonlyMap<string, string>,
): readonly string[] {
  const given = valuesByLowerCase(buildArgs);
  const found = valuesByLowerCase(ofMachine);
  return proxies.flatMap((name) => {
    const lower = name.toLowerCase();
    const value = given.get(lower) ?? (variables.has(name) ? undefined : found.get(lower));
    return value === undefined || value === '' ? [] : [`${name}=${value}`];
  });
}

function valuesByLowerCase(values: Values): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of proxies) if (values[name] !== undefined) found.set(name.toLowerCase(), values[name]);
  return found;
}
