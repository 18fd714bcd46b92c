import { complaintOf, runProgram, succeeded } from '../program/run-program.ts';
import { FailureError } from '../result.ts';
import { readTar } from '../tar/read.ts';
import { programFailed } from './failure.ts';
import { throughProgram } from './through-program.ts';
import { isSeenBySteps, isWanted, opaqueXattr, portableXattr, type XattrKind, type Xattrs } from './xattr.ts';

/** What getfattr(1) or a like program said of many paths at once. */
export interface ReadXattrs {
  /** By path; only those that have any of the kinds asked for. */
  readonly byPath: ReadonlyMap<string, Xattrs>;
  readonly besides: OtherXattrs;
  /** Whether some program could read them at all. If not, `byPath` is empty, and the caller has to say so. */
  readonly available: boolean;
}

/** What paths have besides the kinds asked for. */
export interface OtherXattrs {
  /** Whether all could be seen: some programs know no ACLs. */
  readonly areKnown: boolean;
  /** Whether there are any that steps can see. */
  readonly areSeen: boolean;
  /** Paths of directories that overlayfs marked as hiding what is below. */
  readonly opaque: readonly string[];
}

const unknownOthers: OtherXattrs = { areKnown: false, areSeen: false, opaque: [] };

/**
 * Extended attributes of paths below `root`, links not followed: by `getfattr`, else by GNU `tar` (which also reads
 * the contents, and knows no ACLs), since Node cannot. File systems without attributes have none. Throws FailureError.
 */
export async function readXattrs(
  root: string,
  { paths, kinds }: { readonly paths: readonly string[]; readonly kinds: readonly XattrKind[] },
  signal: AbortSignal,
): Promise<ReadXattrs> {
  if (paths.length === 0) return { byPath: new Map(), besides: { ...unknownOthers, areKnown: true }, available: true };
  if (kinds.length === 0) return { byPath: new Map(), besides: unknownOthers, available: true };
  for (const read of [withGetfattr, withTar]) {
    const all = await read(root, paths, signal);
    if (all === undefined) continue;
    const besides = { ...othersOf(all, kinds), areKnown: read === withGetfattr };
    return { byPath: wanted(all, kinds), besides, available: true };
  }
  return { byPath: new Map(), besides: unknownOthers, available: false };
}

function othersOf(all: RawXattrs, kinds: readonly XattrKind[]): Omit<OtherXattrs, 'areKnown'> {
  const opaque: string[] = [];
  let areSeen = false;
  for (const [path, xattrs] of all) {
    for (const name of xattrs.keys()) {
      if (name === opaqueXattr) opaque.push(path);
      else if (isSeenBySteps(name) && !isWanted(name, kinds)) areSeen = true;
    }
  }
  return { areSeen, opaque };
}

/** Attributes by name, by path. */
type RawXattrs = Map<string, Map<string, Buffer>>;

/** Raw attributes by path; undefined where the program is missing or cannot. */
type Reader = (root: string, paths: readonly string[], signal: AbortSignal) => Promise<RawXattrs | undefined>;

function wanted(all: RawXattrs, kinds: readonly XattrKind[]): Map<string, Xattrs> {
  const byPath = new Map<string, Xattrs>();
  for (const [path, xattrs] of all) {
    const kept = [...xattrs]
      .filter(([name]) => isWanted(name, kinds))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, portableXattr(name, value).toString('base64')] as const);
    if (kept.length > 0) byPath.set(path, Object.fromEntries(kept));
  }
  return byPath;
}

const withGetfattr: Reader = async (root, paths, signal) => {
  const all = new Map<string, Map<string, Buffer>>();
  for (const batch of batches(paths)) {
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
};

const GETFATTR = ['--dump', '--match=-', '--encoding=base64', '--no-dereference', '--absolute-names', '--'];
const HARMLESS = /: (Operation not supported|No such file or directory)$/;
/** Bytes of arguments per call: a fraction of what the kernel takes. */
const BATCH = 512 * 1024;
/** Bytes per call: more than such a batch can make it complain, and what of attributes is still held in memory. */
const AMOUNTS = { keptStderr: 8 * 1024 * 1024, maxStdout: 100_000_000 };

function* batches(paths: readonly string[]): Generator<readonly string[], void, undefined> {
  let batch: string[] = [];
  let length = 0;
  for (const path of paths) {
    length += Buffer.byteLength(path) + 9;
    if (length > BATCH) {
      yield batch;
      batch = [];
      length = Buffer.byteLength(path) + 9;
    }
    batch.push(path);
  }
  yield batch;
}

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

const withTar: Reader = async (root, paths, signal) => {
  const list = paths.map((path) => `${path}\0`).join('');
  const tar = { program: 'tar', args: [...TAR, '-C', root, '--null', '-T', '-'], purpose: 'read extended attributes' };
  const all = new Map<string, Map<string, Buffer>>();
  try {
    for await (const { header } of readTar(throughProgram(only(Buffer.from(list)), tar, signal))) {
      const xattrs = Object.entries(header.xattrs ?? {}).map(
        ([name, value]) => [name, Buffer.from(value, 'base64')] as const,
      );
      all.set(header.name.replace(/\/$/, ''), new Map(xattrs));
    }
  } catch (error) {
    // Other tars than GNU's do not know these options.
    if (error instanceof FailureError && /^program-|^tar-/.test(error.failure.reason)) return undefined;
    throw error;
  }
  return all;
};

const TAR = ['-c', '--format=pax', '--xattrs', '--xattrs-include=*', '--no-recursion', '--hard-dereference', '-f', '-'];

async function* only(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}

/**
 * Sets extended attributes of paths below `root`, links not followed, by one run of `setfattr`, since Node cannot.
 * Returns the paths that did not get all of theirs: because the program is missing, the file system has none, or this
 * user may not.
 */
export async function writeXattrs(
  root: string,
  byPath: ReadonlyMap<string, Xattrs>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (byPath.size === 0) return [];
  const args = ['--no-dereference', '--restore=-'];
  const run = { args, cwd: root, input: dumpOf(byPath), env: 'inherited', keptStderr: COMPLAINTS } as const;
  const written = await runProgram('setfattr', run, signal);
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

/** Takes one attribute from paths below `root` that have it. Returns false where that is not possible. */
export async function removeXattr(
  root: string,
  { name, paths }: { readonly name: string; readonly paths: readonly string[] },
  signal: AbortSignal,
): Promise<boolean> {
  if (paths.length === 0) return true;
  for (const batch of batches(paths)) {
    const args = ['--no-dereference', `--remove=${name}`, '--', ...batch.map((path) => `./${path}`)];
    if (!succeeded(await runProgram('setfattr', { args, cwd: root, env: 'inherited' }, signal))) return false;
  }
  return true;
}
