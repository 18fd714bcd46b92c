import { suggestionFor } from '../dockerfile/suggestion.ts';
import type { Platform } from '../oci/platform.ts';
import { type Failure, ok, type Result, type SourceSpan } from '../result.ts';
import { type Edge, edgeOf } from './edge.ts';
import { selfReference, undeclaredRegistry, unknownParent } from './failure.ts';
import { type GlobalScope, globalArguments, globalScope, usesPlatform } from './global-scope.ts';
import type { ImageName } from './image-name.ts';
import type { Context, Notice, Project } from './project.ts';
import { anyRegistry, type ImageReference, imageReferences, type ReferenceKind, shown } from './references.ts';

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

const usualPlatforms: readonly Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
];

/** All references of one context, sorted by what they mean to the project. */
export interface ContextReferences {
  readonly edges: readonly Edge[];
  readonly externals: readonly ExternalReference[];
  readonly failures: readonly Failure[];
  readonly warnings: readonly Notice[];
}

/** `failures` may be there beside edges: those are right, but not all. */
export function referencesOf(context: Context, project: Project, options: ReferenceOptions): ContextReferences {
  const edges: Edge[] = [];
  const externals: ExternalReference[] = [];
  const failures: Failure[] = [];
  const none = { edges, externals, warnings: [] };

  const scopes = scopesOf(context, options);
  if (!scopes.ok) return { ...none, failures: scopes.failure };
  const found = imageReferences(scopes.value, (options.registries ?? []).map(bareRegistry));

  for (const reference of found.references) {
    const { kind, stage, text, at, target, expanded } = reference;
    const external = { from: context.name, kind, stage, text, at, reference: shown(expanded) };
    if (target.where === 'elsewhere') {
      externals.push(external);
      continue;
    }
    const parent = project.contexts.get(target.name as ImageName);
    if (parent === context) failures.push(selfReference(context.name, at));
    else if (parent !== undefined) edges.push(edgeOf(context, parent, reference));
    // A registry by its name may well hold images of other projects.
    else if (!target.byVariable) externals.push(external);
    else failures.push(unknownParent(context.name, target.name, nearest(target.name, project), at));
  }
  return {
    edges,
    externals,
    failures: [...found.failures, ...failures],
    warnings: registryWarnings(context, found.references),
  };
}

/** One scope per platform, if that makes a difference. */
function scopesOf(context: Context, options: ReferenceOptions): Result<readonly GlobalScope[]> {
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

function registryWarnings(context: Context, references: readonly ImageReference[]): readonly Notice[] {
  const user = references.find(({ variables }) => variables.includes('REGISTRY'));
  const isDeclared = globalArguments(context.dockerfile).some(({ key }) => key === 'REGISTRY');
  return user === undefined || isDeclared ? [] : [undeclaredRegistry(user.at.file, user.at)];
}

function nearest(name: string, project: Project): ImageName | undefined {
  return suggestionFor(name, project.contexts.keys()) as ImageName | undefined;
}

/** `https://ghcr.io/me/` → `ghcr.io/me`. */
function bareRegistry(registry: string): string {
  return registry.replace(/^https?:\/\//, '').replace(/\/+$/, '');
}
