import type { PlacedRemote } from '../../context/context-reads.ts';
import { describeRemote, isFixed } from '../../dockerfile/remote-source.ts';
import { triggersIn } from '../../dockerfile/stages.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { formatReference } from '../../oci/reference.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { Edge } from '../../project/edge.ts';
import type { ImageName } from '../../project/image-name.ts';
import { identityOfPin, type RemotePin } from '../../remote/remote-pin.ts';
import type { Failure, SourceSpan } from '../../result.ts';
import type { BuildTargets } from '../key/build-targets.ts';
import { type ExternalImage, type ImagesUsed, imagesUsed, type Triggers } from '../key/external-images.ts';
import { type BaseAnswer, type BaseQuestions, baseDigests, olderVersions } from './base-digests.ts';
import type { BaseList } from './bases.ts';
import { type RemoteAnswer, remoteAnswers } from './remote-bases.ts';

/** What is known of the external images of a project when decisions are made. */
export interface KnownBases {
  /** The image's own external images by full reference; undefined where it is not known what one of them is now. */
  readonly own: (image: ImageName, platform: Platform) => BaseList | undefined;
  /** Why not, with the place that names it. `cannot-ask`: nobody could say. `absent`: there is no such image. */
  readonly unknown: (image: ImageName, platform: Platform) => readonly UnknownBase[];
}

/** An answer without a digest: its failure says why. */
export type UnknownBase = Extract<BaseAnswer | RemoteAnswer, { readonly failure: Failure }>;

/** An image is built from a version of another that is not the project's, and that is nowhere. */
export interface LostParent {
  readonly edge: Edge;
  /** Where it was looked for besides the store. */
  readonly reference: string;
  /** Why its registry could not be asked; absent where it answered that there is no such image. */
  readonly why?: Failure | undefined;
}

/** What decides which external images each build names. */
export interface BaseImagesInputs {
  readonly graph: DependencyGraph;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly targets?: BuildTargets | undefined;
  /** What an image fetches besides images. */
  readonly remotesOf: (image: ImageName, platform: Platform) => readonly PlacedRemote[];
}

/** The external images of a project's images, each asked about at most once. */
export class BaseImages implements KnownBases {
  readonly #inputs: BaseImagesInputs;
  readonly #used = new Map<string, ImagesUsed>();
  readonly #answers = new Map<string, BaseAnswer>();
  /** By the JSON of the source. */
  readonly #remotes = new Map<string, RemoteAnswer>();

  constructor(inputs: BaseImagesInputs) {
    this.#inputs = inputs;
  }

  /** Asks what the external images of these are now, and where the older versions are that they are built from. */
  async ask(
    images: readonly { readonly name: ImageName; readonly platforms: readonly Platform[] }[],
    questions: BaseQuestions,
    signal: AbortSignal,
  ): Promise<void> {
    const used = images.flatMap(({ name, platforms }) => platforms.map((platform) => this.used(name, platform)));
    const external = this.#open(used.flatMap((one) => one.external));
    for (const [name, answer] of await baseDigests(external, questions, signal)) this.#answers.set(name, answer);
    const older = this.#open(used.flatMap((one) => one.older));
    for (const [name, answer] of await olderVersions(older, questions, signal)) this.#answers.set(name, answer);
    const remotes = images
      .flatMap(({ name, platforms }) => platforms.flatMap((platform) => this.#inputs.remotesOf(name, platform)))
      .map(({ source }) => source)
      .filter((source) => !this.#remotes.has(JSON.stringify(source)));
    for (const [id, answer] of await remoteAnswers(remotes, questions, signal)) this.#remotes.set(id, answer);
  }

  #open<I extends ExternalImage>(images: readonly I[]): readonly I[] {
    return images.filter(({ reference }) => !this.#answers.has(formatReference(reference)));
  }

  used(image: ImageName, platform: Platform): ImagesUsed {
    const id = `${image} ${formatPlatform(platform)}`;
    const known = this.#used.get(id) ?? this.#resolve(image, platform);
    this.#used.set(id, known);
    return known;
  }

  own(image: ImageName, platform: Platform): BaseList | undefined {
    const list: Record<string, BaseList[string]> = {};
    for (const { reference } of this.used(image, platform).external) {
      const name = formatReference(reference);
      const digest = reference.digest ?? this.#descriptorOf(name)?.digest;
      if (digest === undefined) return undefined;
      list[name] = digest;
    }
    // A fixed source is in the key by its text, and cannot move.
    for (const { source } of this.#inputs.remotesOf(image, platform)) {
      if (isFixed(source)) continue;
      const answer = this.#remotes.get(JSON.stringify(source));
      if (answer?.state !== 'known') return undefined;
      list[describeRemote(source).replace(/\s/g, '%20')] = identityOfPin(answer.pin);
    }
    return list;
  }

  unknown(image: ImageName, platform: Platform): readonly UnknownBase[] {
    const unknown = (answer: BaseAnswer | RemoteAnswer | undefined, at: SourceSpan) =>
      answer !== undefined && 'failure' in answer ? [{ ...answer, failure: { ...answer.failure, at } }] : [];
    return [
      ...this.used(image, platform).external.flatMap(({ reference, at }) =>
        unknown(this.#answers.get(formatReference(reference)), at),
      ),
      ...this.#inputs
        .remotesOf(image, platform)
        .flatMap(({ source, at }) => unknown(this.#remotes.get(JSON.stringify(source)), at)),
    ];
  }

  /** Older versions that an image is built from and that are nowhere. */
  lost(image: ImageName, platform: Platform): readonly LostParent[] {
    return this.used(image, platform).older.flatMap(({ edge, reference }) => {
      const name = formatReference(reference);
      const answer = this.#answers.get(name);
      if (answer === undefined || answer.state === 'known') return [];
      return [{ edge, reference: name, ...(answer.state === 'cannot-ask' && { why: answer.failure }) }];
    });
  }

  /** What was assumed without asking; one sentence for each image. */
  assumptions(): readonly string[] {
    return [...this.#answers.values(), ...this.#remotes.values()].flatMap((answer) =>
      answer.state === 'known' && answer.assumed !== undefined ? [answer.assumed] : [],
    );
  }

  /** Every image that this run does not make and that is known, as Dockerfiles write it: what a build is to use. */
  decided(): readonly (ExternalImage & { readonly from: 'registry' | 'store'; readonly descriptor: Descriptor })[] {
    const all = [...this.#used.values()].flatMap(({ external, older }) => [...external, ...older]);
    return all.flatMap((image) => {
      const answer = this.#answers.get(formatReference(image.reference));
      return answer?.state === 'known' ? [{ ...image, from: answer.from, descriptor: answer.descriptor }] : [];
    });
  }

  /** What sources of ADD are, by their JSON: what a build is to use. */
  decidedRemotes(): Readonly<Record<string, RemotePin>> {
    return Object.fromEntries(
      [...this.#remotes].flatMap(([id, answer]) => (answer.state === 'known' ? [[id, answer.pin]] : [])),
    );
  }

  #descriptorOf(name: string): Descriptor | undefined {
    const answer = this.#answers.get(name);
    return answer?.state === 'known' ? answer.descriptor : undefined;
  }

  #resolve(image: ImageName, platform: Platform): ImagesUsed {
    const { graph, buildArgs, targets } = this.#inputs;
    const context = graph.project.contexts.get(image)!;
    const edgesOf = (name: ImageName) => graph.edges.filter(({ from }) => from === name);
    const versionOf = (parent: ImageName) => graph.project.contexts.get(parent)?.version;
    // A parent is built whole: what it hands on is in its last stage.
    const triggersOf = (parent: ImageName): Triggers => {
      const instructions = triggersIn(graph.project.contexts.get(parent)!.dockerfile.stages.at(-1)!);
      return { instructions, edges: instructions.length === 0 ? [] : edgesOf(parent) };
    };
    const target = targets?.get(image);
    return imagesUsed({ context, edges: edgesOf(image), platform, target, buildArgs, versionOf, triggersOf });
  }
}
