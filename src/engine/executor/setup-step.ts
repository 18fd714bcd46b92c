import { shellCommand } from './shell.ts';
import type { ExecutorTools } from './tools.ts';

/** What is done in the mount namespace of one process before it starts. Paths are absolute, as the worker sees them. */
export type SetupStep =
  | { readonly kind: 'mount'; readonly mount: MountEntry }
  | { readonly kind: 'make-directory'; readonly path: string; readonly uid: number; readonly gid: number }
  | { readonly kind: 'make-file'; readonly path: string }
  /** A line for sh. */
  | { readonly kind: 'command'; readonly line: string };

/** A line of fstab(5). */
export interface MountEntry {
  readonly source: string;
  readonly target: string;
  /** `none` for binds. */
  readonly type: string;
  readonly options: readonly string[];
}

/** `options` as mount(8) takes them, of which there may be none. */
export function mountStep(
  { source, target, type }: { readonly source: string; readonly target: string; readonly type: string },
  ...options: string[]
): SetupStep {
  return { kind: 'mount', mount: { source, target, type, options } };
}

/**
 * The steps as lines for sh, and the tables these refer to. Mounts that follow each other share one process of mount(8),
 * which is given a table: one mount then costs as little as the system call. `-n`: it keeps no records in /run, which it
 * may not write to. `tableFile` names the file for the n-th table.
 */
export function setupScript(
  steps: readonly SetupStep[],
  tableFile: (index: number) => string,
  tools: ExecutorTools,
): { readonly lines: readonly string[]; readonly tables: readonly string[] } {
  const lines: string[] = [];
  const tables: string[] = [];
  let open: MountEntry[] = [];
  const flush = () => {
    if (open.length === 0) return;
    lines.push(shellCommand([tools.mount, '-n', '-a', '-T', tableFile(tables.length)]));
    tables.push(fstab(open));
    open = [];
  };
  for (const step of steps) {
    if (step.kind === 'mount') {
      open.push(step.mount);
      continue;
    }
    flush();
    lines.push(lineFor(step, tools));
  }
  flush();
  return { lines, tables };
}

function lineFor(step: Exclude<SetupStep, { kind: 'mount' }>, tools: ExecutorTools): string {
  if (step.kind === 'command') return step.line;
  const path = shellCommand([step.path]);
  if (step.kind === 'make-file') return `[ -e ${path} ] || : > ${path}`;
  const made = shellCommand([tools.mkdir, '-m', '755', step.path]);
  const owned = shellCommand([tools.chown, `${step.uid}:${step.gid}`, step.path]);
  return `[ -d ${path} ] || { ${made}${step.uid === 0 && step.gid === 0 ? '' : ` && ${owned}`}; }`;
}

/** The text that `mount --all --fstab` reads; blanks and the like in names are escaped. */
export function fstab(mounts: readonly MountEntry[]): string {
  return mounts
    .map(({ source, target, type, options }) =>
      [source, target, type, options.length === 0 ? 'defaults' : options.join(','), '0', '0'].map(field).join(' '),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** Blanks, backslashes and what would start a comment become octal. */
function field(text: string): string {
  return text.replace(/[\s\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
