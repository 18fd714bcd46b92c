import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Notice } from '../project/project.ts';
import type { RegistryOptions } from '../registry/registry-options.ts';
import { FailureError } from '../result.ts';
import { noHome, registryCaInvalid, registryCaNotReadable, relativeVariable } from './failure.ts';
import type { OptionValues } from './options.ts';
import { type Surroundings, versionOfCip } from './surroundings.ts';

type Environment = Surroundings['env'];

/**
 * `$CIP_STORE`, else `$XDG_DATA_HOME/cip`, else `~/.local/share/cip`. Absolute; never below `cwd` unless a variable says so, or
 * the store would be part of what is built. Throws FailureError: `no-home`. `ofAccount` gives the
 * home directory that the system has for this account.
 */
export function storeDirectory(env: Environment, cwd: string, ofAccount = homeOfAccount): string {
  if (env['CIP_STORE']) return resolve(cwd, env['CIP_STORE']);
  const data = env['XDG_DATA_HOME'] ?? '';
  if (isAbsolute(data)) return join(data, 'cip');
  const home = homeIn(env, ofAccount);
  if (home === undefined) throw new FailureError(noHome());
  return resolve(cwd, home, '.local', 'share', 'cip');
}

/**
 * What of the environment is passed over for the place of the store. A relative XDG_DATA_HOME is: "All paths set in these
 * environment variables must be absolute." https://specifications.freedesktop.org/basedir-spec/latest/#variables
 */
export function ignoredVariables(env: Environment, directory: string): readonly Notice[] {
  const data = env['XDG_DATA_HOME'] ?? '';
  return env['CIP_STORE'] || data === '' || isAbsolute(data)
    ? []
    : [relativeVariable('XDG_DATA_HOME', data, directory)];
}

/** What clients of registries are made from; throws where the certificates to trust cannot be read. */
export function registryOptions(
  options: Partial<OptionValues<'insecureRegistry' | 'registryCa'>>,
  { env, cwd }: Surroundings,
): RegistryOptions {
  return {
    dockerConfig: dockerConfigFile(env, cwd),
    insecureRegistries: options.insecureRegistry ?? [],
    ...(options.registryCa !== undefined && { ca: readCertificates(resolve(cwd, options.registryCa)) }),
    retries: 4,
    timeoutMs: 30_000,
    userAgent: `cip/${versionOfCip()}`,
    env,
  };
}

/** Docker's `config.json`, or the file of the same form that podman and skopeo share, where that is named. */
function dockerConfigFile(env: Environment, cwd: string): string {
  if (env['REGISTRY_AUTH_FILE']) return resolve(cwd, env['REGISTRY_AUTH_FILE']);
  return resolve(cwd, env['DOCKER_CONFIG'] || join(homeIn(env) ?? '/', '.docker'), 'config.json');
}

function readCertificates(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FailureError(registryCaNotReadable(file), { cause });
  }
  const why = certificatesProblem(text);
  if (why !== undefined) throw new FailureError(registryCaInvalid(file, why));
  return text;
}

/** OpenSSL leaves out without a word what is no PEM, and the next connection fails. Files may have text between certificates. */
function certificatesProblem(text: string): string | undefined {
  const found = text.match(
    /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----.*?(?:-----END [A-Z0-9 ]*CERTIFICATE-----|$)/gs,
  );
  if (found === null) return text.trim() === '' ? 'it is empty' : 'it has no "-----BEGIN CERTIFICATE-----"';
  const bad = found.findIndex((one) => !isCertificate(one));
  return bad < 0 ? undefined : `the certificate number ${bad + 1} of ${found.length} cannot be read`;
}

function isCertificate(pem: string): boolean {
  // OpenSSL's own form, with what it is trusted for behind it: for those who make connections, not for Node's parser.
  if (pem.startsWith('-----BEGIN TRUSTED')) return true;
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

/** Node takes an empty `HOME` for the current directory. */
function homeIn(env: Environment, ofAccount = homeOfAccount): string | undefined {
  return env['HOME'] || ofAccount();
}

function homeOfAccount(): string | undefined {
  try {
    const { homedir } = userInfo();
    return isAbsolute(homedir) ? homedir : undefined;
  } catch {
    // An account without a name, as containers have them.
    return undefined;
  }
}
