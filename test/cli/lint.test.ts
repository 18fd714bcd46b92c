/** Lint rules on the command line: `check`, `build-image --check`, and the builds that `# check=error=true` stops. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support/temp-dir.ts';
import { runHere } from './run-here.ts';

const finding = 'FROM scratch\nMAINTAINER me\n';
const error = `# check=error=true\n${finding}`;

/** A project with one image, and the same Dockerfile alone. */
async function setUp(dockerfile: string, files: Readonly<Record<string, string>> = {}) {
  const directory = await tempDir();
  const all = { Dockerfile: dockerfile, ...files };
  for (const [file, text] of Object.entries(all)) {
    for (const place of ['project/alone', 'project/contexts/00-web']) {
      const path = join(directory.path, place, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
  }
  await writeFile(join(directory.path, 'project/contexts/00-web/info.edn'), '{:version "1.0.0"}');
  return directory;
}

interface Said {
  readonly reason: string;
  readonly subject?: string;
  readonly at?: { readonly file: string; readonly line: number };
}

const ofBoth = { check: ['check'], 'build-image --check': ['build-image', '--check', 'alone'] };
for (const [title, args] of Object.entries(ofBoth)) {
  test(`${title} tells findings as warnings, and ends with 0`, async () => {
    await using directory = await setUp(finding);
    const { stdout, status } = await runHere(directory.path, [...args, '--json']);
    const { problems, warnings } = JSON.parse(stdout) as { problems: Said[]; warnings: Said[] };
    assert.equal(status, 0);
    assert.deepEqual(problems, []);
    const [only] = warnings.filter(({ reason }) => reason === 'lint-finding');
    assert.equal(only?.subject, 'MaintainerDeprecated');
    assert.equal(only?.at?.line, 2);
  });

  test(`${title} tells what error=true makes a problem, and ends with 4`, async () => {
    await using directory = await setUp(error);
    const { stdout, status } = await runHere(directory.path, [...args, '--format', 'json']);
    const { problems, warnings } = JSON.parse(stdout) as { problems: Said[]; warnings: Said[] };
    assert.equal(status, 4);
    assert.deepEqual(
      problems.map(({ reason, subject, at }) => [reason, subject, at?.line]),
      [['lint-violation', 'MaintainerDeprecated', 3]],
    );
    assert.equal(warnings.filter(({ reason }) => reason.startsWith('lint')).length, 0);
  });

  test(`${title} tells a file that is left out once`, async () => {
    await using directory = await setUp('FROM scratch\nCOPY a /\n', { a: '', '.dockerignore': 'a\n' });
    const { stdout, status } = await runHere(directory.path, [...args, '--json']);
    const { problems, warnings } = JSON.parse(stdout) as { problems: Said[]; warnings: Said[] };
    assert.equal(status, 4);
    assert.equal(problems.length, 1);
    assert.equal(warnings.filter(({ subject }) => subject === 'CopyIgnoredFile').length, 0);
  });

  test(`${title} --format=sarif has what SARIF 2.1.0 requires`, async () => {
    await using directory = await setUp(finding);
    const { stdout } = await runHere(directory.path, [...args, '--format=sarif']);
    const { version, runs } = JSON.parse(stdout);
    assert.equal(version, '2.1.0');
    assert.equal(runs.length, 1);
    const [{ tool, results }] = runs;
    assert.equal(tool.driver.name, 'cip');
    const result = results.find(({ ruleId }: { ruleId: string }) => ruleId === 'MaintainerDeprecated');
    assert.equal(tool.driver.rules[result.ruleIndex].id, 'MaintainerDeprecated');
    assert.equal(result.level, 'warning');
    assert.equal(typeof result.message.text, 'string');
    const [{ physicalLocation }] = result.locations;
    assert.match(physicalLocation.artifactLocation.uri, /Dockerfile$/);
    assert.equal(physicalLocation.region.startLine, 2);
  });
}

const stopped = {
  'build of a project': ['build'],
  'build-image': ['build-image', 'alone'],
};
for (const [title, args] of Object.entries(stopped)) {
  test(`error=true fails ${title} before anything is built`, async () => {
    await using directory = await setUp(error);
    const { failures } = await runHere(directory.path, args);
    assert.deepEqual(
      failures.map(({ reason, at }) => [reason, at?.line]),
      [['lint-violation', 3]],
    );
  });
}

test('plan says nothing of findings that are warnings', async () => {
  await using directory = await setUp(finding);
  const { stderr, failures } = await runHere(directory.path, ['plan']);
  assert.deepEqual(failures, []);
  assert.doesNotMatch(stderr, /MaintainerDeprecated/);
});

test('--format is that of the command', async () => {
  await using directory = await setUp(finding);
  const graph = await runHere(directory.path, ['graph', '--format=dot']);
  assert.match(graph.stdout, /^digraph/);
  const reasons = async (...args: string[]) =>
    (await runHere(directory.path, args)).failures.map(({ reason }) => reason);
  assert.deepEqual(await reasons('check', '--format=dot'), ['invalid-option-value']);
  assert.deepEqual(await reasons('graph', '--format=sarif'), ['invalid-option-value']);
  assert.deepEqual(await reasons('build', '--format=text'), ['option-of-other-command']);
});
