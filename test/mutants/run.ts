/**
 * `npm run mutants [-- PATTERN]`: plants one fault after the other in a copy of the compiled program and runs the tests
 * that must notice it. A fault that no test notices, one that cannot be planted any more, and tests that fail without any
 * fault make the run fail. PATTERN, a regular expression, chooses by `class: name`.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { mapBounded } from '../../src/map-bounded.ts';
import { root } from '../support/paths.ts';
import { allFaults, type Planted, planted } from './all-faults.ts';
import type { Fault } from './fault.ts';
import { Shadow } from './shadow.ts';
import { runTests, type TestRun } from './test-run.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const chosen = new RegExp(positionals[0] ?? '', 'i');
const faults = (await allFaults()).filter(({ group, name }) => chosen.test(`${group}: ${name}`));
const shadows = [await Shadow.make(), await Shadow.make()];
const baselines = new Map<string, Promise<TestRun>>();
const missed: string[] = [];
const unsteady: string[] = [];
try {
  await mapBounded(faults, shadows.length, async (fault) => {
    const shadow = shadows.pop()!;
    try {
      const verdict = await judge(fault, shadow);
      const row = `${verdict.caught ? 'caught' : 'MISSED'}  ${fault.group}: ${fault.name} — ${verdict.by}`;
      if (!verdict.caught) missed.push(row);
      console.log(row);
    } finally {
      shadows.push(shadow);
    }
  });
} finally {
  for (const shadow of shadows) await shadow[Symbol.asyncDispose]();
}
// Again, where one looks first: at the end of a long log.
for (const row of [...unsteady, ...missed]) console.log(row);
console.log(`${faults.length} planted faults, ${faults.length - missed.length} caught`);
if (faults.length === 0 || missed.length > 0) process.exitCode = 1;

/** Whether a test notices the fault, and which. */
async function judge(fault: Planted, shadow: Shadow): Promise<{ readonly caught: boolean; readonly by: string }> {
  const code = await mutated(fault);
  if ('problem' in code) return { caught: false, by: code.problem };
  const before = await baseline(fault, shadow);
  if (before.outcome !== 'passed') return { caught: false, by: `its tests do not pass without it (${shown(before)})` };
  if (before.tests === 0) return { caught: false, by: 'no test of that name ran' };
  const run = await shadow.with(fault.file.replace(/\.ts$/, '.js'), code.text, () =>
    runTests(shadow.path, fault.tests, fault.only),
  );
  return { caught: run.outcome === 'failed' || run.outcome === 'hung', by: shown(run) };
}

/** The same tests without any fault, once. */
async function baseline(fault: Fault, shadow: Shadow): Promise<TestRun> {
  const key = JSON.stringify([fault.tests, fault.only]);
  const known = baselines.get(key) ?? passing(fault, shadow);
  baselines.set(key, known);
  return await known;
}

/** A test that fails now and then is what `npm run check` has to show; here it is told, and does not hide what its faults do. */
async function passing({ tests, only }: Fault, shadow: Shadow): Promise<TestRun> {
  const first = await runTests(shadow.path, tests, only);
  if (first.outcome === 'passed') return first;
  const row = `FAILED  without any fault, once: ${tests.join(' ')} — ${shown(first)}`;
  unsteady.push(first.outcome === 'failed' ? `${row}: ${first.error}` : row);
  return await runTests(shadow.path, tests, only);
}

async function mutated(fault: Fault): Promise<{ readonly text: string } | { readonly problem: string }> {
  const result = await planted(fault);
  if ('problem' in result) return result;
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, root);
  const { outputText, diagnostics = [] } = ts.transpileModule(result.source, {
    // Transpiling a single file does not see that package.json makes it a module.
    compilerOptions: { ...options, module: ts.ModuleKind.ESNext, sourceMap: false },
    fileName: join(root, fault.file),
    reportDiagnostics: true,
  });
  return diagnostics.length === 0 ? { text: outputText } : { problem: 'the fault is no TypeScript' };
}

function shown(run: TestRun): string {
  if (run.outcome === 'failed') return run.first;
  if (run.outcome === 'not-loaded') return `${run.file} cannot be loaded`;
  return run.outcome === 'hung' ? 'the tests never ended' : `${run.tests} tests pass`;
}
