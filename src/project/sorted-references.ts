import { suggestionFor } from '../dockerfile/suggestion.ts';
import { dockerHub, parseReference } from '../oci/reference.ts';
import type { Failure, SourceSpan } from '../result.ts';
import { type Edge, edgeOf } from './edge.ts';
import type { ImageName } from './image-name.ts';
import type { Context, Notice, Project } from './project.ts';
import { namesakeElsewhere, selfReference, unknownParent } from './reference-failure.ts';
import { type ImageReference, type ReferenceKind, shown } from './references.ts';
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

/** The tag of a reference that names none. */
const latest = 'latest';

/** As much of a context as its references are read from. */
export type ReferringContext = Pick<Context, 'name' | 'platforms' | 'dockerfile' | 'dockerfileText'>;

/** References of one context, sorted by what they mean to the project. */
export class SortedReferences {
  readonly edges: Edge[] = [];
  /** Images that it needs, whose own files can't be read. */
  readonly unread: ImageName[] = [];
  readonly externals: ExternalReference[] = [];
  readonly failures: Failure[] = [];
  readonly warnings: Notice[] = [];
  readonly #context: ReferringContext;
  readonly #project: Project;

  constructor(context: ReferringContext, project: Project) {
    this.#context = context;
    this.#project = project;
  }

  /** `runAt`: the FROM that runs it, for a reference in a trigger of another image. */
  add(reference: ImageReference, runAt?: SourceSpan): void {
    const { name: from } = this.#context;
    const { kind, stage, text, target, expanded } = reference;
    const at = runAt ?? reference.at;
    const external = { from, kind, stage, text, at, reference: shown(expanded) };
    if (target.where === 'elsewhere') {
      this.externals.push(external);
      this.warnings.push(...namesakeWarnings(this.#context, { ...reference, at }, this.#project));
      return;
    }
    const name = target.name as ImageName;
    const parent = this.#project.contexts.get(name);
    if (name === from) this.failures.push(selfReference(from, at));
    else if (parent !== undefined) {
      const edge = edgeOf(this.#context, parent, reference);
      this.edges.push(runAt === undefined ? edge : { ...edge, at: runAt, trigger: reference.at });
    } else if (this.#project.unread.has(name)) this.unread.push(name);
    // A registry by its name may well hold images of other projects.
    else if (!target.byVariable) this.externals.push(external);
    else this.failures.push(unknownParent({ from, to: name, at }, nearest(name, this.#project)));
  }
}

/**
 * An image of Docker Hub or of a registry on this machine that is called like one of the project, and has a tag that
 * could be one of its versions: most likely a forgotten `${REGISTRY}/`, and without a word there would be no edge.
 */
function namesakeWarnings(context: ReferringContext, { expanded, text, at }: ImageReference, project: Project) {
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
  return [namesakeElsewhere({ text, at }, where, image)];
}

/** `localhost:5000`, `127.0.0.1:5000`, `[::1]:5000`. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(host);
}

function nearest(name: string, project: Project): ImageName | undefined {
  return suggestionFor(name, [...project.contexts.keys(), ...project.unread.keys()]) as ImageName | undefined;
}
