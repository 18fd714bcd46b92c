import { exporterFor, type Output } from '../../engine/exporter/exporters.ts';
import { copyGraph } from '../../oci/copy-graph.ts';
import { parseReference, type Reference } from '../../oci/reference.ts';
import { FailureError, FailuresError } from '../../result.ts';
import type { Store } from '../../store/store.ts';
import { exitStatus } from '../exit-codes.ts';
import { exportServices } from '../export-services.ts';
import { contradictoryOptions } from '../failure.ts';
import { imageNameInvalid, missingCopyPlaces, outputToTerminal } from '../image-failure.ts';
import type { Invocation } from '../invocation.ts';
import { openImage } from '../opened-image.ts';
import { expectDirectory } from '../outputs.ts';
import { toStandardOutput, writeToStandardOutput } from '../to-standard-output.ts';
import type { World } from '../world.ts';

/** `cip image copy`: an image as it is, all platforms, from one place to another. */
export async function run({ options, positionals: [from, to] }: Invocation<'json'>, world: World) {
  if (from === undefined || to === undefined) throw new FailureError(missingCopyPlaces());
  const target = targetOf(to, world);
  if (options.json && target.written === toStandardOutput)
    throw new FailureError(contradictoryOptions('oci-archive://-', '--json'));
  await expectPlace(target, world);
  const { root, source, reference } = await openImage(from, world);
  const services = await exportServices(world);
  await copyGraph(root, { from: source, to: services.store.blobs }, world.signal);
  const names = target.names(reference);
  const { output, passedOn } = passedOnIn(target, services.store);
  const { digest } = await exporterFor(output, services).export({ image: root, names }, world.signal);
  if (passedOn !== undefined) await writeToStandardOutput(passedOn, world);
  if (options.json) {
    const document = { schema: 'cip.copy/v1', from, to, digest, failures: [] };
    world.print(`${JSON.stringify(document, null, 2)}\n`);
  } else if (passedOn !== undefined) world.tell(`${to}@${digest}\n`);
  else world.print(`${to}@${digest}\n`);
  return exitStatus.done;
}

/** Before anything is fetched: a slip in a path would make directories that nobody wants, or cost the whole copy. */
async function expectPlace({ written }: Target, world: World): Promise<void> {
  if (written === undefined) return;
  if (written === toStandardOutput) {
    if (world.surroundings.stdout.isTTY) throw new FailureError(outputToTerminal('oci-archive://-'));
    return;
  }
  const failures = await expectDirectory(written, world);
  if (failures.length > 0) throw new FailuresError(failures);
}

/** What goes to standard output is made as a file, and passed on when it is whole. */
function passedOnIn(
  { output, written }: Target,
  { session }: Store,
): { readonly output: Output; readonly passedOn?: string } {
  if (written !== toStandardOutput || !('dest' in output)) return { output };
  const passedOn = session.tempPath('output');
  return { output: { ...output, dest: passedOn }, passedOn };
}

interface Target {
  /** As typed, where it is a file or a directory. */
  readonly written?: string | undefined;
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
    return { written: rest, output: { type: 'docker', dest: world.resolve(rest), tar: true }, names: kept };
  }
  const [, directory = rest, tag] = /^(.+):([\w][\w.-]{0,127})$/s.exec(rest) ?? [];
  const output = { type: 'oci', dest: world.resolve(directory), tar: false } as const;
  if (tag === undefined) return { written: directory, output, names: kept };
  return {
    written: directory,
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
