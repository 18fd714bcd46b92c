/** What a publish says of tags: which are missing, that none was set, how far it came; and nothing before its plan stands. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { type RegistryGate, registryGate, type Verdict } from '../support/registry-gate.ts';
import { Rig } from '../support/rig.ts';

interface Report {
  readonly complete: boolean;
  readonly tagsMoved: number;
  readonly images: readonly { readonly name: string; readonly action: string; readonly digest?: string }[];
}

/** The tests go through the life of a project in this order. */
describe('publish', needs('user namespaces'), () => {
  let rig: Rig;
  let gate: RegistryGate;
  let judge: (method: string, url: string) => Verdict = () => 'pass';
  before(async () => {
    const image = (from: string) => `${from}\nCOPY stamp /\n`;
    rig = await Rig.setup({
      registry: true,
      files: {
        'contexts/00-debian/Dockerfile': image('FROM scratch'),
        'contexts/00-debian/info.edn': '{:version "1.0.0"}\n',
        'contexts/00-debian/stamp': 'debian\n',
        'contexts/01-web/Dockerfile': image('ARG REGISTRY\nFROM ${REGISTRY}/debian:1.0.0'),
        'contexts/01-web/info.edn': '{:version "1.0.0"}\n',
        'contexts/01-web/stamp': 'web\n',
      },
    });
    gate = await registryGate(
      () => rig.registry,
      ({ method, url }) => judge(method, url),
    );
  });
  after(async () => {
    await gate?.[Symbol.asyncDispose]();
    await rig?.[Symbol.asyncDispose]();
  });

  const publish = (...args: string[]) => rig.cip('publish-locally', '--local-registry', gate.host, ...args);
  const lastLine = (stderr: string) => stderr.trimEnd().split('\n').at(-1);
  /** Digest under a tag, as the registry says it. */
  const digestOf = async (tag: string) => {
    const answer = await fetch(`http://${rig.registry}/v2/${tag.replace(':', '/manifests/')}`, { method: 'HEAD' });
    return answer.headers.get('docker-content-digest') ?? undefined;
  };

  test('that loses its registry says so once, and that no tags were set', async () => {
    const dying = await registryGate(
      () => rig.registry,
      ({ method }) => {
        if (method !== 'PUT') return 'pass';
        void dying[Symbol.asyncDispose]();
        return 'cut';
      },
    );
    const { status, stderr } = await rig.cip('publish-locally', '--local-registry', dying.host);
    assert.equal(status, 5);
    assert.deepEqual(complaintsIn(stderr), ['registry-unreachable'], stderr);
    assert.equal(
      lastLine(stderr),
      'Nothing was published: no tags were set. 0 of 2 images are uploaded. Run the same command again to continue.',
    );
  });

  test('that stops between two tags says how far it came, and the next one finishes', async () => {
    judge = (method, url) => (method === 'PUT' && url.endsWith('/debian/manifests/latest') ? 'deny' : 'pass');
    const { status, stderr } = await publish();
    judge = () => 'pass';
    assert.equal(status, 5, stderr);
    assert.deepEqual(complaintsIn(stderr), ['publish-partial', 'registry-denied'], stderr);
    assert.match(
      stderr,
      /stopped partway: 2 of 2 images are tagged \(debian, web\), but latest is not set for debian, web$/m,
    );
    const plan = await rig.cip('plan', 'publish-locally', '--local-registry', gate.host);
    assert.match(plan.stdout, /debian +1\.0\.0 +tag latest is missing/);
    const again = await publish();
    assert.equal(again.status, 0, again.stderr);
    assert.match(lastLine(again.stderr)!, /^2 tagged, 2 tags set in /);
    for (const name of ['debian', 'web'])
      assert.equal(await digestOf(`${name}:latest`), await digestOf(`${name}:1.0.0`));
  });

  test('reports the digests that are in the registry, of skipped images too', async () => {
    const { stdout, stderr, status } = await publish('--json');
    assert.equal(status, 0, stderr);
    const { images, complete, tagsMoved } = JSON.parse(stdout) as Report;
    assert.deepEqual(
      images.map(({ name, action, digest }) => [name, action, digest]),
      [
        ['debian', 'up-to-date', await digestOf('debian:1.0.0')],
        ['web', 'up-to-date', await digestOf('web:1.0.0')],
      ],
    );
    assert.deepEqual({ complete, tagsMoved }, { complete: true, tagsMoved: 0 });
    assert.match(lastLine(stderr)!, /^2 up to date, no tags set in /);
  });

  test('announces nothing that its plan forbids', async () => {
    await rig.write({ 'contexts/00-debian/stamp': 'other\n' });
    const { status, stderr } = await publish('--progress=plain');
    assert.equal(status, 3, stderr);
    assert.doesNotMatch(stderr, /Publishing|\[debian\]|\[web\]/);
  });

  test('of an image that fails says that nothing was published', async () => {
    await rig.write({
      'contexts/00-debian/info.edn': '{:version "1.0.1"}\n',
      'contexts/01-web/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/debian:1.0.1\nCOPY --chown=nobody info.edn /x\n',
      'contexts/01-web/info.edn': '{:version "1.0.1"}\n',
    });
    const { status, stderr } = await publish();
    assert.equal(status, 1, stderr);
    assert.equal(
      lastLine(stderr),
      'Nothing was published: no tags were set. 1 image is uploaded and ready. Failed: web.',
    );
    assert.equal(await digestOf('debian:1.0.1'), undefined);
  });
});
