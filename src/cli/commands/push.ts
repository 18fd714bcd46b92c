import { exporterFor } from '../../engine/exporter/exporters.ts';
import { formatReference, parseReference, type Reference } from '../../oci/reference.ts';
import { FailureError } from '../../result.ts';
import { exitStatus } from '../exit-codes.ts';
import { exportServices } from '../export-services.ts';
import { archiveWithoutName, imageNameInvalid, missingArchive, severalImages } from '../image-failure.ts';
import type { Invocation } from '../invocation.ts';
import { imagesOfTar } from '../packed-images.ts';
import type { World } from '../world.ts';

/** `cip push`: the images in a tar, under the names that they have there or that are given. */
export async function run({ options, positionals }: Invocation<'json'>, world: World) {
  const [path, ...typed] = positionals;
  if (path === undefined) throw new FailureError(missingArchive());
  const given = typed.map(referenceIn);
  const images = await imagesOfTar(path, world);
  if (given.length > 0 && images.length > 1) {
    const found = images.map(({ root, names: [name] }) => (name === undefined ? root.digest : formatReference(name)));
    throw new FailureError(severalImages(path, found));
  }
  const named = images.map(({ root, names }) => ({ image: root, names: given.length > 0 ? given : names }));
  if (named.some(({ names }) => names.length === 0)) throw new FailureError(archiveWithoutName(path));
  const services = await exportServices(world);
  const pushed: { readonly name: string; readonly digest: string }[] = [];
  for (const one of named) {
    const { digest } = await exporterFor({ type: 'registry' }, services).export(one, world.signal);
    pushed.push(...one.names.map((name) => ({ name: formatReference(name), digest })));
  }
  if (options.json) {
    const document = { schema: 'cip.push/v1', pushed, failures: [] };
    world.print(`${JSON.stringify(document, null, 2)}\n`);
  } else world.print(pushed.map(({ name, digest }) => `${name}@${digest}\n`).join(''));
  return exitStatus.done;
}

function referenceIn(typed: string): Reference {
  const parsed = parseReference(typed);
  if (!parsed.ok) throw new FailureError(imageNameInvalid(typed, parsed.failure[0]));
  return parsed.value;
}
