import { basename, join } from 'node:path';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { replaceSpans } from '../dockerfile/replace-spans.ts';
import { type Failure, failed, ok, type Result } from '../result.ts';
import type { CascadeEdit, ReferenceEdit } from './cascade-edit.ts';
import {
  ambiguousArgument,
  digestDropped,
  digestInTheWay,
  digestPinned,
  floatingReference,
  undeclaredVariant,
  uneditableReference,
  unraisableVersion,
} from './cascade-failure.ts';
import { childVersion } from './child-version.ts';
import { type ReferenceOptions, referencesOf } from './context-references.ts';
import type { DependencyGraph } from './dependency-graph.ts';
import type { Edge } from './edge.ts';
import type { ImageName } from './image-name.ts';
import type { Context, Notice, Project } from './project.ts';
import { newerReference } from './reference-failure.ts';
import { type BumpLevel, isNewer } from './version.ts';

/** A change of versions and all that it drags along: what to write, not the writing. */
export interface Cascade {
  /** Of the project; absolute. */
  readonly directory: string;
  /** Parents before children; each image once. */
  readonly bumps: readonly VersionBump[];
  /** In the order of `bumps`, and then of the files. */
  readonly edits: readonly CascadeEdit[];
  /** The same edits made; each file once. */
  readonly files: readonly FileChange[];
  /** References that follow along by themselves, and digests that are dropped. */
  readonly notices: readonly Notice[];
}

/** One image whose version the cascade raises, and why. */
export interface VersionBump {
  readonly name: ImageName;
  readonly from: string;
  readonly to: string;
  /** Parents whose versions forced this; empty for an image the person named. */
  readonly because: readonly ImageName[];
}

/** The whole of a file. */
export interface FileChange {
  /** Absolute. */
  readonly path: string;
  /** As shown. */
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** What `cip cascade` was asked for. */
export interface CascadeOptions {
  /** How far to raise versions; by default the patch. */
  readonly level?: BumpLevel | undefined;
  /** Images to raise in any case. */
  readonly raise?: ReadonlySet<ImageName> | undefined;
  /** Lets a reference go back to the parent's version where it is newer. */
  readonly allowDowngrade?: boolean | undefined;
  /** What happens to a digest next to a tag that is raised, since it names the bytes of the old one. Default: drop. */
  readonly digests?: 'drop' | 'fail' | undefined;
}

/**
 * Makes every reference to an image of the project name the version that the project holds, and raises the version of
 * every image whose Dockerfile changes by that, once: one pass, parents before children, prereleases from prereleases. Fails with all references
 * that cannot be brought up to date; then nothing is to be written.
 */
export function planCascade(graph: DependencyGraph, options: CascadeOptions = {}): Result<Cascade> {
  const { project } = graph;
  const versions = new Map([...project.contexts].map(([name, { version }]) => [name, version]));
  const edges = edgesByChild(graph);
  const plans = graph.order.map((name) => {
    const plan = planContext(project.contexts.get(name)!, edges.get(name) ?? [], { versions, options });
    if (plan.bump !== undefined) versions.set(name, plan.bump.to);
    return plan;
  });
  const failures = plans.flatMap((plan) =>
    plan.failures.length > 0 ? plan.failures : checkArguments(plan, project, graph.options),
  );
  if (failures.length > 0) return failed(failures);
  return ok({
    directory: project.directory,
    bumps: plans.flatMap(({ bump }) => bump ?? []),
    edits: plans.flatMap(({ edits }) => edits),
    files: plans.flatMap(({ files }) => files),
    notices: plans.flatMap(({ notices }) => notices),
  });
}

interface ContextPlan {
  readonly context: Context;
  readonly edges: readonly PlannedEdge[];
  readonly bump?: VersionBump | undefined;
  readonly edits: readonly CascadeEdit[];
  readonly files: readonly FileChange[];
  readonly failures: readonly Failure[];
  readonly notices: readonly Notice[];
}

/** How far a cascade has come, and what was asked for. */
interface CascadeState {
  /** Of all images; of those that have been planned, and so of all parents, as they are after the cascade. */
  readonly versions: ReadonlyMap<ImageName, string>;
  readonly options: CascadeOptions;
}

function planContext(context: Context, edges: readonly Edge[], { versions, options }: CascadeState): ContextPlan {
  const planned = edges.map((edge) => planEdge(edge, versions.get(edge.to)!, options));
  const { edits: references, failures } = withoutRepeats(planned.flatMap(({ edits }) => edits));
  const parts = { context, edges: planned, notices: planned.flatMap(({ notices }) => notices) };
  const found = [...planned.flatMap((edge) => edge.failures), ...failures];
  const none = { ...parts, edits: [], files: [], failures: found };
  if (references.length === 0 && !options.raise?.has(context.name)) return none;

  const { name, version, metadata } = context;
  const parents = edges.flatMap(({ pin, to }) =>
    pin.kind === 'version' ? [{ before: pin.version, after: versions.get(to)! }] : [],
  );
  const to = childVersion(version, parents, options.level);
  if (to === undefined) return { ...none, failures: [...found, unraisableVersion(name, version, metadata.versionAt)] };
  const because = [...new Set(references.map(({ parent }) => parent))];
  const edits = [...references, { name, at: metadata.versionAt, before: textAt(metadata), after: to }];
  return { ...none, bump: { name, from: version, to, because }, edits, files: filesOf(context, edits) };
}

interface PlannedEdge {
  readonly edge: Edge;
  /** What the reference says afterwards. */
  readonly tag?: string | undefined;
  readonly digest?: string | undefined;
  readonly edits: readonly ReferenceEdit[];
  readonly failures: readonly Failure[];
  readonly notices: readonly Notice[];
}

function planEdge(edge: Edge, current: string, options: CascadeOptions): PlannedEdge {
  const { pin, tag, digest } = edge;
  const asIs = { edge, tag, digest, edits: [], failures: [], notices: [] };
  if (pin.kind === 'floating') return { ...asIs, notices: [floatingReference(edge, current)] };
  if (pin.kind === 'digest') return { ...asIs, notices: [digestPinned(edge, current)] };
  if (pin.kind === 'unknown') return { ...asIs, failures: [undeclaredVariant(edge, pin.suffix, current)] };
  if (pin.version === current) return asIs;
  if (isNewer(pin.version, current) && !options.allowDowngrade) {
    return { ...asIs, failures: [newerReference(edge, current)] };
  }
  const { versionAt, digestAt } = edge;
  if (versionAt === undefined) return { ...asIs, failures: [uneditableReference(edge, pin.version, current)] };

  const about = { name: edge.from, parent: edge.to };
  const version = { ...about, at: versionAt, before: pin.version, after: current };
  const raised = { ...asIs, tag: `${current}${pin.suffix}`, edits: [version] };
  if (digest === undefined) return raised;
  if (options.digests === 'fail' || digestAt === undefined)
    return { ...asIs, failures: [digestInTheWay(edge, current)] };
  const dropped = { ...about, at: digestAt, before: `@${digest}`, after: '' };
  return { ...raised, digest: undefined, edits: [version, dropped], notices: [digestDropped(edge, current)] };
}

/** Several references may take their version from one ARG, as long as it is to be the same for all. */
function withoutRepeats(edits: readonly ReferenceEdit[]) {
  const byOffset = new Map<number, ReferenceEdit>();
  const failures: Failure[] = [];
  for (const edit of edits) {
    const other = byOffset.get(edit.at.offset);
    if (other === undefined) byOffset.set(edit.at.offset, edit);
    else if (other.after !== edit.after) failures.push(ambiguousArgument(edit));
  }
  return { edits: [...byOffset.values()].sort((a, b) => a.at.offset - b.at.offset), failures };
}

/**
 * The default of an ARG may be used in more places than the reference it is raised for. Where that is possible at all,
 * the Dockerfile is read again as it would be: every reference must have become what is planned for it, or have stayed.
 */
function checkArguments(plan: ContextPlan, project: Project, options: ReferenceOptions): readonly Failure[] {
  const raised = plan.edges.find(({ edge, edits }) => edits.length > 0 && isSharedArgument(edge, plan));
  const changed = plan.files.find(({ file }) => file === plan.context.dockerfile.file);
  if (raised === undefined || changed === undefined) return [];
  const dockerfile = parseDockerfile(changed.after, changed.file);
  if (!dockerfile.ok) return dockerfile.failure;
  const after = { ...plan.context, dockerfile: dockerfile.value, dockerfileText: changed.after };
  const [was, is] = [plan.context, after].map((context) => referencesOf(context, project, options));
  const own = plan.edges.filter(({ edge }) => edge.trigger === undefined);
  const planned = [...own.map(meaning), ...was!.externals.map(({ reference }) => reference)];
  const found = [...is!.edges.map(meaning), ...is!.externals.map(({ reference }) => reference)];
  const isAsPlanned = planned.length === found.length && planned.every((text, index) => text === found[index]);
  const [edit] = raised.edits;
  return isAsPlanned ? [] : [ambiguousArgument(edit!)];
}

/** Whether the ARG that an edge has its version from may be used by anything but references that are raised with it. */
function isSharedArgument({ argument, versionAt }: Edge, { context, edges }: ContextPlan): boolean {
  if (argument === undefined) return false;
  const mentions = context.dockerfileText.split(argument).length - 1;
  const own = edges.filter(({ edits }) => edits.some(({ at }) => at.offset === versionAt?.offset));
  return mentions > own.length + 1;
}

function meaning({
  tag,
  digest,
  ...rest
}: Pick<Edge, 'tag' | 'digest'> & ({ edge: Edge } | { to: ImageName })): string {
  return `${'edge' in rest ? rest.edge.to : rest.to}:${tag}@${digest}`;
}

function filesOf(context: Context, edits: readonly CascadeEdit[]): readonly FileChange[] {
  const texts = [
    { file: context.dockerfile.file, before: context.dockerfileText },
    { file: context.metadata.file, before: context.metadata.text },
  ];
  return texts.flatMap(({ file, before }) => {
    const own = edits.filter(({ at }) => at.file === file).map(({ at, after }) => ({ at, text: after }));
    if (own.length === 0) return [];
    const replaced = replaceSpans(before, own);
    if (!replaced.ok) throw new Error(`edits of ${file} overlap`);
    return [{ path: join(context.directory, basename(file)), file, before, after: replaced.value }];
  });
}

function textAt({ text, versionAt: { offset, length } }: Context['metadata']): string {
  return text.slice(offset, offset + length);
}

function edgesByChild(graph: DependencyGraph): ReadonlyMap<ImageName, readonly Edge[]> {
  const edges = new Map<ImageName, Edge[]>();
  for (const edge of graph.edges) {
    const own = edges.get(edge.from);
    if (own === undefined) edges.set(edge.from, [edge]);
    else own.push(edge);
  }
  return edges;
}
