import type { RegistryOptions } from '../../src/registry/registry-options.ts';

/** A client that asks once. */
export const clientOptions: RegistryOptions = {
  insecureRegistries: [],
  retries: 0,
  timeoutMs: 5_000,
  userAgent: 'test',
  env: {},
};
