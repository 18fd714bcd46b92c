/**
 * Sources of ADD that are no paths of the context: a file by its address, and files of a git repository.
 * https://docs.docker.com/reference/dockerfile/#add
 */
import { failed, ok, type Result } from '../result.ts';

/** One file of a web server. */
export interface HttpSource {
  readonly type: 'http';
  /** As written, without its fragment. */
  readonly url: string;
  /** The last component of its path; absent where it has none. */
  readonly name?: string | undefined;
  /** `sha256:…` that the bytes have to have. */
  readonly checksum?: string | undefined;
}

/** Files of a commit. */
export interface GitSource {
  readonly type: 'git';
  /** What `git fetch` is given. */
  readonly remote: string;
  /** A branch, a tag, a full ref or a commit; absent for what HEAD of the repository is. */
  readonly ref?: string | undefined;
  /** In hexadecimal, as many digits as are given: what the commit has to begin with. */
  readonly commit?: string | undefined;
  /** Relative, without `.` or `..`; '' for all of it. */
  readonly subdir: string;
  readonly keepsGitDir: boolean;
  readonly submodules: boolean;
  /** Take `commit` without asking what `ref` is. */
  readonly byCommit: boolean;
}

/** What ADD fetches. Plain data: equal sources are written equally. */
export type RemoteSource = HttpSource | GitSource;

/** What `--checksum` and `--keep-git-dir` say of a source. */
export interface RemoteFlags {
  readonly checksum?: string | undefined;
  readonly keepGitDir?: boolean | undefined;
}

/** What completes "cannot be …", and what to write instead. */
export interface RemoteSourceProblem {
  readonly message: string;
  readonly hint: string;
}

/** Whether a source of ADD is something to fetch, and no path in the context. */
export function isRemoteSource(text: string): boolean {
  return kindOf(text) !== 'local';
}

/**
 * What a source of ADD means that `isRemoteSource`, with its variables filled in: a repository where a git address or a
 * path that ends in `.git` says so, with `#REF:DIRECTORY` or `?ref=…&subdir=…`; else a file.
 */
export function parseRemoteSource(text: string, flags: RemoteFlags = {}): Result<RemoteSource, RemoteSourceProblem> {
  const kind = kindOf(text);
  if (kind === 'unknown') return problem('its scheme is none that ADD fetches', 'write https:// or a git address');
  return kind === 'git' ? parseGit(text, flags) : parseHttp(text, flags);
}

/** One line for people and for lists: without a password, whose place is not in lists. */
export function describeRemote(source: RemoteSource): string {
  if (source.type === 'http') return withoutPassword(source.url);
  const { remote, ref = '', subdir, byCommit, commit } = source;
  const fragment = byCommit ? (commit ?? '') : ref;
  const end = subdir === '' ? fragment : `${fragment}:${subdir}`;
  return `${withoutPassword(remote)}${end === '' ? '' : `#${end}`}`;
}

/** Whether what it names can never be something else: nobody needs to be asked what it is. */
export function isFixed(source: RemoteSource): boolean {
  if (source.type === 'http') return source.checksum !== undefined;
  return fixedCommit(source) !== undefined;
}

/** The whole commit, where the source itself says it. */
export function fixedCommit({ ref, commit, byCommit }: GitSource): string | undefined {
  if (commit !== undefined && isCommit(commit) && (byCommit || ref === undefined || ref === commit)) return commit;
  return ref !== undefined && isCommit(ref) ? ref : undefined;
}

/** SHA-1, or SHA-256 for repositories that use it; written in full. */
export function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** The text without passwords in the addresses that it has. */
export function withoutPassword(address: string): string {
  return address.replace(/([a-z][a-z0-9+.-]*:\/\/)([^/?#@\s]*):[^/?#@\s]*@/gi, '$1$2:***@');
}

/** `user@host:path`, as ssh and scp have it. */
const scpStyle = /^[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:(?!\/\/)/;

function kindOf(text: string): 'local' | 'http' | 'git' | 'unknown' {
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return scpStyle.test(text) ? 'git' : 'local';
  if (scheme === 'git' || scheme === 'ssh') return 'git';
  if (scheme !== 'http' && scheme !== 'https') return 'unknown';
  return /^[^?#]*\.git(?:[?#]|$)/.test(text) ? 'git' : 'http';
}

function parseHttp(text: string, { checksum, keepGitDir }: RemoteFlags): Result<HttpSource, RemoteSourceProblem> {
  const url = text.replace(/#.*$/s, '');
  if (!URL.canParse(url)) return problem('it is no address', 'check its spelling');
  if (keepGitDir === true) return problem('it is no git repository', 'remove --keep-git-dir');
  if (checksum !== undefined && !isChecksum(checksum)) {
    return problem(`its --checksum ${checksum} is no digest`, 'write --checksum=sha256: and 64 hexadecimal digits');
  }
  const name = nameIn(new URL(url).pathname);
  return ok({ type: 'http', url, ...(name !== undefined && { name }), ...(checksum !== undefined && { checksum }) });
}

function isChecksum(text: string): boolean {
  return /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/.test(text);
}

/** Decoded. A component with a slash in it, `.` or `..` is none that a file can have. */
function nameIn(path: string): string | undefined {
  const last = path.replace(/\/+$/, '').split('/').at(-1) ?? '';
  let name = last;
  try {
    name = decodeURIComponent(last);
  } catch {
    // Not UTF-8: as it is written.
  }
  return name === '' || name === '.' || name === '..' || /[/\0]/.test(name) ? undefined : name;
}

const gitQueries = new Set(
  'ref tag branch subdir checksum commit keep-git-dir submodules mtime fetch-by-commit'.split(' '),
);

function parseGit(text: string, flags: RemoteFlags): Result<GitSource, RemoteSourceProblem> {
  const [, remote = '', query = '', fragment = ''] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? [];
  const [ofFragment = '', ...directories] = fragment.split(':');
  const given = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(query)) {
    if (!gitQueries.has(key)) return problem(`git addresses have no query ${key}`, `write ${listed([...gitQueries])}`);
    if (given.has(key)) return problem(`it has ${key} twice`, 'remove one of them');
    if (value === '' && !switches.has(key)) return problem(`its query ${key} is empty`, 'give it a value');
    given.set(key, value);
  }
  const refs = [
    ofFragment,
    given.get('ref') ?? '',
    inFull('refs/tags/', given.get('tag')),
    inFull('refs/heads/', given.get('branch')),
  ].filter((ref) => ref !== '');
  const [ref] = refs;
  const otherRef = refs.find((one) => one !== ref);
  if (otherRef !== undefined) return problem(`it names both ${ref} and ${otherRef}`, 'name one ref');
  if (ref?.startsWith('-')) return problem(`its ref ${ref} begins with -`, 'name a branch, a tag or a commit');
  const subdirs = [directories.join(':'), given.get('subdir') ?? ''].map(cleaned).filter((one) => one !== '');
  const [subdir = ''] = subdirs;
  const otherDirectory = subdirs.find((one) => one !== subdir);
  if (otherDirectory !== undefined)
    return problem(`it names both ${subdir} and ${otherDirectory}`, 'name one directory');
  const commits = [flags.checksum, given.get('checksum'), given.get('commit')].filter((one) => one !== undefined);
  const [commit] = commits;
  const otherCommit = commits.find((one) => one !== commit);
  if (otherCommit !== undefined)
    return problem(`it has the checksums ${commit} and ${otherCommit}`, 'give one of them');
  if (commit !== undefined && !/^[0-9a-f]{7,64}$/.test(commit)) {
    return problem(`its checksum ${commit} is no commit`, 'write the hexadecimal digits of a commit');
  }
  if (given.has('mtime') && !['commit', 'checkout'].includes(given.get('mtime')!)) {
    return problem(`its mtime is ${given.get('mtime')}`, 'write mtime=commit or mtime=checkout');
  }
  const values = switchesOf(given);
  if (!values.ok) return values;
  const { 'keep-git-dir': keeps, submodules = true, 'fetch-by-commit': byCommit = false } = values.value;
  if (keeps !== undefined && flags.keepGitDir !== undefined && keeps !== flags.keepGitDir) {
    return problem('its query keep-git-dir and --keep-git-dir differ', 'remove one of them');
  }
  if (byCommit && (commit === undefined || !isCommit(commit))) {
    return problem('fetch-by-commit needs a whole commit', 'add checksum= and all digits of the commit');
  }
  return ok({
    type: 'git',
    remote,
    ...(ref !== undefined && { ref }),
    ...(commit !== undefined && { commit }),
    subdir,
    keepsGitDir: keeps ?? flags.keepGitDir ?? false,
    submodules,
    byCommit,
  });
}

const switches = new Set(['keep-git-dir', 'submodules', 'fetch-by-commit']);

/** As Go reads a boolean; there without a value it is on. */
function switchesOf(given: ReadonlyMap<string, string>): Result<Record<string, boolean>, RemoteSourceProblem> {
  const values: Record<string, boolean> = {};
  for (const [key, text] of given) {
    if (!switches.has(key)) continue;
    if (/^(?:|1|t|T|true|TRUE|True)$/.test(text)) values[key] = true;
    else if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) values[key] = false;
    else return problem(`its ${key} is ${text}`, `write ${key}=true or ${key}=false`);
  }
  return ok(values);
}

function inFull(prefix: string, name: string | undefined): string {
  return name === undefined || name.startsWith(prefix) ? (name ?? '') : prefix + name;
}

/** Without what would lead out of the repository. */
function cleaned(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names.join('/');
}

function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function problem(message: string, hint: string) {
  return failed<RemoteSourceProblem>({ message, hint });
}
