import { complaintOf, runProgram, succeeded } from '../program/run-program.ts';
import { FailureError } from '../result.ts';
import { programFailed } from './failure.ts';
import type { Xattrs } from './xattr.ts';
import { inBatches, type RawXattrs, type XattrRemoval, type XattrTool } from './xattr-tool.ts';

/** `getfattr` and `setfattr`, of the package attr. */
export const attrTools: XattrTool = { seesAll: true, read, write, remove };

async function read(root: string, paths: readonly string[], signal: AbortSignal): Promise<RawXattrs | undefined> {
  const all: RawXattrs = new Map();
  for (const batch of inBatches(paths)) {
    const run = { args: [...GETFATTR, ...batch], cwd: root, env: 'inherited', ...AMOUNTS } as const;
    const dump = await runProgram('getfattr', run, signal);
    if (dump.how === 'not-found') return undefined;
    // Its status says nothing: it is 1 for what is harmless as well.
    const problem =
      dump.how === 'status'
        ? dump.stderr.split('\n').find((line) => line !== '' && !HARMLESS.test(line))
        : complaintOf(dump);
    if (problem !== undefined) throw new FailureError(programFailed('getfattr', 'read extended attributes', problem));
    parseDump(dump.stdout, all);
  }
  return all;
}

const GETFATTR = ['--dump', '--match=-', '--encoding=base64', '--no-dereference', '--absolute-names', '--'];
const HARMLESS = /: (Operation not supported|No such file or directory)$/;
/** Bytes per call: more than such a batch can make it complain, and what of attributes is still held in memory. */
const AMOUNTS = { keptStderr: 8 * 1024 * 1024, maxStdout: 100_000_000 };

/** `# file: <path>` and lines `<name>=0s<base64>`, with a blank line after each file; bytes that would be in the way as `\ooo`. */
function parseDump(dump: string, all: RawXattrs): void {
  let xattrs = new Map<string, Buffer>();
  for (const line of dump.split('\n')) {
    if (line.startsWith('# file: ')) {
      xattrs = new Map();
      all.set(unquoted(line.slice('# file: '.length)), xattrs);
      continue;
    }
    const equals = line.indexOf('=');
    if (equals > 0)
      xattrs.set(unquoted(line.slice(0, equals)), Buffer.from(line.slice(equals + '=0s'.length), 'base64'));
    else if (line !== '') xattrs.set(unquoted(line), Buffer.alloc(0));
  }
}

function unquoted(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = Buffer.from(text).toString('latin1');
  return Buffer.from(
    bytes.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    'latin1',
  ).toString();
}

async function write(root: string, byPath: ReadonlyMap<string, Xattrs>, signal: AbortSignal) {
  const args = ['--no-dereference', '--restore=-'];
  const run = { args, cwd: root, input: dumpOf(byPath), env: 'inherited', keptStderr: COMPLAINTS } as const;
  const written = await runProgram('setfattr', run, signal);
  if (written.how === 'not-found') return undefined;
  if (succeeded(written)) return [];
  // It goes on after a failure and names the file in each.
  const complaints = written.stderr.split('\n').map((line) => /^setfattr: (.*): [^:]*$/.exec(line)?.[1]);
  const named = new Set(complaints);
  const skipped = [...byPath.keys()].filter((path) => named.has(path) || named.has(quoted(path)));
  return skipped.length > 0 ? skipped : [...byPath.keys()];
}

/** Bytes: a line for each of the most attributes that a layer can have. What is over is cut. */
const COMPLAINTS = 400_000_000;

/** The form of `getfattr --dump`. */
function* dumpOf(byPath: ReadonlyMap<string, Xattrs>): Generator<string, void, undefined> {
  for (const [path, xattrs] of byPath) {
    let dump = `# file: ${quoted(path)}\n`;
    for (const [name, value] of Object.entries(xattrs)) dump += `${quoted(name).replaceAll('=', '\\075')}=0s${value}\n`;
    yield `${dump}\n`;
  }
}

function quoted(text: string): string {
  return text.replaceAll(/[\\\x00-\x1f\x7f]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

async function remove(root: string, { name, paths }: XattrRemoval, signal: AbortSignal) {
  for (const batch of inBatches(paths)) {
    const args = ['--no-dereference', `--remove=${name}`, '--', ...batch.map((path) => `./${path}`)];
    const removed = await runProgram('setfattr', { args, cwd: root, env: 'inherited' }, signal);
    if (removed.how === 'not-found') return undefined;
    // One that is not there is what it calls a failure.
    const isGone = removed.how === 'status' && /^(setfattr: .*: No such attribute\n)+$/.test(removed.stderr);
    if (!succeeded(removed) && !isGone) return false;
  }
  return true;
}
