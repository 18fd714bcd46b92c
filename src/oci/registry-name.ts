import { failed, ok, type Result } from '../result.ts';
import {
  type RegistryNameFailure,
  registryEmpty,
  registryHostAmbiguous,
  registryMalformed,
  registrySchemeUnsupported,
} from './failure.ts';
import { domain, isHost, path } from './reference-grammar.ts';

/** Where images of a project are kept: a registry, and the path below which its repositories lie. */
export interface RegistryName {
  /** Host and optional port: the `registry` of a Reference. */
  readonly host: string;
  /** `group/project` as on GitLab; empty where repositories lie at the top. */
  readonly path: string;
  /** Present if it was written. */
  readonly scheme?: 'http' | 'https' | undefined;
}

const wholeDomain = new RegExp(`^${domain}$`);
const wholePath = new RegExp(`^${path}$`);

/** `[http[s]://]host[:port][/path…]`, as options and configuration name a registry; slashes at the end say nothing. */
export function parseRegistry(text: string): Result<RegistryName, readonly [RegistryNameFailure]> {
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    return failed([registrySchemeUnsupported(text, scheme)]);
  }
  const bare = withoutEnd(text.slice(scheme === undefined ? 0 : scheme.length + '://'.length));
  if (bare === '') return failed([registryEmpty()]);

  const slash = bare.indexOf('/');
  const host = slash === -1 ? bare : bare.slice(0, slash);
  const below = slash === -1 ? '' : bare.slice(slash + 1);
  if (!wholeDomain.test(host))
    return failed([registryMalformed(text, 'it does not start with a host and an optional port')]);
  if (!isHost(host)) return failed([registryHostAmbiguous(bare, host)]);
  if (below !== '' && !wholePath.test(below)) {
    return failed([registryMalformed(text, 'what follows its host is not a path of lower-case names')]);
  }
  return ok({ host, path: below, ...(scheme !== undefined && { scheme }) });
}

/** `host[:port][/path]`: what stands before the name of an image, and the value of REGISTRY in a Dockerfile. */
export function formatRegistry({ host, path: below }: RegistryName): string {
  return below === '' ? host : `${host}/${below}`;
}

/** Without slashes at its end; a regular expression would try each slash that is not at the end, too. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (text[end - 1] === '/') end--;
  return text.slice(0, end);
}
