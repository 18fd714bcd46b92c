import type { Isolation } from '../../worker/worker-builder.ts';
import { option } from './option.ts';
import { pairsIn, toggle } from './schemas.ts';

/** A file to give to steps. */
interface Secret {
  readonly id: string;
  readonly src: string;
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
            const { id = '', src = '', type = 'file', ...rest } = pairsIn(text);
            if (id !== '' && src !== '' && type === 'file' && Object.keys(rest).length === 0) return { id, src };
            const hint = `write --secret id=${id || 'ID'},src=${src || 'FILE'}`;
            const isEnv = type === 'env' || 'env' in rest;
            const message = isEnv
              ? 'values of environment variables are not supported, only files'
              : 'it needs the id of the secret and the file';
            context.addIssue({ code: 'custom', message, params: { hint } });
            return z.NEVER;
          }),
        )
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
