import { option } from './option.ts';

/** What the configuration of images says besides their Dockerfiles. */
export const configOptions = {
  label: option({
    kind: 'list',
    value: 'NAME=VALUE',
    description: 'Give images a label, in place of one that the Dockerfile gives; may be repeated',
    group: 'What',
    fromEnvironment: false,
    schema: ({ z }) =>
      z
        .array(
          z.string().transform((text, context): readonly [name: string, value: string] => {
            const [, name = '', value = ''] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
            if (name.trim() !== '') return [name, value];
            const hint = `write --label NAME${value === '' ? '=VALUE' : `=${value}`}`;
            context.addIssue({ code: 'custom', message: 'it has no name', params: { hint } });
            return z.NEVER;
          }),
        )
        .default([]),
  }),
} as const;
