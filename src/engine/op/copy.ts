import { select, selectionDigest } from '../../context/selection.ts';
import { selectionParts } from '../../context/selection-parts.ts';
import type { SourceNode } from '../../context/source-tree.ts';
import { canonicalText } from '../../oci/canonical.ts';
import { digestOfFields } from '../../oci/fields-digest.ts';
import { type KeyPart, shortDigestOf } from '../../oci/key-part.ts';
import { FailureError } from '../../result.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { scratch } from '../snapshot/snapshot.ts';
import type { Op, OpContext } from '../solver/op.ts';
import { ArchiveUnpacker } from './archive.ts';
import { isOctal } from './chmod.ts';
import { copySourceMissing, namedOwnerOfLink } from './failure.ts';
import { partsOfOp } from './key-parts.ts';
import { digestOfChain, oneLayer } from './layered.ts';
import type { CopyOp, StepOrigin } from './op-definition.ts';
import { lookupOwner } from './owner.ts';
import { PackedFiles } from './packed-files.ts';
import { packing } from './packing.ts';
import { placeAll } from './place-fetched.ts';
import { type CopiedFiles, placeInline } from './place-sources.ts';
import { Placement } from './placement.ts';
import type { RunnerServices } from './runner-services.ts';
import { readText, snapshotTree } from './snapshot-tree.ts';

/** COPY and ADD: selected files become a layer in one pass, without a root file system. */
export function copyRunner(op: CopyOp, services: RunnerServices, origin?: StepOrigin): Op<Snapshot> {
  // Selected once, for the key and for the work.
  let fromContext: Promise<CopiedFiles> | undefined;
  const context = () => {
    fromContext ??= selectFromContext(op, services, origin);
    return fromContext;
  };
  const masks = { mode: op.chmod !== undefined && isOctal(op.chmod), owner: op.chown !== undefined };
  // Without SOURCE_DATE_EPOCH a layer has times that nobody can repeat; with it, its key knows those it will have.
  const { epoch } = op;
  const timeOf = epoch === undefined ? undefined : (node: SourceNode) => Math.min(node.mtime, epoch);
  return {
    layering: oneLayer,
    async cacheMap(signal) {
      const { source, fetched = [], ...rest } = op;
      const fields = ['copy', canonicalText(rest), source.type];
      for (const one of fetched) fields.push(await services.fetched.keyOf(one, signal));
      if (source.type === 'context') {
        const { tree, selection } = await context();
        fields.push(await selectionDigest({ tree, selection }, op, { masks }));
      }
      const ofSource = async (snapshot: Snapshot) => {
        const { tree, selection } = await selectFromSnapshot(op, snapshot, { services, origin, signal });
        return selectionDigest({ tree, selection }, op, { masks, timeOf });
      };
      return {
        digest: digestOfFields(fields),
        contentDigests: source.type === 'input' ? [digestOfChain, ofSource] : [digestOfChain],
        parts: async ([, from = scratch]) => {
          const ofFetched = await Promise.all(
            fetched.map(
              async (one, at): Promise<KeyPart> => [
                `fetched ${at + 1}`,
                shortDigestOf(await services.fetched.keyOf(one, signal)),
              ],
            ),
          );
          const isFromContext = source.type === 'context';
          const files = isFromContext
            ? await context()
            : await selectFromSnapshot(op, from, { services, origin, signal });
          const all = isFromContext ? [await selectionDigest(files, op, { masks })] : [];
          return [
            ...partsOfOp(op),
            ...ofFetched,
            ...(await selectionParts(files, op, masks)),
            ...all.map((digest): KeyPart => ['files', shortDigestOf(digest)]),
          ];
        },
      };
    },

    async exec([base = scratch, from = scratch], { signal, ...told }: OpContext) {
      const isFromContext = op.source.type === 'context';
      const source = isFromContext ? await context() : await selectFromSnapshot(op, from, { services, origin, signal });
      if (isFromContext) await services.context?.verify(op, source.selection, signal);
      // With --chmod, BuildKit leaves --link out: the directories of the base are to keep their modes.
      const isLink = op.link && op.chmod === undefined;
      const below = isLink ? scratch : base;
      if (isLink && op.chown !== undefined && !/^(?:\d*|root)(?::(?:\d*|root))?$/.test(op.chown)) {
        throw new FailureError(namedOwnerOfLink(op.chown, origin));
      }
      const owner =
        op.chown === undefined ? undefined : await lookupOwner(op.chown, readText(services, below, signal), { origin });
      const placement = new Placement({
        base: await services.layers.tree(below, signal),
        owner,
        chmod: op.chmod,
        mtime: op.mtime,
        origin,
      });
      await using archives = new ArchiveUnpacker(services, signal);
      const packed = new PackedFiles(isFromContext ? source.tree : undefined);
      const fileOfBase = (path: string) => services.layers.diskPath(below, path, signal);
      const placing = {
        op,
        ...source,
        placement,
        archives,
        packed,
        owner,
        fileOfBase,
        origin,
        isFromContext,
        part: '',
      };
      const commit = async () => {
        await placeInline(placing);
        const verify = packed.verify.bind(packed);
        const entries = packed.expect(placement.entries());
        const pack = () => services.layers.commit(entries, { clampMtime: epoch, verify }, signal);
        return await packed.explained(packing(told, pack));
      };
      const layer = await placeAll(placing, { next: 0, fetched: services.fetched, commit }, signal);
      return { layers: [...base.layers, layer] };
    },
  };
}

async function selectFromContext(op: CopyOp, { context }: RunnerServices, origin?: StepOrigin): Promise<CopiedFiles> {
  if (context === undefined) throw new Error('a copy from the context of a build without one');
  const { tree } = context;
  const place = { description: tree.description, isContext: true };
  return { tree, selection: await context.select(op, (pattern) => copySourceMissing(pattern, place, origin)) };
}

async function selectFromSnapshot(
  op: CopyOp,
  from: Snapshot,
  {
    services,
    origin,
    signal,
  }: { readonly services: RunnerServices; readonly origin: StepOrigin | undefined; readonly signal: AbortSignal },
): Promise<CopiedFiles> {
  const tree = await snapshotTree(services, from, signal);
  const place = { description: tree.description, isContext: false };
  return { tree, selection: await select(tree, op, (pattern) => copySourceMissing(pattern, place, origin)) };
}
