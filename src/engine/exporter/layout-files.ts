import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { annotations } from '../../oci/annotations.ts';
import type { ContentSink, ContentSource } from '../../oci/content.ts';
import { copyGraph } from '../../oci/copy-graph.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isForeignLayer, mediaTypes } from '../../oci/media-type.ts';
import { type Platform, samePlatform } from '../../oci/platform.ts';
import { readDocument, readManifest } from '../../oci/read-document.ts';
import { dockerHub, formatReference, type Reference } from '../../oci/reference.ts';
import type { TarInput } from '../../tar/write.ts';
import type { ExportedImage } from './exporter.ts';

/** What an image layout is made from. */
export interface LayoutSource {
  readonly from: ContentSource;
  /** Also for programs that know Docker's archives, with the image of this platform, or else the first. */
  readonly docker?: Platform | undefined;
  /** Digests of blobs that are left out. */
  readonly without?: ReadonlySet<string> | undefined;
}

/**
 * The files of an OCI image layout: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md. Each name is
 * an entry of its `index.json`; without names there is one entry. For Docker there is a `manifest.json` beside it, which
 * names the same blobs: https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md#combined-image-json--filesystem-changeset-format
 */
export async function* layoutFiles(
  exported: ExportedImage,
  { from, docker, without }: LayoutSource,
  signal: AbortSignal,
): AsyncGenerator<TarInput> {
  yield document('oci-layout', { imageLayoutVersion: '1.0.0' });
  yield document('index.json', indexOf(exported, docker !== undefined));
  if (docker !== undefined) yield document('manifest.json', await dockerManifest(exported, { from, docker }, signal));
  for (const blob of await reachedFrom(exported.image, from, signal)) {
    if (without?.has(blob.digest)) continue;
    yield { header: headerOf(pathOf(blob), blob.size), body: await from.open(blob, signal) };
  }
}

/** Writes files with a content into a directory, which is made. */
export async function writeFiles(
  files: AsyncIterable<TarInput>,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  for await (const { header, body } of files) {
    const path = join(directory, header.name);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(Readable.from(body ?? []), createWriteStream(path), { signal });
  }
}

function indexOf({ image, names }: ExportedImage, isForDocker: boolean) {
  const refNames = isForDocker ? names.map(formatReference) : tagsOf(names);
  const entries = names.map((name, at) => ({
    ...image,
    annotations: {
      ...image.annotations,
      [annotations.containerdImageName]: formatReference(name),
      [annotations.refName]: refNames[at],
    },
  }));
  const manifests = entries.length > 0 ? entries : [image];
  return { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests };
}

/**
 * What images of a layout are asked for by: their tags, as skopeo and umoci have it and BuildKit writes it. Two names with one tag
 * would be two answers: the second is called in full. So are all of an archive for Docker, since Podman before version 4
 * gives images the name that stands here.
 */
function tagsOf(names: readonly Reference[]): readonly string[] {
  const tags = names.map(({ tag = 'latest' }) => tag);
  return names.map((name, at) => (tags.indexOf(tags[at]!) === at ? tags[at]! : formatReference(name)));
}

async function dockerManifest(
  { image, names }: ExportedImage,
  { from, docker }: { readonly from: ContentSource; readonly docker: Platform },
  signal: AbortSignal,
) {
  const one = await imageFor(docker, image, { from, signal });
  const { config, layers } = (await readManifest(from, one, signal)).value;
  const isThere = (layer: Descriptor) => !(isForeignLayer(layer.mediaType) && (layer.urls?.length ?? 0) > 0);
  return [{ Config: pathOf(config), RepoTags: names.map(dockerName), Layers: layers.filter(isThere).map(pathOf) }];
}

/** The image of this platform, or else the first. */
export async function imageFor(
  platform: Platform,
  image: Descriptor,
  { from, signal }: { readonly from: ContentSource; readonly signal: AbortSignal },
): Promise<Descriptor> {
  const read = await readDocument(from, image, signal);
  if (read.kind === 'manifest') return image;
  const { manifests } = read.value;
  const fitting = manifests.find((one) => one.platform !== undefined && samePlatform(one.platform, platform));
  return fitting ?? manifests[0]!;
}

/** With a tag, and without what Docker Hub's names begin with. */
function dockerName(name: Reference): string {
  const full = formatReference(name);
  return name.registry === dockerHub ? full.replace(/^[^/]+\/(?:library\/(?=[^/]+$))?/, '') : full;
}

/** Each blob once, what names others after those. */
async function reachedFrom(root: Descriptor, from: ContentSource, signal: AbortSignal): Promise<readonly Descriptor[]> {
  const found: Descriptor[] = [];
  const sink: ContentSink = {
    has: async () => false,
    put: async (descriptor) => void found.push(descriptor),
  };
  await copyGraph(root, { from, to: sink, concurrency: 1 }, signal);
  return found;
}

function document(name: string, value: unknown): TarInput {
  const bytes = Buffer.from(JSON.stringify(value));
  return { header: headerOf(name, bytes.length), body: [bytes] };
}

function pathOf({ digest }: Descriptor): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function headerOf(name: string, size: number): TarInput['header'] {
  return { type: 'file', name, linkName: '', mode: 0o644, uid: 0, gid: 0, size, mtime: 0, devMajor: 0, devMinor: 0 };
}
