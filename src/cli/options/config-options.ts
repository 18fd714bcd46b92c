import type { PlacedAnnotation } from '../../oci/placed-annotation.ts';
import { parseAnnotation } from './annotation-text.ts';
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
  annotation: option({
    kind: 'list',
    value: '[LEVEL:]NAME=VALUE',
    description:
      'Annotate images: level manifest, index, manifest-descriptor or index-descriptor, several with commas, of one platform as in manifest[linux/arm64]; may be repeated',
    group: 'What',
    fromEnvironment: false,
    schema: ({ z }) =>
      z
        .array(
          z.string().transform((text, context): readonly PlacedAnnotation[] => {
            const read = parseAnnotation(text);
            if ('found' in read) return read.found;
            context.addIssue({ code: 'custom', message: read.message, params: { hint: read.hint } });
            return z.NEVER;
          }),
        )
        .default([])
        .transform((all) => all.flat()),
  }),
} as const;
