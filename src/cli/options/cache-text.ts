import type { CacheAddress } from '../../engine/cache/cache-address.ts';
import type { Reference } from '../../oci/reference.ts';
import type { Failure, Result } from '../../result.ts';
import { pairsIn } from './schemas.ts';

type ParseReference = (text: string) => Result<Reference, readonly Failure[]>;

/** What completes "can't be …", and the text to write instead. */
interface CacheProblem {
  readonly message: string;
  readonly hint: string;
}

/** Characters of a scope: a tag has 128, and most of them are the key. */
const LONGEST_SCOPE = 50;

/** Type → what it may be told besides. */
const keys = {
  from: { registry: ['ref'], local: ['src'] },
  to: { registry: ['ref', 'mode', 'ignore-error'], local: ['dest', 'mode', 'ignore-error'] },
} as const;

/** `type=registry,ref=REFERENCE` or `type=local,src=DIR` (`dest=DIR` of one that is written), as BuildKit has them; a reference alone. */
export function parseCache(
  text: string,
  direction: 'from' | 'to',
  parseReference: ParseReference,
): CacheAddress | CacheProblem {
  const usual = `type=registry,ref=${text.includes('=') || text === '' ? 'registry.example.com/team/cache' : text}`;
  const option = `--cache-${direction}`;
  const wrong = (message: string, hint = `write ${option} ${usual}`) => ({ message, hint });
  if (/^[./~]/.test(text)) {
    const key = direction === 'from' ? 'src' : 'dest';
    return wrong('a reference names a registry', `write ${option} type=local,${key}=${text}`);
  }
  const pairs = text.includes('=') ? pairsIn(text) : { type: 'registry', ref: text };
  const { type = '' } = pairs;
  if (type !== 'registry' && type !== 'local')
    return wrong(type === '' ? 'it has no type' : `the type is registry or local, not ${type}`);
  const known: readonly string[] = keys[direction][type];
  const strange = Object.keys(pairs).find((key) => key !== 'type' && !known.includes(key));
  if (strange !== undefined) return wrong(`with type=${type} it can have ${known.join(', ')}, not ${strange}`);
  const { mode = 'max', 'ignore-error': ignored = 'true' } = pairs;
  if (mode !== 'max') return wrong('results of all steps are shared, as with mode=max', 'leave mode out');
  if (ignored !== 'true') return wrong('a cache that fails never makes a build fail', 'leave ignore-error out');
  if (type === 'local') {
    const key = direction === 'from' ? 'src' : 'dest';
    const directory = pairs[key] ?? '';
    return directory === ''
      ? wrong('it has no directory', `write ${option} type=local,${key}=DIR`)
      : { type, directory };
  }
  const reference = parseReference(pairs['ref'] ?? '');
  if (!reference.ok) {
    const { message, hint = usual } = reference.failure[0]!;
    return { message, hint };
  }
  const { registry, repository, tag: scope = '', digest } = reference.value;
  if (digest !== undefined) return wrong('it has a digest, and is to have many tags');
  if (scope.length > LONGEST_SCOPE) return wrong(`its tag has more than ${LONGEST_SCOPE} characters`);
  return { type, registry, repository, scope };
}
