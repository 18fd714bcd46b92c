/**
 * `node dist/test/lint/record.js`: what BuildKit's own rules find in each case, written to buildkit.json beside it. Needs root, runc and
 * what test/support/buildkit.sh leaves.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { startBuildkit } from '../conformance/buildkit.ts';
import { buildkitDir } from '../support/fixtures.ts';
import { tempDir } from '../support/temp-dir.ts';
import { lintCases } from './cases.ts';
import { recordedFile } from './recorded.ts';

const exec = promisify(execFile);

await using daemon = await startBuildkit('localhost:1');
const found: Record<string, readonly string[]> = {};
for (const [name, one] of Object.entries(lintCases)) {
  await using directory = await tempDir();
  const { path } = directory;
  const files = { Dockerfile: one.dockerfile, ...(one.ignore !== undefined && { '.dockerignore': one.ignore }) };
  for (const file of one.files ?? []) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), '');
  }
  for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
  const options = Object.entries(one.buildArgs ?? {}).flatMap(([key, value]) => ['--opt', `build-arg:${key}=${value}`]);
  const { stdout } = await exec(join(buildkitDir, 'buildctl'), [
    ...['--addr', daemon.address, 'build', '--frontend', 'dockerfile.v0', '--progress', 'plain'],
    ...['--local', `context=${path}`, '--local', `dockerfile=${path}`],
    ...['--opt', 'requestid=frontend.lint', '--opt', 'platform=linux/amd64', ...options],
  ]);
  // A warning, a line that explains it, and where it is, above the lines of the file.
  const all = [...stdout.matchAll(/^WARNING: (\w+).*\n[\s\S]*?^Dockerfile:(\d+)$/gm)].map(
    ([, rule, line]) => `${line} ${rule}`,
  );
  if (!/^WARNING/m.test(stdout) && stdout.trim() !== '') console.error(name, stdout);
  found[name] = [...new Set(all)].sort();
}
await writeFile(recordedFile, `${JSON.stringify(found, null, 2)}\n`);
