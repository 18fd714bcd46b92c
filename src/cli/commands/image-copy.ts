import { exporterFor, type Output } from '../../engine/exporter/exporters.ts';
import { copyGraph } from '../../oci/copy-graph.ts';
import { parseReference, type Reference } from '../../oci/reference.ts';
import { FailureError } from '../../result.ts';
import { exitStatus } from '../exit-codes.ts';
import { exportServices } from '../export-services.ts';
import { imageNameInvalid, missingCopyPlaces } from '../image-failure.ts';
import type { Invocation } from '../invocation.ts';
import { openImage } from '../opened-image.ts';
import type { World } from '../world.ts';

/** `cip image copy`: an image as it is, all platforms, from one place to another. */
export async function run({ options, positionals: [from, to] }: Invocation<'json'>, world: World) {
  if (from === undefined || to === undefined) throw new FailureError(missingCopyPlaces());
  const target = targetOf(to, world);
  const { root, source, reference } = await openImage(from, world);
  const services = await exportServices(world);
  await copyGraph(root, { from: source, to: services.store.blobs }, world.signal);
  const names = target.names(reference);
  const { digest } = await exporterFor(target.output, services).export({ image: root, names }, world.signal);
  if (options.json) {
    const document = { schema: 'cip.copy/v1', from, to, digest, failures: [] };
    world.print(`${JSON.stringify(document, null, 2)}\n`);
  } else world.print(`${to}@${digest}\n`);
  return exitStatus.done;
}

interface Target {
  readonly output: Output;
  /** What the image is called there, given what it is called where it comes from. */
  readonly names: (known: Reference | undefined) => readonly Reference[];
}

function targetOf(text: string, world: World): Target {
  const [, scheme, rest = ''] = /^(docker-image|oci-layout|oci-archive):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === 'docker-image') return { output: { type: 'registry' }, names: named(rest) };
  if (scheme === undefined) return { output: { type: 'store' }, names: named(text) };
  if (scheme === 'oci-archive') {
    // One that Docker reads, too.
    return { output: { type: 'docker', dest: world.resolve(rest), tar: true }, names: kept };
  }
  const [, directory = rest, tag] = /^(.+):([\w][\w.-]{0,127})$/s.exec(rest) ?? [];
  const output = { type: 'oci', dest: world.resolve(directory), tar: false } as const;
  if (tag === undefined) return { output, names: kept };
  return {
    output,
    names: (known) => [{ registry: 'docker.io', repository: 'library/image', ...known, tag, digest: undefined }],
  };
}

function kept(known: Reference | undefined): readonly Reference[] {
  return known?.tag === undefined ? [] : [{ ...known, digest: undefined }];
}

function named(text: string): Target['names'] {
  const parsed = parseReference(text);
  if (!parsed.ok) throw new FailureError(imageNameInvalid(text, parsed.failure[0]));
  return () => [parsed.value];
}
