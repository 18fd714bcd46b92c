import { setMaxListeners } from 'node:events';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { contextFiles } from '../../src/context/context-files.ts';
import { FileDigests } from '../../src/context/file-digests.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { parsePlatform } from '../../src/oci/platform.ts';
import { parseRegistry } from '../../src/oci/registry-name.ts';
import { BuildKeys } from '../../src/orchestrator/key/build-keys.ts';
import { buildTargets } from '../../src/orchestrator/key/build-targets.ts';
import { decideContexts } from '../../src/orchestrator/key/decided-contexts.ts';
import type { OwnersHere } from '../../src/orchestrator/plan/owners-here.ts';
import { type PlanRequest, type PreparedPlan, preparePlan } from '../../src/orchestrator/plan/prepare-plan.ts';
import { selectImages } from '../../src/orchestrator/plan/selection.ts';
import { type PublishOptions, publish } from '../../src/orchestrator/publish/publish.ts';
import { type RunOptions, runPlan } from '../../src/orchestrator/run/run-plan.ts';
import { ProjectRegistry } from '../../src/orchestrator/state/project-registry.ts';
import type { ProgressEvent } from '../../src/progress.ts';
import type { DependencyGraph } from '../../src/project/dependency-graph.ts';
import { dependencyGraph } from '../../src/project/dependency-graph.ts';
import type { ImageName } from '../../src/project/image-name.ts';
import { loadProject } from '../../src/project/load.ts';
import { RegistryClient } from '../../src/registry/registry.ts';
import { serveRegistry } from '../../src/registry-server/server.ts';
import { RemoteSources } from '../../src/remote/remote-sources.ts';
import type { Result } from '../../src/result.ts';
import { Store } from '../../src/store/store.ts';
import { clientOptions } from '../support/client-options.ts';
import { FakeBuilder, type FakeBuilderOptions } from '../support/fake-builder.ts';
import { tempDir } from '../support/temp-dir.ts';

/** An image of a project in a test. Without a Dockerfile it is made from its parents and copies all of its context. */
export interface ImageSources {
  readonly version?: string;
  readonly platforms?: readonly string[];
  /** The first by FROM, the others by COPY --from; at the versions given when the project is written. */
  readonly on?: readonly string[];
  readonly dockerfile?: string;
  /** Text; `-> target` makes a symbolic link, `+x text` an executable file. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Waited on by everything at once, as the one signal of a whole program is. */
export const never = new AbortController().signal;
setMaxListeners(0, never);
export const amd64 = platform('linux/amd64');
export const arm64 = platform('linux/arm64');
export const onAmd64 = { kind: 'host', platform: amd64 } as const;
export const onBoth = { kind: 'exactly', platforms: [amd64, arm64] } as const;

export function platform(text: string) {
  return unwrap(parsePlatform(text));
}

export function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
}

/** A project, a store and, when asked for, registries, in a temporary directory. */
export class Workshop implements AsyncDisposable {
  readonly directory: string;
  readonly store: Store;
  readonly events: ProgressEvent[] = [];
  readonly progress = { emit: (event: ProgressEvent) => void this.events.push(event) };
  /** In the order in which they were opened. */
  readonly #resources: (() => PromiseLike<void>)[];
  #registries = 0;
  #baseClient: RegistryClient | undefined;
  #images: Readonly<Record<string, ImageSources>> = {};

  private constructor(directory: string, store: Store, resources: (() => PromiseLike<void>)[]) {
    this.directory = directory;
    this.store = store;
    this.#resources = resources;
  }

  static async open(images: Readonly<Record<string, ImageSources>>): Promise<Workshop> {
    const directory = await tempDir();
    const store = await Store.open(join(directory.path, 'store'));
    const resources = [() => directory[Symbol.asyncDispose](), () => store.close()];
    const workshop = new Workshop(directory.path, store, resources);
    await workshop.write(images);
    return workshop;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#resources.toReversed()) await close();
  }

  /** Replaces images that are there; others stay. */
  async write(images: Readonly<Record<string, ImageSources>>): Promise<void> {
    this.#images = { ...this.#images, ...images };
    for (const [name, image] of Object.entries(images)) await this.#writeImage(name, image);
  }

  async graph(): Promise<DependencyGraph> {
    return dependencyGraph(unwrap(await loadProject(join(this.directory, 'project'))));
  }

  async keys(
    buildArgs: Readonly<Record<string, string>> = { REGISTRY: 'localhost:5000' },
    target?: string,
    selected?: readonly ImageName[],
  ): Promise<BuildKeys> {
    const graph = await this.graph();
    const hashing = { files: contextFiles, memory: this.store.records('file-digests', FileDigests), now: Date.now };
    const targets = buildTargets(graph, selected ?? graph.order, target);
    const decided = { graph, images: graph.order, platforms: [amd64, arm64], buildArgs, targets };
    return new BuildKeys({ graph, contexts: await decideContexts(decided, hashing, never), buildArgs, targets });
  }

  /** A registry on loopback of its own, with a client; `place` is where the project is in it. */
  async registry(path = 'group/project') {
    const address = { storage: join(this.directory, `registry-${this.#registries++}`), host: '127.0.0.1', port: 0 };
    const requests: string[] = [];
    const log = ({ method, url, status }: { method: string; url: string; status: number }) =>
      void requests.push(`${method} ${url} ${status}`);
    const server = await serveRegistry({ ...address, log }, never);
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= server.close();
      return closing;
    };
    this.#resources.push(close);
    const client = new RegistryClient(clientOptions);
    this.#resources.push(() => client.close());
    const name = unwrap(parseRegistry(`127.0.0.1:${server.address.port}/${path}`));
    return { client, name, place: new ProjectRegistry(name, client), requests, close };
  }

  /** Without a client the plan of a build, with one that of a publish. */
  async plan(
    options: Partial<PlanRequest> & {
      readonly select?: readonly string[];
      readonly client?: RegistryClient;
      readonly owners?: () => Promise<OwnersHere>;
    } = {},
  ): Promise<PreparedPlan> {
    const { select = [], client, owners, ...rest } = options;
    const graph = await this.graph();
    const request: PlanRequest = {
      graph,
      selection: unwrap(selectImages(graph, select)),
      registry: unwrap(parseRegistry('localhost:5000')),
      platforms: onAmd64,
      machine: amd64,
      buildArgs: {},
      offlineBases: false,
      rebuild: false,
      onDrift: 'fail',
      ...rest,
    };
    const baseClient = async () => this.#bases();
    const { store } = this;
    const remotes = async () => this.#remoteSources();
    return await preparePlan(request, { store, client, baseClient, remotes, owners, now: Date.now }, never);
  }

  /** For each plan its own: an address is one file as long as it lives. */
  #remoteSources(): RemoteSources {
    const remotes = new RemoteSources({ store: this.store, registry: clientOptions });
    this.#resources.push(() => remotes.close());
    return remotes;
  }

  /** A client for external images, made when it is first asked. */
  #bases(): RegistryClient {
    if (this.#baseClient === undefined) {
      const client = new RegistryClient(clientOptions);
      this.#resources.push(() => client.close());
      this.#baseClient = client;
    }
    return this.#baseClient;
  }

  builder(options: FakeBuilderOptions = {}): FakeBuilder {
    return new FakeBuilder(this.store, options);
  }

  async run(prepared: PreparedPlan, builder: FakeBuilder, options: Partial<RunOptions> = {}, signal = never) {
    const dependencies = { ...this.#dependencies(prepared), builder };
    return await runPlan(dependencies, { jobs: 4, keepGoing: false, ...options }, signal);
  }

  async publish(
    prepared: PreparedPlan,
    place: ProjectRegistry,
    builder: FakeBuilder,
    options: Partial<PublishOptions> & { readonly prepareForPush?: (image: Descriptor) => Promise<Descriptor> } = {},
    signal = never,
  ) {
    const { prepareForPush = async (image: Descriptor) => image, ...rest } = options;
    const dependencies = { ...this.#dependencies(prepared), builder, registry: place, prepareForPush };
    return await publish(dependencies, { jobs: 4, keepGoing: false, ...rest }, signal);
  }

  #dependencies(prepared: PreparedPlan) {
    return {
      ...prepared,
      store: this.store,
      progress: this.progress,
      secrets: {},
      ssh: {},
      noCache: false,
      clock: () => performance.now(),
    };
  }

  async #writeImage(name: string, image: ImageSources): Promise<void> {
    const { version = '1.0.0', platforms = [], on = [], files = {} } = image;
    const directory = join(this.directory, 'project', 'contexts', name);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    const list = platforms.length === 0 ? '' : ` :platforms [${platforms.map((one) => `"${one}"`).join(' ')}]`;
    await writeFile(join(directory, 'info.edn'), `{:version "${version}"${list}}\n`);
    await writeFile(join(directory, 'Dockerfile'), image.dockerfile ?? this.#dockerfileFor(on));
    for (const [path, text] of Object.entries(files)) await writeSource(join(directory, path), text);
  }

  #dockerfileFor(on: readonly string[]): string {
    const [base, ...others] = on.map((name) => `\${REGISTRY}/${name}:${this.#images[name]?.version ?? '1.0.0'}`);
    return [
      'ARG REGISTRY',
      `FROM ${base ?? 'scratch'}`,
      ...others.map((other) => `COPY --from=${other} / /`),
      'COPY files /',
      '',
    ].join('\n');
  }
}

async function writeSource(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const [, marker, rest = ''] = /^(-> |\+x )?(.*)$/s.exec(text)!;
  if (marker === '-> ') return await symlink(rest, path);
  await writeFile(path, rest);
  if (marker !== undefined) await chmod(path, 0o755);
}
