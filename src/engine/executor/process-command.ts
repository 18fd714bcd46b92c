import { defaultCapabilities } from './capabilities.ts';
import type { ProcessSpec } from './executor.ts';
import { shellCommand, shellWord } from './shell.ts';
import type { ExecutorTools } from './tools.ts';

/**
 * Variables that steer the dynamic loader or the C library of whoever is given them. They must not reach the last program
 * of the *machine* in the chain, which is started with the environment of the image: an image could load code of its own
 * into it, outside of its root.
 */
const LOADER =
  /^(LD_|GLIBC_|MALLOC_|GCONV_PATH=|GETCONF_DIR=|HOSTALIASES=|LOCALDOMAIN=|LOCPATH=|MUSL_LOCPATH=|NLSPATH=|RESOLV_HOST_CONF=|RES_OPTIONS=|LIBMOUNT_)/;

export interface ProcessEnvironment {
  /** Given to the chain that starts the process. */
  readonly plain: readonly string[];
  /** Can only be set by a program of the image. */
  readonly loader: readonly string[];
}

/** Keeps the order of each. */
export function splitEnvironment(env: readonly string[]): ProcessEnvironment {
  return {
    plain: env.filter((variable) => !LOADER.test(variable)),
    loader: env.filter((variable) => LOADER.test(variable)),
  };
}

/** Starts `args` with the loader's variables set, by a program of the image; `sh` where it has no env(1). */
export function withLoaderVariables(
  args: readonly string[],
  loader: readonly string[],
  setter: { readonly program: string; readonly kind: 'env' | 'sh' },
): readonly string[] {
  if (setter.kind === 'env') return [setter.program, ...loader, ...args];
  const names = loader.map((_, index) => `"\${${index + 1}}"`).join(' ');
  return [setter.program, '-c', `export ${names}; shift ${loader.length}; exec "$@"`, 'sh', ...loader, ...args];
}

/**
 * Lines of a shell script that turn the shell into the process: with its groups and capabilities, then, from within the
 * directory it stands in, in its root, working directory and user. Groups come first, while the user is still root;
 * taking another user drops all capabilities by itself, and root is left with the bounding set.
 *
 * Values travel from the script (which is read from a pipe) through the environment, where only the same user can see
 * them; arguments can be seen by everyone on the machine. env(1) puts them in place: with `-S` it expands them by itself, and
 * unlike a shell it takes any name, keeps the order and adds nothing.
 */
export function processCommand(
  process: Pick<ProcessSpec, 'args' | 'cwd' | 'user'>,
  env: readonly string[],
  options: { readonly tools: ExecutorTools; readonly setGroups: boolean; readonly redirections: string },
): string {
  const { tools } = options;
  const { user } = process;
  const values = env.map((variable, index) => `E${index}=${shellWord(textOf(variable))}`);
  const names = env.map((variable, index) => `"${escapedForEnv(nameOf(variable))}=\${E${index}}"`);
  const chain = [
    tools.setpriv,
    ...(options.setGroups
      ? ['--regid', `${user.gid}`, '--groups', [...new Set([user.gid, ...user.additionalGids])].join(',')]
      : []),
    `--bounding-set=-all,${defaultCapabilities.map((name) => `+${name}`).join(',')}`,
    ...['--inh-caps=-all', '--ambient-caps=-all'],
    ...[tools.unshare, '--root=.', `--wd=${process.cwd}`, `--setuid=${user.uid}`, '--'],
    ...process.args,
  ];
  return [
    ...(values.length > 0 ? [`export ${values.join(' ')}`] : []),
    `exec ${shellWord(tools.env)} -S ${shellWord(['-i', '--', ...names].join(' '))} ${shellCommand(chain)} ${options.redirections}`,
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
  if (at <= 0) throw new Error(`not NAME=value: ${JSON.stringify(variable)}`);
  return at;
}

function escapedForEnv(name: string): string {
  return name.replace(/["\\$]/g, '\\$&');
}
