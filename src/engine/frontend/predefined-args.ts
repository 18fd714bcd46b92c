import { formatPlatform, type Platform } from '../../oci/platform.ts';

/** Reach RUN without an ARG; neither in the history nor in the key. https://docs.docker.com/reference/dockerfile/#predefined-args */
const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/** `NAME=value` of the proxies among the build arguments, in a fixed order. */
export function proxyEnv(buildArgs: Readonly<Record<string, string>>): readonly string[] {
  return proxies.flatMap((name) => (buildArgs[name] === undefined ? [] : [`${name}=${buildArgs[name]}`]));
}

/** Global arguments that are there without an ARG above FROM. A stage must still declare them. */
export function platformArgs(
  target: Platform,
  build: Platform,
  targetStage: string | undefined,
): Readonly<Record<string, string>> {
  return { ...describe('TARGET', target), ...describe('BUILD', build), TARGETSTAGE: targetStage ?? 'default' };
}

function describe(prefix: string, platform: Platform): Record<string, string> {
  return {
    [`${prefix}PLATFORM`]: formatPlatform(platform),
    [`${prefix}OS`]: platform.os,
    [`${prefix}OSVERSION`]: '',
    [`${prefix}ARCH`]: platform.architecture,
    [`${prefix}VARIANT`]: platform.variant ?? '',
  };
}
