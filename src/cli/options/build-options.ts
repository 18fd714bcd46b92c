import type { Isolation } from '../../worker/worker-builder.ts';
import { option } from './option.ts';
import { pairsIn, toggle } from './schemas.ts';

/** A file to give to steps. */
interface Secret {
  readonly id: string;
  readonly src: string;
}

/** An agent for steps; no paths: that of the environment. */
interface Agent {
  readonly id: string;
  readonly paths: readonly string[];
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
  offlineBases: option({
    kind: 'boolean',
    description: 'Ask no registry about base images: use the digests last seen',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
  secret: option({
    kind: 'list',
    value: 'id=ID,src=FILE',
    description: 'Give a file to RUN --mount=type=secret; may be repeated',
    group: 'How',
    fromEnvironment: false,
    schema: ({ z }) =>
      z
        .array(
          z.string().transform((text, context): Secret => {
            const { id = '', source = '', src = source, type = 'file', ...rest } = pairsIn(text);
            const strange = Object.keys(rest)[0];
            if (id !== '' && src !== '' && type === 'file' && strange === undefined) return { id, src };
            const hint = `write --secret id=${id || 'ID'},src=${src || 'FILE'}`;
            const isEnv = type === 'env' || 'env' in rest;
            const message = isEnv
              ? 'values of environment variables are not supported, only files'
              : id === '' || src === ''
                ? 'it needs the id of the secret and the file'
                : strange !== undefined
                  ? `it can have id, src and type, not ${strange}`
                  : `the type is file, not ${type}`;
            context.addIssue({ code: 'custom', message, params: { hint } });
            return z.NEVER;
          }),
        )
        .superRefine((secrets, context) => {
          for (const id of idsOfSeveral(secrets))
            context.addIssue({
              code: 'custom',
              message: `${id} has several files`,
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

/** One of the files would be lost without a word. */
function idsOfSeveral(secrets: readonly Secret[]): readonly string[] {
  const lasts = new Map(secrets.map(({ id, src }) => [id, src]));
  return [...lasts].flatMap(([id, last]) => (secrets.some((one) => one.id === id && one.src !== last) ? [id] : []));
}
