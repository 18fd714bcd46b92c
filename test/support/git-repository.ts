import { execFile } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** When all commits of tests were made: 2001-09-09T01:46:40Z. */
export const commitTime = 1_000_000_000;

/** git with nothing of this machine's configuration, and commits that are the same everywhere. */
export async function git(directory: string, ...args: string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_AUTHOR_DATE: `${commitTime} +0000`,
    GIT_COMMITTER_NAME: 'c',
    GIT_COMMITTER_EMAIL: 'c@example.com',
    GIT_COMMITTER_DATE: `${commitTime} +0000`,
  };
  const settings = ['-c', 'init.defaultBranch=main', '-c', 'protocol.file.allow=always', '-c', 'commit.gpgSign=false'];
  const { stdout } = await exec('git', ['-C', directory, ...settings, ...args], { env });
  return stdout.trim();
}

/** Path → text, or what else it is. */
export type CommitFiles = Readonly<Record<string, string | { readonly link: string } | { readonly program: string }>>;

/** Puts the files into a repository, and commits all that is there. Returns the commit. */
export async function commit(directory: string, files: CommitFiles): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    const at = join(directory, path);
    await mkdir(dirname(at), { recursive: true });
    if (typeof content === 'string') await writeFile(at, content);
    else if ('link' in content) await symlink(content.link, at);
    else {
      await writeFile(at, content.program);
      await chmod(at, 0o755);
    }
  }
  await git(directory, 'add', '--all');
  await git(directory, 'commit', '--quiet', '--message', Object.keys(files).join(' ') || 'more');
  return await git(directory, 'rev-parse', 'HEAD');
}

/** A repository with one commit. */
export async function repository(directory: string, files: CommitFiles): Promise<string> {
  await mkdir(directory, { recursive: true });
  await git(directory, 'init', '--quiet');
  return await commit(directory, files);
}
