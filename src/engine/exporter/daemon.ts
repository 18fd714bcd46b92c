import { z } from 'zod';
import type { Descriptor } from '../../oci/descriptor.ts';
import { DiffID } from '../../oci/digest.ts';
import { formatPlatform, normalizePlatform, type Platform } from '../../oci/platform.ts';
import { readConfig, readDocument, readManifest } from '../../oci/read-document.ts';
import { FailureError, failuresOf } from '../../result.ts';
import { writeTar } from '../../tar/write.ts';
import { askDaemon } from './daemon-client.ts';
import type { Daemon } from './daemon-place.ts';
import type { ExportedImage, Exporter, ExportServices } from './exporter.ts';
import { daemonRefused } from './failure.ts';
import type { ImageForm } from './image-form.ts';
import { imageFor, layoutFiles } from './layout-files.ts';

/** `--load`, and `--output type=docker` without a file. */
export interface DaemonOutput {
  readonly type: 'load';
  readonly daemon: Daemon;
}

/** Nothing is compressed for a server on the same machine. */
const layersAsTheyAre: ImageForm = { compression: 'none', isForced: false, mediaTypes: 'oci' };
/** What older servers take, which know no zstd. */
const asDockerKnows: ImageForm = { ...layersAsTheyAre, mediaTypes: 'docker' };
/** Images that are looked at for layers that need not be sent. */
const LOOKED_AT = 100;

/** An image in Docker or Podman, by the server that they listen with. */
export class DaemonExporter implements Exporter {
  readonly type = 'load';
  readonly #daemon: Daemon;
  readonly #services: Pick<ExportServices, 'store' | 'preparation' | 'progress'>;

  constructor({ daemon }: DaemonOutput, services: Pick<ExportServices, 'store' | 'preparation' | 'progress'>) {
    this.#daemon = daemon;
    this.#services = services;
  }

  async export({ image, names }: ExportedImage, signal: AbortSignal): Promise<Descriptor> {
    const { store, preparation } = this.#services;
    const server = await serverBehind(this.#daemon, signal);
    const form = server.keeps === 'images-of-platforms' ? layersAsTheyAre : asDockerKnows;
    const whole = await preparation.prepare(image, signal, form);
    const reading = { from: store.blobs, signal };
    const sent = server.keeps === 'images-of-platforms' ? whole : await imageFor(server.platform, whole, reading);
    const read = await readDocument(store.blobs, whole, signal);
    if (sent !== whole && read.kind === 'index' && read.value.manifests.length > 1) this.#tellPlatform(sent);
    const known = server.keeps === 'layers' ? await this.#knownLayers(sent, signal) : new Set<string>();
    const exported = { image: sent, names };
    try {
      await this.#load(exported, { platform: server.platform, without: known }, signal);
    } catch (error) {
      // An image that had these layers may have been removed meanwhile.
      if (known.size === 0 || failuresOf(error)?.[0]?.reason !== 'daemon-refused') throw error;
      await this.#load(exported, { platform: server.platform, without: new Set() }, signal);
    }
    return image;
  }

  #tellPlatform({ platform }: Descriptor): void {
    const { progress } = this.#services;
    const loaded = platform === undefined ? 'one of them' : formatPlatform(platform);
    const message = `${this.#daemon.address} keeps one platform of an image: ${loaded} is loaded`;
    progress.emit({ type: 'notice', message });
  }

  async #load(
    exported: ExportedImage,
    { platform, without }: { readonly platform: Platform; readonly without: ReadonlySet<string> },
    signal: AbortSignal,
  ): Promise<void> {
    const { blobs } = this.#services.store;
    const files = layoutFiles(exported, { from: blobs, docker: platform, without }, signal);
    const text = await askDaemon(this.#daemon, { path: '/images/load?quiet=1', body: writeTar(files) }, signal);
    // One object a line; that it failed is said after status 200.
    for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
      const said = Said.safeParse(parsed(line)).data;
      // Whoever else listens there, a proxy for one, answers 200 as well.
      if (said === undefined)
        throw new FailureError(daemonRefused(this.#daemon, `it answered ${line.trim().slice(0, 60)}`));
      if (said.error !== undefined) throw new FailureError(daemonRefused(this.#daemon, said.error));
    }
  }

  /** Blobs of the lowest layers that an image of the daemon has as its lowest, too. */
  async #knownLayers(image: Descriptor, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { blobs } = this.#services.store;
    const { config, layers } = (await readManifest(blobs, image, signal)).value;
    const own = (await readConfig(blobs, config, signal)).value.rootfs.diff_ids;
    const images = Images.safeParse(parsed(await askDaemon(this.#daemon, { path: '/images/json' }, signal))).data ?? [];
    let count = 0;
    for (const { Id } of images.slice(0, LOOKED_AT)) {
      const answer = await askDaemon(this.#daemon, { path: `/images/${Id}/json` }, signal).catch((error: unknown) => {
        // Removed since.
        if (failuresOf(error)?.[0]?.reason === 'daemon-refused') return '';
        throw error;
      });
      const theirs = Inspected.safeParse(parsed(answer)).data?.RootFS.Layers ?? [];
      const differing = own.findIndex((diffID, at) => diffID !== theirs[at]);
      count = Math.max(count, differing < 0 ? own.length : differing);
    }
    const others = new Set(layers.slice(count).map(({ digest }) => digest));
    return new Set(layers.slice(0, count).flatMap(({ digest }) => (others.has(digest) ? [] : [digest])));
  }
}

interface Server {
  readonly platform: Platform;
  /**
   * Docker with a graph driver takes an image of which it has layers without them; with containerd's store it keeps indexes;
   * Podman does neither.
   */
  readonly keeps: 'layers' | 'images-of-platforms' | 'images';
}

const Version = z.object({
  Os: z.string().default('linux'),
  Arch: z.string().default('amd64'),
  Components: z.array(z.object({ Name: z.string() })).default([]),
});
const Info = z.object({ DriverStatus: z.array(z.array(z.string())).nullish() });
const Images = z.array(z.object({ Id: z.string().regex(/^[\w:]+$/) }));
const Inspected = z.object({ RootFS: z.object({ Layers: z.array(DiffID).nullish() }) });
const Said = z.object({ error: z.string().optional() });

async function serverBehind(daemon: Daemon, signal: AbortSignal): Promise<Server> {
  const version = Version.safeParse(parsed(await askDaemon(daemon, { path: '/version' }, signal))).data;
  const { Os, Arch, Components } = version ?? Version.parse({});
  const platform = normalizePlatform({ os: Os, architecture: Arch });
  const isDocker = Components.some(({ Name }) => Name === 'Engine');
  if (!isDocker) return { platform, keeps: 'images' };
  const info = Info.safeParse(parsed(await askDaemon(daemon, { path: '/info' }, signal))).data;
  const isOfContainerd = (info?.DriverStatus ?? []).some(([, value]) => value?.startsWith('io.containerd.'));
  return { platform, keeps: isOfContainerd ? 'images-of-platforms' : 'layers' };
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
