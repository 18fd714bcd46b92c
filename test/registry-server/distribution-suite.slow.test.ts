import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { distributionSuite } from '../support/fixtures.ts';
import { isThere, needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { serve } from './serve.ts';

/** Neither the sources nor go are to be had everywhere: without them there is no suite, in CI neither. */
const absent = ['sources of the distribution suite', 'go'].filter((component) => !isThere(component));
const suite =
  absent.length > 0 && !isThere('test/support/distribution-suite.sh')
    ? { skip: `needs ${absent.join(', ')}` }
    : needs('test/support/distribution-suite.sh');

/** What the suite does not run to its end, and why the specification allows that. */
const permitted: readonly (readonly [name: RegExp, why: string])[] = [
  [
    /^sha(?:256|512) blobs\/mount anonymous\/blob-mount-anonymous$/,
    'a registry MAY mount from a repository that the client did not name; ours begins an upload instead, as it MAY',
  ],
];

/** Features of which version 1.1 says nothing, or lets registries choose. */
const permittedFeatures: Readonly<Record<string, string>> = {
  'Blob anonymous mount': 'see above',
  'Manifest put with tag params': 'of the unreleased version 1.2',
  'Tag Param': 'of the unreleased version 1.2',
  'Tag Param sha512': 'of the unreleased version 1.2',
  'Sparse Manifests':
    'one switch for indexes without their manifests, which are taken (manifests.test.ts), and for manifests without their layers, which a registry MAY refuse',
};

/** Of the suite this was written against: another number means that it tests other things now. */
const expected = { pass: 856, skip: 2 };

test('the conformance suite of the distribution specification passes', suite, async (t) => {
  await using server = await serve();
  await using results = await tempDir();
  const output = await run(server.host, results.path);
  const counts = summary(output);
  t.diagnostic(JSON.stringify(counts));

  const trouble = lines(output).filter(([name, status]) => status !== 'Pass' && !isPermitted(name, status));
  assert.deepEqual(trouble, []);
  const features = featuresOf(output).filter(([name, status]) => status !== 'Pass' && !(name in permittedFeatures));
  assert.deepEqual(features, []);
  assert.deepEqual(
    { fail: counts['FAIL'], error: counts['Error'], disabled: counts['Disabled'], skip: counts['Skip'] },
    { fail: 0, error: 0, disabled: 0, skip: expected.skip },
  );
  assert.ok(counts['Pass']! >= expected.pass, `${counts['Pass']} passed, of at least ${expected.pass}`);
});

/** Its standard output, whatever its exit status. */
async function run(registry: string, resultsDir: string): Promise<string> {
  const env = {
    OCI_REGISTRY: registry,
    OCI_TLS: 'disabled',
    OCI_VERSION: '1.1',
    OCI_RESULTS_DIR: resultsDir,
    // Beyond version 1.1, but served.
    OCI_API_BLOBS_UPLOAD_CANCEL: 'true',
    OCI_API_BLOBS_DIGEST_HEADER: 'true',
    OCI_API_MANIFESTS_DIGEST_HEADER: 'true',
  };
  return await new Promise((resolve, reject) => {
    execFile(distributionSuite, { cwd: resultsDir, env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(new Error(stderr, { cause: error }));
      else resolve(stdout);
    });
  });
}

/** Each test and its status; what is wrong stands on lines of its own, which begin with a dash or with anything. */
function lines(output: string): readonly (readonly [name: string, status: string])[] {
  return [...output.matchAll(/^ *OCI Conformance Test\/(.+): (Pass|Skip|Disabled|FAIL|Error|Unknown)$/gm)].map(
    ([, name, status]) => [name!, status!],
  );
}

function featuresOf(output: string): readonly (readonly [name: string, status: string])[] {
  const [, features = ''] = output.split('\nAPI conformance:\n');
  return [...features.matchAll(/^ {2}(.+?)\.*: +(\w+)$/gm)].map(([, name, status]) => [name!, status!]);
}

function summary(output: string): Readonly<Record<string, number>> {
  const [, counts = ''] = output.split(/^OCI Conformance Result: .*\n/m);
  return Object.fromEntries(
    [...counts.matchAll(/^ {2}(\w+)\.+: +(\d+)$/gm)].map(([, name, count]) => [name!, Number(count)]),
  );
}

function isPermitted(name: string, status: string): boolean {
  return status === 'Skip' && permitted.some(([pattern]) => pattern.test(name));
}
