import { FailureError } from '../../result.ts';
import { environmentInvalid } from './failure.ts';
import { shellCommand, shellWord } from './shell.ts';
import type { ExecutorTools } from './tools.ts';

/**
 * Lines of a shell script that turn the shell into the gate, and that into the process (see `makeGate()`).
 *
 * Values travel from the script (which is read from a pipe) through the environment, where only the same user can see
 * them; arguments can be seen by everyone on the machine. env(1) puts them in place: with `-S` it expands them by itself, and
 * unlike a shell it takes any name, keeps the order and adds nothing. The gate is statically linked: variables that steer
 * the dynamic loader reach the first program of the image and none of the machine.
 */
export function processCommand(
  args: readonly string[],
  env: readonly string[],
  options: { readonly tools: Pick<ExecutorTools, 'env'>; readonly gate: string; readonly table: string },
): string {
  const values = env.map((variable, index) => `E${index}=${shellWord(textOf(variable))}`);
  const names = env.map((variable, index) => `"${escapedForEnv(nameOf(variable))}=\${E${index}}"`);
  return [
    ...(values.length > 0 ? [`export ${values.join(' ')}`] : []),
    [
      `exec ${shellWord(options.tools.env)} -S ${shellWord(['-i', '--', ...names].join(' '))}`,
      shellCommand([options.gate, ...args]),
      `8<${shellWord(options.table)}`,
    ].join(' '),
  ].join('\n');
}

function nameOf(variable: string): string {
  return variable.slice(0, equalsSign(variable));
}

function textOf(variable: string): string {
  return variable.slice(equalsSign(variable) + 1);
}

function equalsSign(variable: string): number {
  const at = variable.indexOf('=');
  if (at === -1) throw new Error(`not NAME=value: ${JSON.stringify(variable)}`);
  if (at === 0) throw new FailureError(environmentInvalid(variable));
  return at;
}

function escapedForEnv(name: string): string {
  return name.replace(/["\\$]/g, '\\$&');
}
