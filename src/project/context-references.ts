import { stageLike } from '../dockerfile/misspelled-stages.ts';
import type { Platform } from '../oci/platform.ts';
import { dockerHub } from '../oci/reference.ts';
import { type Failure, ok, type Result, type SourceSpan } from '../result.ts';
import type { Edge } from './edge.ts';
import { type GlobalScope, globalArguments, globalScope, usesPlatform } from './global-scope.ts';
import type { ImageName } from './image-name.ts';
import type { Notice, Project } from './project.ts';
import { imageLikeStage, stageLikeImage } from './reference-failure.ts';
import { anyRegistry, type ImageReference, imageReferences } from './references.ts';
import { type ExternalReference, type ReferringContext, SortedReferences } from './sorted-references.ts';

/** What references are resolved with. */
export interface ReferenceOptions {
  /** Names of registries that mean the same as REGISTRY: `localhost:5000`, `ghcr.io/me`. */
  readonly registries?: readonly string[] | undefined;
  /** Values of ARGs besides REGISTRY. */
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  /** For contexts that name none; matters where a reference says TARGETARCH. By default linux/amd64 and linux/arm64. */
  readonly platforms?: readonly Platform[] | undefined;
}

const usualPlatforms: readonly Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
];

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
  const sorted = new SortedReferences(context, project);
  const scopes = scopesOf(context, options);
  if (!scopes.ok) return { ...sorted, failures: scopes.failure };
  const found = imageReferences(scopes.value, (options.registries ?? []).map(bareRegistry));

  for (const reference of found.references) {
    sorted.add(reference);
    if (reference.target.where === 'elsewhere')
      sorted.warnings.push(...stageWarnings(reference), ...misspelledStage(reference));
  }
  return {
    ...sorted,
    failures: [...found.failures, ...sorted.failures],
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

/** A name without registry or tag that variables make, where stages are called alike: `s-$TARGETARCH` beside `AS s-amd64`. */
function stageWarnings({ text, expanded, variables, stage, at, scope }: ImageReference): readonly Notice[] {
  const before = text.replace(/\$.*$/s, '');
  const after = text.replace(/^.*\$(?:\{[^}]*\}|\w+)/s, '');
  const isName = variables.length > 0 && /^[a-z][a-z0-9-_.]*$/i.test(expanded);
  if (!isName || before + after === '') return [];
  const isAlike = (name: string) => name.startsWith(before.toLowerCase()) && name.endsWith(after.toLowerCase());
  const stages = scope.dockerfile.stages.flatMap(({ index, name }) => (index < stage && name ? [name] : []));
  const alike = stages.filter(isAlike);
  return alike.length === 0 ? [] : [stageLikeImage({ text, expanded, at }, alike, scope.given.platform)];
}

/** A name after `--from` that is nearly that of a stage above: an image of that name may exist, but seldom is it meant. */
function misspelledStage({ kind, text, variables, stage, at, scope }: ImageReference): readonly Notice[] {
  if (kind === 'from' || variables.length > 0) return [];
  const meant = stageLike(text, stage, scope.dockerfile);
  return meant === undefined ? [] : [imageLikeStage(text, meant, at)];
}

/** `https://ghcr.io/me/` → `ghcr.io/me`, `index.docker.io/me` → `docker.io/me`. */
export function bareRegistry(registry: string): string {
  return registry
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '')
    .replace(/^index\.docker\.io(?=\/|$)/, dockerHub);
}
