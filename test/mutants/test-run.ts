import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** How some test files ended. */
export type TestRun =
  | { readonly outcome: 'passed'; readonly tests: number }
  | { readonly outcome: 'failed'; readonly first: string; readonly error: string }
  /** A test file that ends before its tests says nothing about them. */
  | { readonly outcome: 'not-loaded'; readonly file: string }
  | { readonly outcome: 'hung' };

/** What stands for a test that never ends. Milliseconds; far more than any test that a fault names may take. */
const longest = 180_000;

/** Runs compiled tests of the checkout at `directory` with node's own runner, in a process group of their own. */
export async function runTests(directory: string, tests: readonly string[], only?: string): Promise<TestRun> {
  const files = tests.map((file) => join('dist', file.replace(/\.ts$/, '.js')));
  const pattern = only === undefined ? [] : [`--test-name-pattern=${only}`];
  const child = spawn(process.execPath, ['--test', '--test-reporter=tap', ...pattern, ...files], {
    cwd: directory,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    process.kill(-child.pid!, 'SIGKILL');
  }, longest);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  if (hung) return { outcome: 'hung' };
  if (code === 0) return { outcome: 'passed', tests: Number(/^# pass (\d+)$/m.exec(output)?.[1] ?? 0) };
  const first = /^\s*not ok \d+ - (.*)$/m.exec(output)?.[1] ?? `exit status ${code}`;
  const file = files.find((one) => first.endsWith(one));
  if (file !== undefined) return { outcome: 'not-loaded', file };
  return {
    outcome: 'failed',
    first,
    error: /^\s*error: (.*(?:\n\s{4,}.*){0,6})/m.exec(output)?.[1] ?? 'it says nothing',
  };
}
