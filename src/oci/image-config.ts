import { z } from 'zod';
import { DiffID } from './digest.ts';

const NullableStrings = z.array(z.string()).nullish();

/** What is handed to processes or names a path, where C ends a text at its first NUL. */
const CString = z.string().regex(/^[^\0]*$/, 'holds a NUL character');
const NullableCStrings = z.array(CString).nullish();
const PresenceMap = z.record(z.string(), z.looseObject({})).nullish();

/** Durations in nanoseconds, as Docker stores them. */
export const Healthcheck = z.looseObject({
  Test: NullableStrings,
  Interval: z.number().optional(),
  Timeout: z.number().optional(),
  StartPeriod: z.number().optional(),
  StartInterval: z.number().optional(),
  Retries: z.number().optional(),
});
export type Healthcheck = z.infer<typeof Healthcheck>;

/**
 * What a container is started with. OCI's fields, and Docker's `Healthcheck`, `OnBuild`, `Shell`, `ArgsEscaped`.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties
 */
export const ContainerConfig = z.looseObject({
  User: CString.optional(),
  ExposedPorts: PresenceMap,
  Env: NullableCStrings,
  Entrypoint: NullableStrings,
  Cmd: NullableStrings,
  Volumes: PresenceMap,
  WorkingDir: CString.optional(),
  Labels: z.record(z.string(), z.string()).nullish(),
  StopSignal: z.string().optional(),
  Healthcheck: Healthcheck.nullish(),
  OnBuild: NullableStrings,
  Shell: NullableCStrings,
  ArgsEscaped: z.boolean().optional(),
});
export type ContainerConfig = z.infer<typeof ContainerConfig>;

/** One instruction of the past. Entries without `empty_layer` match the layers one to one, in order. */
export const History = z.looseObject({
  created: z.string().optional(),
  created_by: z.string().optional(),
  author: z.string().optional(),
  comment: z.string().optional(),
  empty_layer: z.boolean().optional(),
});
export type History = z.infer<typeof History>;

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md */
export const ImageConfig = z.looseObject({
  created: z.string().optional(),
  author: z.string().optional(),
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
  'os.features': NullableStrings,
  config: ContainerConfig.nullish(),
  rootfs: z.looseObject({
    type: z.literal('layers'),
    diff_ids: z
      .array(DiffID)
      .nullable()
      .transform((ids) => ids ?? []),
  }),
  history: z.array(History).nullish(),
});
export type ImageConfig = z.infer<typeof ImageConfig>;
