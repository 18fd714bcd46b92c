import type { Stage } from '../dockerfile/dockerfile.ts';
import type { RemoteSource } from '../dockerfile/remote-source.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { type Failure, failed, ok, type Result } from '../result.ts';
import { contextReads } from './context-reads.ts';
import { epochStage, noAddress } from './epoch-stage.ts';
import { invalidEpoch } from './failure.ts';
import { declaredValues, type GlobalInputs } from './global-values.ts';
import { type NamedContexts, namedContext } from './named-contexts.ts';
import { isSeconds, sourceDateEpoch, timeOfContext } from './source-date-epoch.ts';

/** Where SOURCE_DATE_EPOCH of a build is to be looked up. Plain data. */
export type EpochSource =
  /** Nowhere: it is a number already, or there is none. */
  | { readonly type: 'settled' }
  /** The context that has no name. */
  | { readonly type: 'context' }
  /** What a named context is, or what a stage fetches. */
  | { readonly type: 'remote'; readonly source: RemoteSource }
  /** A directory or an image: they have no time. */
  | { readonly type: 'none' };

/** What decides it: of all platforms of the image, which have one time. */
export interface EpochInputs extends Omit<GlobalInputs, 'platform' | 'budget'> {
  readonly platforms: readonly Platform[];
  readonly contexts?: NamedContexts | undefined;
}

type Found = Result<EpochSource, readonly [Failure]>;

/** Asks nobody. Fails for what names nothing that has a time, and for what is another time on another platform. */
export function epochSource(inputs: EpochInputs): Found {
  const [first, ...others] = inputs.platforms.map((platform) => ({ platform, ...lookedUp({ ...inputs, platform }) }));
  if (!first!.found.ok) return first!.found;
  const other = others.find(({ found }) => JSON.stringify(found) !== JSON.stringify(first!.found));
  if (other === undefined || !other.found.ok) return (other ?? first!).found;
  const [one, two] = [first!, other].map(({ platform }) => formatPlatform(platform));
  return failed([invalidEpoch(first!.text, `which is the time of one thing for ${one} and of another for ${two}`)]);
}

type PlatformInputs = GlobalInputs & Pick<EpochInputs, 'contexts'>;

function lookedUp(inputs: PlatformInputs): { readonly text: string; readonly found: Found } {
  const { dockerfile, contexts = {}, platform } = inputs;
  const declared = declaredValues(inputs);
  const text = declared.values.get(sourceDateEpoch) ?? '';
  if (text === '' || isSeconds(text)) return { text, found: ok({ type: 'settled' }) };
  if (text === timeOfContext) return { text, found: ok({ type: 'context' }) };
  const named = namedContext(contexts, text, platform)?.context;
  if (named?.type === 'remote') return { text, found: ok({ type: 'remote', source: named.source }) };
  if (named !== undefined) return { text, found: ok({ type: 'none' }) };
  const stage = epochStage(text, { dockerfile, ...declared });
  if (!stage.ok) return { text, found: stage };
  const source = fetchedBy(stage.value, inputs);
  if (source !== undefined) return { text, found: ok({ type: 'remote', source }) };
  return { text, found: failed([invalidEpoch(text, noAddress, stage.value.from.at)]) };
}

/** With the ARGs of the stage filled in. */
function fetchedBy({ index }: Stage, inputs: PlatformInputs): RemoteSource | undefined {
  const { remotes } = contextReads({ ...inputs, contexts: undefined, target: `${index}`, imageOf: () => undefined });
  return remotes[0]?.source;
}
