import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ignoreMatcher } from '../../src/dockerfile/dockerignore.ts';
import { type ContextFiles, contextFiles } from '../../src/orchestrator/context-files.ts';
import { FileDigests, hashContext } from '../../src/orchestrator/hash-context.ts';
import { failuresOf } from '../../src/result.ts';
import { Store } from '../../src/store/store.ts';
import { tempDir } from '../support/temp-dir.ts';
import { never } from './workshop.ts';

const directory = await tempDir();
const store = await Store.open(join(directory.path, 'store'));
after(async () => {
  await store.close();
  await directory[Symbol.asyncDispose]();
});
const cache = store.records('file-digests', FileDigests);
let contexts = 0;

/** A context with `a` and `below/b`, and the paths that were read of it since the last time they were asked for. */
async function context() {
  const root = join(directory.path, `context-${contexts++}`);
  await mkdir(join(root, 'below'), { recursive: true });
  await writeFile(join(root, 'a'), 'a');
  await writeFile(join(root, 'below', 'b'), 'b');
  let read: string[] = [];
  const files: ContextFiles = {
    ...contextFiles,
    digest: (path, size, signal) => {
      read.push(path.slice(root.length + 1));
      return contextFiles.digest(path, size, signal);
    },
  };
  const hash = (now = Date.now() + 60_000, ignore: readonly string[] = []) =>
    hashContext(root, ignoreMatcher(ignore), { files, cache, now: () => now }, never);
  const taken = () => {
    const paths = read.sort();
    read = [];
    return paths;
  };
  return { root, hash, taken, files };
}

test('hashContext() reads a file once, and again only when it may have changed', async () => {
  const { root, hash, taken } = await context();
  const first = await hash();
  assert.deepEqual(taken(), ['a', 'below/b']);
  assert.equal((await hash()).digest, first.digest);
  assert.deepEqual(taken(), []);
  await writeFile(join(root, 'a'), 'A');
  assert.notEqual((await hash()).digest, first.digest);
  assert.deepEqual(taken(), ['a']);
});

test('hashContext() sees content that was changed with the times and the size kept', async () => {
  const { root, hash, taken } = await context();
  await utimes(join(root, 'a'), 1, 1);
  const first = await hash();
  await writeFile(join(root, 'new'), 'A');
  await rename(join(root, 'new'), join(root, 'a'));
  await utimes(join(root, 'a'), 1, 1);
  taken();
  assert.notEqual((await hash()).digest, first.digest);
  assert.deepEqual(taken(), ['a']);
});

test('hashContext() does not trust a file that changed just before it was hashed', async () => {
  const { hash, taken } = await context();
  await hash(Date.now());
  taken();
  await hash(Date.now());
  assert.deepEqual(taken(), ['a', 'below/b']);
});

test('hashContext() looks at mode and content, not at times', async () => {
  const { root, hash } = await context();
  const { digest } = await hash();
  await utimes(join(root, 'a'), 1, 1);
  assert.equal((await hash()).digest, digest);
  await chmod(join(root, 'a'), 0o600);
  assert.equal((await hash()).digest, digest);
  await chmod(join(root, 'a'), 0o755);
  assert.notEqual((await hash()).digest, digest);
});

test('hashContext() lists every kind of entry but sockets, and nothing that is ignored', async () => {
  const { root, hash } = await context();
  execFileSync('mkfifo', [join(root, 'pipe')]);
  execFileSync('ln', ['-s', 'nowhere', join(root, 'link')]);
  await mkdir(join(root, 'kept', 'deep'), { recursive: true });
  await writeFile(join(root, 'kept', 'deep', 'x'), '');
  await writeFile(join(root, 'kept', 'y'), '');
  const { paths } = await hash(undefined, ['kept', '!kept/deep', 'below/b']);
  assert.deepEqual(paths, {
    a: 'file sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
    below: 'directory',
    'kept/deep': 'directory',
    'kept/deep/x': 'file sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    link: 'symlink nowhere',
    pipe: 'special',
  });
});

test('hashContext() hashes files of any size by their content', async () => {
  const { root, hash } = await context();
  const bytes = Buffer.alloc((1 << 20) + 1, 7);
  await writeFile(join(root, 'large'), bytes);
  const { paths } = await hash();
  const sum = execFileSync('sha256sum', [join(root, 'large')], { encoding: 'utf8' }).slice(0, 64);
  assert.equal(paths['large'], `file sha256:${sum}`);
});

test('hashContext() gives up on a file that does not stand still', async () => {
  const { root, files } = await context();
  let writes = 0;
  const restless: ContextFiles = {
    ...files,
    async digest(path, size, signal) {
      const digest = await files.digest(path, size, signal);
      await writeFile(join(root, 'a'), 'a'.repeat(2 + writes++));
      return digest;
    },
  };
  const hashing = { files: restless, cache, now: () => 0 };
  await assert.rejects(
    hashContext(root, ignoreMatcher(['below']), hashing, never),
    (error) => failuresOf(error)?.[0]?.reason === 'context-changing',
  );
});
