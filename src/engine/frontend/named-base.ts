import { namedContext } from '../../context/named-contexts.ts';
import { describeRemote, type RemoteSource } from '../../dockerfile/remote-source.ts';
import type { Platform } from '../../oci/platform.ts';
import { assertNever, type SourceSpan } from '../../result.ts';
import type { CopyOp, Step } from '../op/op-definition.ts';
import type { Vertex } from '../solver/vertex.ts';
import type { LoweringContext } from './lowering-context.ts';
import { step } from './step.ts';

/** What a named context is in place of an image: another image, or files. */
export type NamedBase =
  | { readonly image: string; readonly vertex?: undefined }
  | { readonly vertex: Vertex<Step>; readonly image?: undefined };

/** What is given under the name that a Dockerfile has for an image; undefined where nothing is. */
export function namedBase(
  { name, platform, at }: { readonly name: string; readonly platform: Platform; readonly at: SourceSpan },
  lowering: LoweringContext,
): NamedBase | undefined {
  const { contexts = {}, contextFiles = {}, context: ofBuild, remotes, image } = lowering.input;
  const found = namedContext(contexts, name, platform);
  if (found === undefined) return undefined;
  const { context } = found;
  const below = step({ op: { kind: 'scratch' }, inputs: [], name: 'FROM scratch' });
  const title = `[context ${found.name}]`;
  const origin = (text: string) => ({ image, stage: `context ${found.name}`, at, text });
  switch (context.type) {
    case 'image':
      return context.reference === 'scratch' ? { vertex: below } : { image: context.reference };
    case 'directory': {
      const files: CopyOp = {
        ...everything(lowering),
        source: { type: 'context', name: found.name },
        patterns: ['.'],
        destination: '/',
      };
      const rest = { origin: origin(`${title} ${context.directory}`), context: contextFiles[found.name] };
      return { vertex: step({ op: files, inputs: [below], name: `${title} files` }, rest) };
    }
    case 'remote': {
      const shown = describeRemote(context.source);
      const rest = { origin: origin(`${title} ${shown}`), context: ofBuild, remotes };
      const op = fetched(context.source, lowering);
      return { vertex: step({ op, inputs: [below], name: `${title} ${shown}` }, rest) };
    }
    default:
      return assertNever(context);
  }
}

/** As BuildKit has it, the file of an address is called `context`, whatever it is. */
function fetched(source: RemoteSource, lowering: LoweringContext): CopyOp {
  return {
    ...everything(lowering),
    source: { type: 'context' },
    patterns: [],
    fetched: [{ before: 0, source, unpack: false }],
    destination: source.type === 'git' ? '/' : '/context',
  };
}

function everything({ mtime, input }: LoweringContext): Omit<CopyOp, 'source' | 'patterns' | 'destination'> {
  return {
    kind: 'copy',
    inline: [],
    exclude: [],
    link: true,
    parents: false,
    unpack: false,
    mtime,
    epoch: input.epoch,
  };
}
