import type { Dockerfile, Stage } from '../dockerfile/dockerfile.ts';
import type { RemoteSource } from '../dockerfile/remote-source.ts';
import { formatPlatform, type Platform, parsePlatform } from '../oci/platform.ts';
import { familiarReference, parseReference } from '../oci/reference.ts';
import { failed, ok, type Result } from '../result.ts';
import type { RecordedContext } from './recorded-context.ts';

/** Files, or an image, that a build is given under a name of its own. Plain data: it crosses a process border. */
export type NamedContext =
  /** `reference`: as for FROM, `scratch` too. */
  | { readonly type: 'image'; readonly reference: string }
  /** `directory`: absolute. `recorded`: all of it, but for what its ignore file leaves out. */
  | { readonly type: 'directory'; readonly directory: string; readonly recorded: RecordedContext }
  | { readonly type: 'remote'; readonly source: RemoteSource };

/** By the name that `contextName` gives: with `::linux/arm64` behind it for one platform alone, which comes first. */
export type NamedContexts = Readonly<Record<string, NamedContext>>;

/** What of a name is no context: `scratch` is empty, and `context` the one without a name. */
const reserved: ReadonlySet<string> = new Set(['scratch', 'context']);

/** The name of a context as it is looked up: as people write images, and platforms as they are compared. */
export function contextName(text: string): Result<string, { readonly message: string; readonly hint: string }> {
  const [name = '', platform, ...more] = text.split('::');
  const parsed = more.length === 0 ? parseReference(name) : undefined;
  if (!parsed?.ok) {
    const hint = 'write the name of a stage or of an image: lib=DIR, debian:12=docker-image://REFERENCE';
    return failed({ message: `${text || 'nothing'} is no name that a stage or an image can have`, hint });
  }
  const familiar = familiarReference(parsed.value);
  if (reserved.has(familiar)) {
    const hint =
      familiar === 'context' ? 'give the files to copy as DIR, without a name' : 'name a stage, or an image with files';
    return failed({ message: `${familiar} cannot be replaced`, hint });
  }
  if (platform === undefined) return ok(familiar);
  const found = parsePlatform(platform);
  if (!found.ok) return failed({ message: found.failure[0].message, hint: `write for example ${name}::linux/arm64` });
  return ok(`${familiar}::${formatPlatform(found.value)}`);
}

/** The context that a name in a Dockerfile means for a platform, and the name that it was given under. */
export function namedContext<T>(
  contexts: Readonly<Record<string, T>>,
  name: string,
  platform: Platform,
): { readonly name: string; readonly context: T } | undefined {
  const parsed = parseReference(name);
  if (!parsed.ok) return undefined;
  const familiar = familiarReference(parsed.value);
  if (reserved.has(familiar)) return undefined;
  const given = [`${familiar}::${formatPlatform(platform)}`, familiar].find((one) => Object.hasOwn(contexts, one));
  return given === undefined ? undefined : { name: given, context: contexts[given]! };
}

/**
 * The Dockerfile as a build with these contexts reads it: of a stage that has the name of one nothing counts but the name
 * and the platform. `platformOf` is what the stage is built for, undefined where that cannot be told.
 */
export function withReplacedStages(
  dockerfile: Dockerfile,
  contexts: Readonly<Record<string, unknown>>,
  platformOf: (stage: Stage) => Platform | undefined,
): Dockerfile {
  if (Object.keys(contexts).length === 0) return dockerfile;
  const stages = dockerfile.stages.map((stage): Stage => {
    const { name, from, index } = stage;
    const platform = name === undefined ? undefined : platformOf(stage);
    if (name === undefined || platform === undefined || !namedContext(contexts, name, platform)) return stage;
    return { index, name, from: { ...from, image: name }, instructions: [], isReplaced: true };
  });
  return { ...dockerfile, stages };
}
