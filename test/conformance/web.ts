import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { commit, git, repository } from '../support/git-repository.ts';
import { startWebServer, type WebFile, type WebServer } from '../support/web-server.ts';

const modified = { 'last-modified': 'Mon, 20 Jun 2005 01:02:03 GMT' };
const hello = { body: 'hello\n', headers: { ...modified, etag: '"hello"' }, knowsConditions: true };

/** A tar of one file, `in-tar`, made of its blocks: 0644, 0:0, at 1125000000. */
function tarOf(content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write('in-tar');
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(`${(1_125_000_000).toString(8).padStart(11, '0')}\0`, 136);
  header.write('        0', 148);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.alloc(512);
  body.write(content);
  return Buffer.concat([header, body, Buffer.alloc(1024)]);
}

/** What `${WEB}` of cases gives out, by path. */
export const webFiles: readonly (readonly [string, WebFile])[] = [
  ['/hello.txt', hello],
  ['/hello.txt?q=1', hello],
  ['/no-times', { body: 'no times\n' }],
  ['/a%20b.txt', hello],
  ['/directory/', { ...hello, body: 'of a directory\n' }],
  ['/', { ...hello, body: 'root\n' }],
  ['/moved', { status: 302, headers: { location: '/hello.txt' } }],
  ['/moved-twice', { status: 301, headers: { location: '/moved' } }],
  ['/named', { ...hello, headers: { ...hello.headers, 'content-disposition': 'attachment; filename="other.txt"' } }],
  ['/archive.tar', { body: tarOf('in a tar\n'), headers: modified }],
  ['/archive.tar.gz', { body: gzipSync(tarOf('in a tar\n')), headers: modified }],
  // Nobody says when it changed but its entry.
  ['/old.tar.gz', { body: gzipSync(tarOf('in a tar\n')) }],
  ['/empty', { body: '', headers: modified }],
  ['/before-1970', { body: 'old\n', headers: { 'last-modified': 'Mon, 20 Jun 1955 01:02:03 GMT' } }],
  ['/odd-time', { body: 'odd\n', headers: { 'last-modified': 'yesterday' } }],
];

/** Repositories below `${WEB}/git`; all commits are the same everywhere. */
async function makeRepositories(directory: string): Promise<readonly string[]> {
  const lib = await repository(join(directory, 'lib.git'), {
    'lib.txt': 'lib\n',
    'deep/lib.sh': { program: '#!/bin/sh\n' },
  });
  const path = join(directory, 'app.git');
  const first = await repository(path, {
    README: 'first\n',
    'bin/run': { program: '#!/bin/sh\necho run\n' },
    'sub/dir/file': 'file\n',
    'sub/link': { link: 'dir/file' },
    'absolute-link': { link: '/etc/passwd' },
    '.dockerignore': 'README\n',
    '.gitattributes': '*.txt text eol=lf\n',
    'text.txt': 'one\r\ntwo\n',
  });
  await git(path, 'tag', 'light');
  await git(path, 'tag', '--annotate', '--message', 'annotated', 'annotated');
  await git(path, 'branch', 'both');
  const second = await commit(path, { README2: 'second\n' });
  await git(path, 'tag', 'both');
  await git(path, 'checkout', '--quiet', '-b', 'dev', first);
  await commit(path, { dev: 'dev\n' });
  await git(path, 'checkout', '--quiet', 'main');
  const submodule = join(directory, 'with-submodule.git');
  await repository(submodule, { top: 'top\n' });
  await git(submodule, 'submodule', '--quiet', 'add', join(directory, 'lib.git'), 'vendor/lib');
  await git(submodule, 'config', '--file', '.gitmodules', 'submodule.vendor/lib.url', '../lib.git');
  const third = await commit(submodule, {});
  return [lib, first, second, third];
}

/** Starts it. `digest` is of all that it gives out. */
export async function startWeb(directory: string): Promise<WebServer & { readonly digest: string }> {
  const commits = await makeRepositories(directory);
  const digest = createHash('sha256')
    .update(JSON.stringify([webFiles, commits]))
    .digest('hex');
  return Object.assign(await startWebServer(webFiles, directory), { digest });
}
