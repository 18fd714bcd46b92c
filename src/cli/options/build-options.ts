import type { CacheAddress } from '../../engine/cache/cache-address.ts';
import type { Isolation } from '../../worker/worker-builder.ts';
import { parseCache } from './cache-text.ts';
import { option } from './option.ts';
import { pairsIn, type SchemaKit, toggle } from './schemas.ts';

/** A value to give to steps: of a file, or of a variable; of whichever is there by the name of its id without either. */
interface Secret {
  readonly id: string;
  readonly src?: string;
  readonly env?: string;
}

/** An agent for steps; no paths: that of the environment. */
interface Agent {
  readonly id: string;
  readonly paths: readonly string[];
}

/** A context and the name that Dockerfiles have for it, both as typed. */
interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/** Each there is, or it does not compile. */
const isolations: Readonly<Record<Isolation, true>> = { auto: true, namespaces: true, chroot: true, none: true };

/** How images are built: with what, and kept in what. */
export const buildOptions = {
  noCache: option({
    kind: 'boolean',
    description: 'Use no results of earlier runs; a step that several images share still runs only once',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
  noCacheFilter: option({
    kind: 'list',
    value: 'STAGE',
    description: 'Use no results of earlier runs for the steps of this stage; may be repeated',
    group: 'How',
    fromEnvironment: false,
    schema: ({ z }) =>
      z
        .array(z.string().min(1))
        .default([])
        .transform((given) => given.flatMap((names) => names.split(',')).filter((name) => name !== '')),
  }),
  cacheFrom: option({
    kind: 'list',
    value: 'REFERENCE|type=TYPE,…',
    example: 'registry.example.com/team/cache',
    description:
      'Take results of steps that other machines have shared: of a registry, or with type=local,src=DIR of a directory; may be repeated',
    group: 'How',
    schema: (kit) => cachesBy(kit, 'from'),
  }),
  cacheTo: option({
    kind: 'list',
    value: 'REFERENCE|type=TYPE,…',
    example: 'registry.example.com/team/cache',
    description:
      'Share results of steps: with a registry, or with type=local,dest=DIR with a directory; may be repeated',
    group: 'How',
    schema: (kit) => cachesBy(kit, 'to'),
  }),
  onFail: option({
    kind: 'string',
    value: 'clean|keep|shell',
    description: 'When a RUN fails, remove its files (default), keep them in the store, or start a shell in its place',
    group: 'How',
    schema: ({ z }) => z.enum(['clean', 'keep', 'shell']).optional(),
  }),
  offlineBases: option({
    kind: 'boolean',
    description: 'Ask no registry about base images: use the digests last seen',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
  buildContext: option({
    kind: 'list',
    value: 'NAME=DIR|IMAGE|URL',
    description: 'Use this where the Dockerfile names a stage or an image NAME; may be repeated',
    group: 'How',
    fromEnvironment: false,
    schema: ({ z }) =>
      z
        .array(
          z.string().transform((text, context): NamedValue => {
            const at = text.indexOf('=');
            const [name, value] = at < 0 ? ['', ''] : [text.slice(0, at), text.slice(at + 1)];
            if (name !== '' && value !== '') return { name, value };
            const message =
              at < 0 ? 'it needs a name and what has that name' : `it has no ${name === '' ? 'name' : 'value'}`;
            const hint = 'write --build-context NAME=DIR, or NAME=docker-image://REFERENCE';
            context.addIssue({ code: 'custom', message, params: { hint } });
            return z.NEVER;
          }),
        )
        .default([]),
  }),
  secret: option({
    kind: 'list',
    value: 'id=ID[,src=FILE|,env=NAME]',
    description: 'Give a file, or a variable, to RUN --mount=type=secret; may be repeated',
    group: 'How',
    fromEnvironment: false,
    schema: ({ z }) =>
      z
        .array(
          z.string().transform((text, context): Secret => {
            const { id = '', source = '', src = source, env = '', type = '', ...rest } = pairsIn(text);
            const [strange] = Object.keys(rest);
            const variable = type === 'env' && env === '' ? src : env;
            const file = type === 'env' ? '' : src;
            const hint = `write --secret id=${id || 'ID'},${variable === '' ? `src=${src || 'FILE'}` : `env=${variable}`}`;
            const message =
              id === ''
                ? 'it needs the id of the secret'
                : strange !== undefined
                  ? `it can have id, src, env and type, not ${strange}`
                  : type !== '' && type !== 'file' && type !== 'env'
                    ? `the type is file or env, not ${type}`
                    : variable !== '' && ((src !== '' && (type !== 'env' || env !== '')) || type === 'file')
                      ? 'it is a file or a variable, not both'
                      : type !== '' && src === '' && variable === ''
                        ? `it needs the ${type === 'file' ? 'file' : 'variable'}`
                        : undefined;
            if (message === undefined)
              return { id, ...(file !== '' && { src: file }), ...(variable !== '' && { env: variable }) };
            context.addIssue({ code: 'custom', message, params: { hint } });
            return z.NEVER;
          }),
        )
        .superRefine((secrets, context) => {
          for (const id of idsOfSeveral(secrets))
            context.addIssue({
              code: 'custom',
              message: `${id} has several values`,
              params: { hint: 'give each id once' },
            });
        })
        .default([]),
  }),
  ssh: option({
    kind: 'list',
    value: 'default|ID[=SOCKET|KEY[,KEY]]',
    description: 'Give an SSH agent, or keys, to RUN --mount=type=ssh; may be repeated',
    group: 'How',
    fromEnvironment: false,
    schema: ({ z }) =>
      z
        .array(
          z.string().transform((text, context): Agent => {
            const at = text.indexOf('=');
            const id = at < 0 ? text : text.slice(0, at);
            const paths = at < 0 ? [] : text.slice(at + 1).split(',');
            if (id !== '' && !id.includes(',') && !paths.includes('')) return { id, paths };
            const message = id === '' ? 'it needs an id' : 'it needs a socket or keys after the equals sign';
            const hint = `write --ssh ${/^[^,]+/.exec(id)?.[0] ?? 'default'}, or --ssh default=FILE`;
            context.addIssue({ code: 'custom', message, params: { hint } });
            return z.NEVER;
          }),
        )
        .superRefine((agents, context) => {
          const twice = agents.find(({ id }, index) => agents.findIndex((one) => one.id === id) < index);
          if (twice === undefined) return;
          const hint = `give each id once, with all of its keys: --ssh ${twice.id}=FILE,FILE`;
          context.addIssue({ code: 'custom', message: `${twice.id} is given twice`, params: { hint } });
        })
        .default([]),
  }),
  isolation: option({
    kind: 'string',
    value: Object.keys(isolations).join('|'),
    description: 'What RUN steps are kept in; none runs nothing, auto takes chroot only in containers',
    group: 'How',
    default: 'auto',
    schema: ({ z }) => z.enum(Object.keys(isolations) as Isolation[]),
  }),
  requireIsolation: option({
    kind: 'boolean',
    description: 'Fail if this machine cannot keep RUN steps apart from it (see cip doctor)',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
} as const;

/** In a variable, several with blanks between. */
function cachesBy({ z, parseReference }: SchemaKit, direction: 'from' | 'to') {
  const one = z.string().transform((text, context): CacheAddress => {
    const read = parseCache(text, direction, parseReference);
    if ('type' in read) return read;
    context.addIssue({ code: 'custom', message: read.message, params: { hint: read.hint } });
    return z.NEVER;
  });
  const words = z.string().transform((text) => text.split(/\s+/).filter((word) => word !== ''));
  return z
    .union([z.array(z.string()), words])
    .pipe(z.array(one))
    .default([]);
}

/** One of the files would be lost without a word. */
function idsOfSeveral(secrets: readonly Secret[]): readonly string[] {
  const sourceOf = ({ src = '', env = '' }: Secret) => JSON.stringify([src, env]);
  const lasts = new Map(secrets.map((one) => [one.id, sourceOf(one)]));
  return [...lasts].flatMap(([id, last]) =>
    secrets.some((one) => one.id === id && sourceOf(one) !== last) ? [id] : [],
  );
}
