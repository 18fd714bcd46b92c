/** `--platform` of another machine, by the real program: stages on BUILDPLATFORM take their parents for this one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const here = process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64';
const other = here === 'linux/arm64' ? 'linux/amd64' : 'linux/arm64';

interface Planned {
  readonly images: readonly { readonly name: string; readonly platforms: readonly { readonly platform: string }[] }[];
}

test(
  'a cross-build makes of parents what it needs, and the plan says so',
  needs('linux', 'user namespaces'),
  async () => {
    await using rig = await Rig.setup({
      files: {
        'contexts/00-base/info.edn': '{:version "1.0.0"}',
        'contexts/00-base/Dockerfile': 'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /\n',
        'contexts/00-base/amd64/made-for-amd64': '',
        'contexts/00-base/arm64/made-for-arm64': '',
        'contexts/01-app/info.edn': '{:version "1.0.0"}',
        'contexts/01-app/Dockerfile':
          'ARG REGISTRY\nFROM --platform=$BUILDPLATFORM ${REGISTRY}/base:1.0.0 AS made\nFROM scratch\nARG BUILDARCH\nCOPY --from=made /made-for-$BUILDARCH /\n',
      },
    });
    const plan = await rig.cip('plan', 'build', '--json', `--platform=${other}`);
    assert.equal(plan.status, 0, plan.stderr);
    const { images } = JSON.parse(plan.stdout) as Planned;
    assert.deepEqual(
      images.map(({ name, platforms }) => [name, ...platforms.map(({ platform }) => platform)]),
      [
        ['base', other, here],
        ['app', other],
      ],
    );
    const built = await rig.cip('build', `--platform=${other}`);
    assert.equal(built.status, 0, built.stderr);
    const again = await rig.cip('build', '--json', `--platform=${other}`);
    assert.deepEqual(
      (JSON.parse(again.stdout) as { images: { action: string }[] }).images.map(({ action }) => action),
      ['up-to-date', 'up-to-date'],
    );
  },
);
