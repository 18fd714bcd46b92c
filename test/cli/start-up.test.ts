/** What is loaded before it is known what is asked for: nothing that takes longer to load than help takes to write. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, extname, relative, resolve } from 'node:path';
import { test } from 'node:test';

/** The program beside these tests: as it is written, or compiled. */
const sources = resolve(import.meta.dirname, '../../src');
const extension = extname(import.meta.filename);
const statements = /^(?:import|export)\s(?!type\s)(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm;
/** `import { type A, type B }`: nothing is left of it. */
const onlyTypes = /^import \{(?:\s*type \w+(?: as \w+)?,?)+\s*\} from/;

/** Packages that a module needs, by the modules that import them, whatever else is imported when it is asked for. */
function packagesOf(module: string): ReadonlyMap<string, string> {
  const packages = new Map<string, string>();
  const seen = new Set([resolve(sources, `${module}${extension}`)]);
  for (const file of seen)
    for (const [statement, from = ''] of readFileSync(file, 'utf8').matchAll(statements)) {
      if (onlyTypes.test(statement)) continue;
      if (from.startsWith('.')) seen.add(resolve(dirname(file), from));
      else if (!from.startsWith('node:')) packages.set(from, relative(sources, file).replace(/\.[jt]s$/, ''));
    }
  return packages;
}

test('help and versions wait for what reads the command line, and for no other package', () =>
  assert.deepEqual(Object.fromEntries(packagesOf('cli/main')), { 'yargs/helpers': 'cli/command-line' }));

test('commands do need packages, and that is seen', () =>
  assert.equal(packagesOf('cli/commands/build').has('zod'), true));
