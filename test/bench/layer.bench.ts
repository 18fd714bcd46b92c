// How layers compare with the usual programs on this machine: `node --import tsx test/bench/layer.bench.ts [MiB] [files]`.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { treeDiff } from '../../src/layer/diff.ts';
import { gzip } from '../../src/layer/gzip.ts';
import { indexLayer } from '../../src/layer/index-layer.ts';
import { packLayer } from '../../src/layer/pack.ts';
import { Tree } from '../../src/layer/tree.ts';
import { unpackLayer } from '../../src/layer/unpack.ts';
import { walkDirectory } from '../../src/layer/walk.ts';
import { tempDir } from '../support/temp-dir.ts';

const [mebibytes = 200, files = 20_000] = process.argv.slice(2).map(Number);
const signal = new AbortController().signal;

await using dir = await tempDir();
const at = (name: string) => join(dir.path, name);
const source = at('source');
generate(source);

const shell = (script: string) => execFileSync('sh', ['-ec', script], { cwd: dir.path, stdio: 'pipe' });
const fastGzip = available('pigz') ? 'pigz' : 'gzip';
const overlay = { whiteouts: 'overlay', lower: Tree.empty, owner: 'preserve', xattrs: 'apply' } as const;
for (const place of ['ours', 'theirs']) mkdirSync(at(place));

const walked = await timed(async () => {
  for await (const _ of walkDirectory(source, {}, signal));
});
report('walk', walked, 'find -ls', await timed(() => shell('find source -ls >/dev/null')));

const packing = () => packLayer(walkDirectory(source, {}, signal), createWriteStream(at('ours.tar')), signal);
const { diffID, index } = await packing();
report(
  'walk and pack',
  await timed(packing),
  'tar -c | tee | sha256sum',
  await timed(() => shell('tar -c -C source . | tee theirs.tar | sha256sum')),
);

const tar = () => createReadStream(at('ours.tar'), { highWaterMark: 256 * 1024 });
report(
  'index',
  await timed(() => indexLayer(tar(), { diffID }, signal)),
  'tar -t, sha256sum',
  await timed(() => shell('tar -tf ours.tar >/dev/null; sha256sum ours.tar')),
);

report(
  'unpack',
  await timed(() => unpackLayer({ tar: tar(), into: at('ours') }, overlay, signal)),
  'tar -x, sha256sum',
  await timed(() => shell('tar -xpf ours.tar -C theirs; sha256sum ours.tar')),
);

const lower = Tree.of([index]);
const differing = await timed(async () => {
  for await (const _ of treeDiff({ root: at('ours'), lower }, signal));
});
report('diff of all', differing, 'diff -r', await timed(() => shell('diff -r ours theirs')));

for (const level of [1, 6]) {
  const own = await timed(() =>
    pipeline(tar(), (bytes) => gzip(bytes, { level }), createWriteStream(at('ours.tar.gz'))),
  );
  const other = await timed(() => shell(`${fastGzip} -c -${level} ours.tar > theirs.tar.gz`));
  report(`gzip -${level}`, own, `${fastGzip} -${level}`, other);
  const [size, otherSize] = [statSync(at('ours.tar.gz')).size, statSync(at('theirs.tar.gz')).size];
  console.log(`  ${size} bytes, ${(size / otherSize).toFixed(3)} of ${fastGzip}`);
}

report(
  'index of gzip',
  await timed(() => indexLayer(createReadStream(at('ours.tar.gz')), { compression: 'gzip', diffID }, signal)),
  'gzip -d | sha256sum',
  await timed(() => shell('gzip -dc ours.tar.gz | sha256sum')),
);

/** Mostly small files, as in a root file system, and one big one of a quarter of all. */
function generate(root: string): void {
  const bytes = mebibytes! * 1024 * 1024;
  const words = Array.from({ length: 4000 }, (_, number) => createHash('md5').update(String(number)).digest('base64'));
  const text = Buffer.from(Array.from({ length: 60_000 }, (_, number) => words[(number * number) % 4000]).join(' '));
  const length = Math.floor((bytes * 0.75) / files!);
  for (let number = 0; number < files!; number += 1) {
    const folder = join(root, `d${number % 100}`, `e${number % 7}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, `file-${number}`),
      text.subarray(number % 1000, (number % 1000) + length * ((number % 3) / 2 + 0.5)),
    );
  }
  writeFileSync(join(root, 'big'), Buffer.alloc(bytes / 4, text));
}

/** Milliseconds. */
async function timed(act: () => unknown): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

function report(ours: string, own: number, theirs: string, other: number): void {
  const ratio = (own / other).toFixed(2);
  console.log(
    `${ours}: ${own.toFixed(0)} ms; ${theirs}: ${other.toFixed(0)} ms; ratio ${ratio} (${availableParallelism()} processors)`,
  );
}

function available(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
}
