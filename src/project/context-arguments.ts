import type { Context } from './project.ts';

/** Build arguments as this image gets them: where its SOURCE_DATE_EPOCH names what has a time, that time. */
export function contextArguments(
  { epoch }: Pick<Context, 'epoch'>,
  buildArgs: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return epoch === undefined ? buildArgs : { ...buildArgs, SOURCE_DATE_EPOCH: epoch };
}
