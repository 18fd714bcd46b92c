import { suggestionFor } from '../dockerfile/suggestion.ts';
import type { Platform } from '../oci/platform.ts';
import { dockerHub, parseReference } from '../oci/reference.ts';
import { type Failure, ok, type Result, type SourceSpan } from '../result.ts';
import { type Edge, edgeOf } from './edge.ts';
import { type GlobalScope, globalArguments, globalScope, usesPlatform } from './global-scope.ts';
import type { ImageName } from './image-name.ts';
import type { Context, Notice, Project } from './project.ts';
import { namesakeElsewhere, selfReference, stageLikeImage, unknownParent } from './reference-failure.ts';
import { anyRegistry, type ImageReference, imageReferences, type ReferenceKind, shown } from './references.ts';
import { parseSemver } from './version.ts';

/** A reference to an image that the project does not build. */
export interface ExternalReference {
  readonly from: ImageName;
  readonly kind: ReferenceKind;
  readonly stage: number;
  readonly text: string;
  readonly at: SourceSpan;
  /** Expanded, otherwise as written: `debian:bookworm-slim`. The value of REGISTRY stays `${REGISTRY}`. */
  readonly reference: string;
}

/** What references are resolved with. */
export interface ReferenceOptions {
  /** Names of registries that mean the same as REGISTRY: `localhost:5000`, `ghcr.io/me`. */
  readonly registries?: readonly string[] | undefined;
  /** Values of ARGs besides REGISTRY. */
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  /** For contexts that name none; matters where a reference says TARGETARCH. By default linux/amd64 and linux/arm64. */
  readonly platforms?: readonly Platform[] | undefined;
}

/** The tag of a reference that names none. */
const latest = 'latest';

const usualPlatforms: readonly Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
];

/** As much of a context as its references are read from. */
export type ReferringContext = Pick<Context, 'name' | 'platforms' | 'dockerfile' | 'dockerfileText'>;

/** All references of one context, sorted by what they mean to the project. */
export interface ContextReferences {
  readonly edges: readonly Edge[];
  /** Images that it needs, whose own files can't be read. */
  readonly unread: readonly ImageName[];
  readonly externals: readonly ExternalReference[];
  readonly failures: readonly Failure[];
  readonly warnings: readonly Notice[];
  /** The first use of REGISTRY in a Dockerfile without `ARG REGISTRY`: it has a value here, and none in other tools. */
  readonly undeclaredRegistryAt?: SourceSpan | undefined;
}

/** `failures` may be there beside edges: those are right, but not all. */
export function referencesOf(
  context: ReferringContext,
  project: Project,
  options: ReferenceOptions,
): ContextReferences {
  const edges: Edge[] = [];
  const unread: ImageName[] = [];
  const externals: ExternalReference[] = [];
  const failures: Failure[] = [];
  const warnings: Notice[] = [];
  const none = { edges, unread, externals, warnings };

  const scopes = scopesOf(context, options);
  if (!scopes.ok) return { ...none, failures: scopes.failure };
  const found = imageReferences(scopes.value, (options.registries ?? []).map(bareRegistry));

  for (const reference of found.references) {
    const { kind, stage, text, at, target, expanded } = reference;
    const external = { from: context.name, kind, stage, text, at, reference: shown(expanded) };
    if (target.where === 'elsewhere') {
      externals.push(external);
      warnings.push(...namesakeWarnings(context, reference, project), ...stageWarnings(reference));
      continue;
    }
    const name = target.name as ImageName;
    const parent = project.contexts.get(name);
    if (name === context.name) failures.push(selfReference(context.name, at));
    else if (parent !== undefined) edges.push(edgeOf(context, parent, reference));
    else if (project.unread.has(name)) unread.push(name);
    // A registry by its name may well hold images of other projects.
    else if (!target.byVariable) externals.push(external);
    else failures.push(unknownParent(context.name, target.name, nearest(target.name, project), at));
  }
  return {
    edges,
    unread,
    externals,
    failures: [...found.failures, ...failures],
    warnings,
    undeclaredRegistryAt: undeclaredRegistryAt(context, found.references),
  };
}

/** One scope per platform, if that makes a difference. */
export function scopesOf(context: ReferringContext, options: ReferenceOptions): Result<readonly GlobalScope[]> {
  const { buildArgs = {}, platforms = usualPlatforms } = options;
  const scopes: GlobalScope[] = [];
  const own = context.platforms.length > 0 ? context.platforms : platforms;
  for (const platform of usesPlatform(context.dockerfileText) ? own : [undefined]) {
    const scope = globalScope(context.dockerfile, { buildArgs, registry: anyRegistry, platform });
    if (!scope.ok) return scope;
    scopes.push(scope.value);
  }
  return ok(scopes);
}

function undeclaredRegistryAt(
  context: ReferringContext,
  references: readonly ImageReference[],
): SourceSpan | undefined {
  const isDeclared = globalArguments(context.dockerfile).some(({ key }) => key === 'REGISTRY');
  return isDeclared ? undefined : references.find(({ variables }) => variables.includes('REGISTRY'))?.at;
}

/**
 * An image of Docker Hub or of a registry on this machine that is called like one of the project, and has a tag that
 * could be one of its versions: most likely a forgotten `${REGISTRY}/`, and without a word there would be no edge.
 */
export function namesakeWarnings(context: ReferringContext, { expanded, text, at }: ImageReference, project: Project) {
  const parsed = parseReference(expanded);
  if (!parsed.ok || parsed.value.digest !== undefined) return [];
  const { registry, repository, tag = latest } = parsed.value;
  const isHub = registry === dockerHub;
  if (!isHub && !isLoopback(registry)) return [];
  const name = isHub ? repository.replace(/^library\//, '') : repository.split('/').at(-1)!;
  const image = project.contexts.get(name as ImageName);
  if (image === undefined || image.name === context.name) return [];
  const couldBeVersion = tag === latest || tag === image.version || parseSemver(tag) !== undefined;
  if (isHub && !couldBeVersion) return [];
  const where = isHub ? 'Docker Hub' : registry;
  return [namesakeElsewhere(text, where, name, image.version, at)];
}

/** A name without registry or tag that variables make, where stages are called alike: `s-$TARGETARCH` beside `AS s-amd64`. */
function stageWarnings({ text, expanded, variables, stage, at, scope }: ImageReference): readonly Notice[] {
  const before = text.replace(/\$.*$/s, '');
  const after = text.replace(/^.*\$(?:\{[^}]*\}|\w+)/s, '');
  const isName = variables.length > 0 && /^[a-z][a-z0-9-_.]*$/i.test(expanded);
  if (!isName || before + after === '') return [];
  const isAlike = (name: string) => name.startsWith(before.toLowerCase()) && name.endsWith(after.toLowerCase());
  const stages = scope.dockerfile.stages.flatMap(({ index, name }) => (index < stage && name ? [name] : []));
  const alike = stages.filter(isAlike);
  return alike.length === 0 ? [] : [stageLikeImage(text, expanded, scope.given.platform, alike, at)];
}

/** `localhost:5000`, `127.0.0.1:5000`, `[::1]:5000`. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(host);
}

export function nearest(name: string, project: Project): ImageName | undefined {
  return suggestionFor(name, [...project.contexts.keys(), ...project.unread.keys()]) as ImageName | undefined;
}

/** `https://ghcr.io/me/` → `ghcr.io/me`, `index.docker.io/me` → `docker.io/me`. */
export function bareRegistry(registry: string): string {
  return registry
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '')
    .replace(/^index\.docker\.io(?=\/|$)/, dockerHub);
}
