import type { OptionToGive } from './failure.ts';
import { buildOptions } from './options/build-options.ts';
import { cacheOptions } from './options/cache-options.ts';
import { configOptions } from './options/config-options.ts';
import { connectionOptions } from './options/connection-options.ts';
import { copyOptions } from './options/copy-options.ts';
import { imageOptions } from './options/image-options.ts';
import { layerOptions } from './options/layer-options.ts';
import type { Option } from './options/option.ts';
import { outputOptions } from './options/output-options.ts';
import { platformOptions } from './options/platform-options.ts';
import { projectOptions } from './options/project-options.ts';
import { runOptions } from './options/run-options.ts';
import { serverOptions } from './options/server-options.ts';
import { stepOptions } from './options/step-options.ts';

/** Every option of every command. The flag is the key in kebab-case, where the option names no other; its environment variable `CIP_` and the key. */
export const options = {
  ...projectOptions,
  ...platformOptions,
  ...imageOptions,
  ...buildOptions,
  ...layerOptions,
  ...configOptions,
  ...stepOptions,
  ...runOptions,
  ...connectionOptions,
  ...copyOptions,
  ...serverOptions,
  ...cacheOptions,
  ...outputOptions,
} as const satisfies Record<string, Option>;

/** Names of options as keys of objects, in camel case; `flagOf` gives the flag. */
export type OptionName = keyof typeof options;

/** The values of the options in `K`, past their schemas. */
export type OptionValues<K extends OptionName> = {
  readonly [N in K]: (typeof options)[N] extends Option<infer T> ? T : never;
};

/** How a person gives the option. */
export function optionToGive(name: OptionName): OptionToGive {
  const { value = 'VALUE' }: Option = options[name];
  return { flag: flagOf(name), value, variable: variableOf(name) };
}

/** `projectDir` → `project-dir`. */
export function flagOf(name: OptionName): string {
  const { flag }: Option = options[name];
  if (flag !== undefined) return flag;
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `projectDir` → `CIP_PROJECT_DIR`; undefined where there is no such variable. */
export function variableOf(name: OptionName): string | undefined {
  const definition: Option = options[name];
  if (definition.fromEnvironment === false) return undefined;
  return `CIP_${flagOf(name).replaceAll('-', '_').toUpperCase()}`;
}
