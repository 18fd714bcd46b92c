import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeRemote, fixedCommit, type GitSource, isCommit, withoutPassword } from '../dockerfile/remote-source.ts';
import { complaintLine, type ProgramOutcome, runProgram, succeeded } from '../program/run-program.ts';
import type { Environment } from '../program/start-program.ts';
import { FailureError } from '../result.ts';
import { gitCommitMismatch, gitFailed, gitMissing, gitRefNotFound } from './failure.ts';
import type { Logins } from './logins.ts';

/** What git is to know of this machine: how to log in, and nothing that changes what files come to be. */
const settings = [
  'core.autocrlf=false',
  'core.eol=lf',
  'core.symlinks=true',
  'core.hooksPath=/dev/null',
  'core.attributesFile=/dev/null',
  'core.fsmonitor=false',
  'init.templateDir=',
  'init.defaultBranch=main',
  'advice.detachedHead=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'fetch.recurseSubmodules=false',
  'protocol.ext.allow=never',
  'protocol.file.allow=never',
];

/** Branches and tags, by full name, with the objects that they are; annotated tags also with `^{}`. */
type Refs = ReadonlyMap<string, string>;

/** Repositories of other machines, by the git that is installed. https://git-scm.com/docs/git */
export class GitRepositories {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #logins: Logins;
  readonly #asked = new Map<string, Promise<string>>();

  constructor(env: Readonly<Record<string, string | undefined>>, logins: Logins) {
    this.#env = env;
    this.#logins = logins;
  }

  /** The commit that the source names now. */
  async commitOf(source: GitSource, signal: AbortSignal): Promise<string> {
    const fixed = fixedCommit(source);
    if (fixed !== undefined) return fixed;
    const id = JSON.stringify(source);
    const asked = this.#asked.get(id);
    if (asked !== undefined) return await asked.catch(() => this.#ask(source, signal));
    const asking = this.#ask(source, signal);
    this.#asked.set(id, asking);
    asking.catch(() => this.#asked.delete(id));
    return await asking;
  }

  /**
   * Puts the files of a commit into a directory that is not there yet, those of its submodules too where they are wanted.
   * Returns when it was committed, in seconds since 1970.
   */
  async checkout(
    source: GitSource,
    { commit, directory }: { readonly commit: string; readonly directory: string },
    signal: AbortSignal,
  ): Promise<number> {
    await mkdir(directory);
    const git = (args: readonly string[]) => this.#git(args, source, { directory, signal });
    const must = async (doing: string, args: readonly string[]) => {
      const outcome = await git(args);
      if (succeeded(outcome)) return outcome.stdout;
      throw new FailureError(gitFailed(describeRemote(source), doing, withoutPassword(complaintLine(outcome))));
    };
    const format = commit.length === 64 ? ['--object-format=sha256'] : [];
    await must('make a place for', ['init', '--quiet', ...format, '.']);
    await must('make a place for', ['remote', 'add', '--', 'origin', withoutLogin(source.remote)]);
    await this.#fetch(source, { commit, git, must });
    await must('read', ['checkout', '--quiet', '--detach', commit]);
    if (source.submodules) {
      await must('fetch the submodules of', ['submodule', '--quiet', 'update', '--init', '--recursive', '--depth=1']);
    }
    const time = Number((await must('read', ['show', '--no-patch', '--format=%ct', commit])).trim());
    // What says when and from where it was fetched is other in each image.
    for (const name of ['FETCH_HEAD', 'logs']) {
      await rm(join(directory, '.git', name), { recursive: true, force: true });
    }
    return time;
  }

  /** The commit alone where the server gives that out; else by its ref, and all there is as the last resort. */
  async #fetch(
    source: GitSource,
    {
      commit,
      git,
      must,
    }: {
      readonly commit: string;
      readonly git: (args: readonly string[]) => Promise<ProgramOutcome>;
      readonly must: (doing: string, args: readonly string[]) => Promise<string>;
    },
  ): Promise<void> {
    const { remote, ref } = source;
    const shallow = ['fetch', '--quiet', '--no-tags', '--depth=1', '--', remote];
    const has = async () => succeeded(await git(['cat-file', '-e', `${commit}^{commit}`]));
    if (succeeded(await git([...shallow, commit])) && (await has())) return;
    if (ref !== undefined && !isCommit(ref) && succeeded(await git([...shallow, ref])) && (await has())) return;
    await must('fetch', ['fetch', '--quiet', '--', remote, '+refs/*:refs/cip/*']);
    if (!(await has())) throw new FailureError(gitRefNotFound(withoutPassword(remote), `commit ${commit}`));
  }

  async #ask(source: GitSource, signal: AbortSignal): Promise<string> {
    const { remote, ref = 'HEAD', commit: wanted } = source;
    const outcome = await this.#git(['ls-remote', '--', remote, ref, `${ref}^{}`], source, { signal });
    if (!succeeded(outcome)) {
      throw new FailureError(gitFailed(withoutPassword(remote), 'read', withoutPassword(complaintLine(outcome))));
    }
    const refs: Refs = new Map(
      outcome.stdout.split('\n').flatMap((line) => {
        const [object, name] = line.split('\t');
        return object && name ? [[name, object] as const] : [];
      }),
    );
    const found = objectOf(ref, refs);
    if (found === undefined) throw new FailureError(gitRefNotFound(withoutPassword(remote), ref));
    const { object, commit } = found;
    if (wanted !== undefined && !commit.startsWith(wanted) && !object.startsWith(wanted)) {
      throw new FailureError(gitCommitMismatch(describeRemote(source), wanted, commit));
    }
    return commit;
  }

  /** In the environment, which nobody else can read: the arguments of a process are for everybody. */
  async #login(source: GitSource): Promise<Readonly<Record<string, string>>> {
    const header = await this.#logins.headerFor(source);
    if (header === undefined) return {};
    const first = Number(this.#env['GIT_CONFIG_COUNT'] ?? 0) || 0;
    const key = `http.${scopeOf(withoutLogin(source.remote))}.extraHeader`;
    // An empty one takes those away that files of git say: two logins are none.
    const values = ['', `Authorization: ${header}`];
    const settings = values.flatMap((value, at) => [
      [`GIT_CONFIG_KEY_${first + at}`, key],
      [`GIT_CONFIG_VALUE_${first + at}`, value],
    ]);
    return { ...Object.fromEntries(settings), GIT_CONFIG_COUNT: `${first + values.length}` };
  }

  async #git(
    args: readonly string[],
    source: GitSource,
    { directory, signal }: { readonly directory?: string; readonly signal: AbortSignal },
  ): Promise<ProgramOutcome> {
    const given = settings.flatMap((setting) => ['-c', setting]);
    const env: Environment = {
      ...this.#env,
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_ATTR_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_LFS_SKIP_SMUDGE: '1',
      GIT_DIR: undefined,
      GIT_WORK_TREE: undefined,
      GIT_INDEX_FILE: undefined,
      ...(await this.#login(source)),
      ...(this.#env['GIT_SSH_COMMAND'] === undefined && { GIT_SSH_COMMAND: 'ssh -o BatchMode=yes' }),
    };
    const outcome = await runProgram('git', { args: [...given, ...args], env, cwd: directory }, signal);
    if (outcome.how === 'not-found') throw new FailureError(gitMissing(describeRemote(source)));
    return outcome;
  }
}

/**
 * Where a login is for: the repository alone, or submodules elsewhere would get it. Those of GitHub are on GitHub most of the time, and
 * its tokens for all of it: as in BuildKit, they go to the whole of it.
 */
function scopeOf(remote: string): string {
  return /^https:\/\/(?:www\.)?github\.com\//.exec(remote)?.[0] ?? remote;
}

/** As git resolves a name: the ref itself, then branches, then tags. */
function objectOf(ref: string, refs: Refs): { readonly object: string; readonly commit: string } | undefined {
  const bare = ref.replace(/^refs\//, '');
  const names = [ref, `refs/${bare}`, `refs/heads/${ref}`, `refs/tags/${ref}`];
  for (const name of names) {
    const object = refs.get(name);
    if (object !== undefined) return { object, commit: refs.get(`${name}^{}`) ?? object };
  }
  return undefined;
}

/** For the configuration that comes to be in an image. */
function withoutLogin(remote: string): string {
  return remote.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1');
}
