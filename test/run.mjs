// What `npm test` runs: all compiled tests in one call of node's own runner, so that its closing lines count them all.
// Files named *.slow.test.js come last. Arguments are for the runner: npm test -- --test-name-pattern=cascade
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const compiled = join(root, 'dist', 'test');

const sources = new Set(readdirSync(join(root, 'test'), { recursive: true }).map((file) => join('test', String(file))));
const files = readdirSync(compiled, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  .filter(hasSource)
  .sort((a, b) => isSlow(a) - isSlow(b) || (a < b ? -1 : 1));
if (files.length === 0) {
  console.error(`no tests in ${compiled}: run npm run build`);
  process.exit(1);
}

const runner = spawn(
  process.execPath,
  ['--test', '--test-reporter=spec', '--test-concurrency=2', ...process.argv.slice(2), ...files],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => runner.kill(signal));
runner.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));

function isSlow(file) {
  return Number(file.endsWith('.slow.test.js'));
}

/** tsc leaves the output of a test that was removed or renamed; it is not to run. */
function hasSource(file) {
  return sources.has(relative('dist', file).replace(/\.js$/, '.ts'));
}
