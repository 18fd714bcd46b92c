import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Rig } from '../support/rig.ts';
import { type Entries, writeTree } from './tree.ts';

/** A project before and after one edit: an image, perhaps with a parent of its own. */
export interface Pair {
  /** What stands after the number of its context. */
  readonly id: string;
  /** The context of the image. `PARENT` in the Dockerfile stands for the reference of the parent. */
  readonly before: Entries;
  readonly edit: Entries;
  /** The context of the image's parent. */
  readonly parent?: { readonly before: Entries; readonly edit: Entries } | undefined;
  /** Version after the edit; the same, 1.0.0, if not given. */
  readonly version?: string | undefined;
}

/** What came of a pair. Digests are those of the manifest for this machine's platform; undefined where the build failed. */
export interface Verdict {
  readonly before: string | undefined;
  /** Whether cip saw a change after the edit; false where it said that the image was up to date, or only its version new. */
  readonly changed: boolean;
  /** What `cip why` says of the change: the reason, and of an instruction whether what it said is all that is told. */
  readonly why: string | undefined;
  /** After the edit, with everything that the first build left behind. */
  readonly cached: string | undefined;
  /** After the edit, every step done again. */
  readonly uncached: string | undefined;
  /** After the edit, in an empty store. */
  readonly fresh: string | undefined;
}

export interface ThreeWaysOptions {
  /** Contexts that all pairs may use, by name with number: `00-tools`. */
  readonly shared?: Readonly<Record<string, Entries>> | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Environment after the edit, where it is another one. */
  readonly envAfter?: Readonly<Record<string, string>> | undefined;
  /** What comes after the command, before and after the edit. */
  readonly args?: readonly string[];
  readonly argsAfter?: readonly string[];
}

/** The time of all that is made, so that equal sources can be expected to give equal bytes. */
const epoch = { SOURCE_DATE_EPOCH: '1700000000' };

/** Builds all pairs as images of one project: before the edit, and after it in three ways. */
export async function buildThreeWays(
  pairs: readonly Pair[],
  { shared = {}, env = {}, envAfter = env, args = [], argsAfter = args }: ThreeWaysOptions = {},
): Promise<ReadonlyMap<string, Verdict>> {
  await using rig = await Rig.setup();
  const contexts = join(rig.project, 'contexts');
  for (const [name, entries] of Object.entries(shared)) await writeTree(join(contexts, name), withInfo(entries));
  for (const { id, before, parent } of pairs) {
    await writeTree(join(contexts, `02-${id}`), withInfo(named(before, id)));
    if (parent) await writeTree(join(contexts, `01-${id}-parent`), withInfo(parent.before));
  }
  const run = async (store: string, settings: object, given: readonly string[], ...flags: readonly string[]) => {
    const options = { env: { ...epoch, ...settings, CIP_STORE: store } };
    const outcome = await rig.cip('build', '--keep-going', '--json', ...flags, ...dashes(given), options);
    if (outcome.status !== 0 && outcome.status !== 1) throw new Error(`exit ${outcome.status}: ${outcome.stderr}`);
    return { report: JSON.parse(outcome.stdout) as Report, images: await manifestsOf(store) };
  };

  const before = await run(rig.store, env, args);
  for (const { id, edit, parent, version } of pairs) {
    await writeTree(join(contexts, `02-${id}`), named(edit, id));
    if (parent) await writeTree(join(contexts, `01-${id}-parent`), parent.edit);
    if (version !== undefined) await writeTree(join(contexts, `02-${id}`), { 'info.edn': info(version) });
  }
  const explained = await rig.cip('why', '--json', ...dashes(argsAfter), {
    env: { ...epoch, ...envAfter, CIP_STORE: rig.store },
  });
  const { images: causes } = JSON.parse(explained.stdout) as { readonly images: readonly Explained[] };
  const cached = await run(rig.store, envAfter, argsAfter);
  const uncached = await run(rig.store, envAfter, argsAfter, '--no-cache');
  const fresh = await run(`${rig.store}-fresh`, envAfter, argsAfter);

  return new Map(
    pairs.map(({ id, version = '1.0.0' }) => {
      const digestIn = ({ report, images }: typeof before, tag = version) =>
        failedIn(report, id) ? undefined : images.get(`${id}:${tag}`);
      return [
        id,
        {
          before: digestIn(before, '1.0.0'),
          // Content that another image of the table has under this key is taken from there.
          changed: statusIn(cached.report, id) !== (version === '1.0.0' ? 'untouched' : 'retagged'),
          why: whyOf(causes.find(({ name }) => name === id)),
          cached: digestIn(cached),
          uncached: digestIn(uncached),
          fresh: digestIn(fresh),
        },
      ];
    }),
  );
}

interface Explained {
  readonly name: string;
  readonly cause: { readonly reason: string; readonly before?: string; readonly at?: { readonly text: string } } | null;
}

/** `instruction-changed, to the same` where nothing that is shown differs, and it is no here-document. */
function whyOf(image: Explained | undefined): string | undefined {
  const { reason, before, at } = image?.cause ?? {};
  const isSame = reason === 'instruction-changed' && before === at?.text && !before?.includes('<<');
  return isSame ? `${reason}, to the same` : reason;
}

interface Report {
  readonly images: readonly { readonly name: string; readonly status: string }[];
}

function statusIn(report: Report, name: string): string | undefined {
  return report.images.find((image) => image.name === name)?.status;
}

function failedIn(report: Report, name: string): boolean {
  return !['built', 'untouched', 'retagged'].includes(statusIn(report, name) ?? '');
}

function dashes(args: readonly string[]): readonly string[] {
  return args.length === 0 ? [] : ['--', ...args];
}

function named(entries: Entries, id: string): Entries {
  const dockerfile = entries['Dockerfile'];
  if (typeof dockerfile !== 'string') return entries;
  return {
    ...entries,
    Dockerfile: `ARG REGISTRY\n${dockerfile.replaceAll('PARENT', `\${REGISTRY}/${id}-parent:1.0.0`).replaceAll('TOOLS', '${REGISTRY}/tools:1.0.0')}`,
  };
}

function withInfo(entries: Entries): Entries {
  return { 'info.edn': info('1.0.0'), ...entries };
}

function info(version: string): string {
  return `{:version "${version}"}\n`;
}

/** `name:tag` → digest of its manifest for this machine's platform, read as any other tool would. */
async function manifestsOf(store: string): Promise<ReadonlyMap<string, string>> {
  const json = async (path: string) => JSON.parse(await readFile(join(store, 'images', path), 'utf8'));
  const { manifests } = (await json('index.json')) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  const images = await Promise.all(
    manifests.map(async ({ digest, annotations = {} }) => {
      const name = annotations['org.opencontainers.image.ref.name']?.replace(/^.*\//, '');
      const index = (await json(join('blobs', digest.replace(':', '/')))) as { manifests?: { digest: string }[] };
      const [manifest] = index.manifests ?? [];
      return name !== undefined && manifest !== undefined ? [[name, manifest.digest] as const] : [];
    }),
  );
  return new Map(images.flat());
}
