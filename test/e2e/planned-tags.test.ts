/** `cip plan publish`: the tags that it names are those that `publish` sets then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { type Files, Rig } from '../support/rig.ts';

const info = (version: string, platforms = '"linux/amd64"') => `{:version "${version}" :platforms [${platforms}]}\n`;
const files: Files = {
  'contexts/00-base/Dockerfile': 'FROM scratch\nCOPY a /a\n',
  'contexts/00-base/info.edn': info('1.0.0', '"linux/amd64" "linux/arm64"'),
  'contexts/00-base/a': 'A\n',
};

interface Step {
  readonly title: string;
  readonly files?: Files;
  /** Tags that somebody removes. */
  readonly gone?: readonly string[];
  readonly want: readonly string[];
}

const both = '"linux/amd64" "linux/arm64"';
const steps: readonly Step[] = [
  { title: 'the first version', want: ['1.0.0', 'latest'] },
  { title: 'a version whose tag is gone', gone: ['1.0.0'], want: ['1.0.0'] },
  { title: 'a raised version of the same content', files: { info: info('1.0.1', both) }, want: ['1.0.1'] },
  {
    title: 'an older version whose tag is gone',
    files: { info: info('1.0.0', both) },
    gone: ['1.0.0'],
    want: ['1.0.0'],
  },
  { title: 'latest alone that is gone', files: { info: info('1.0.1', both) }, gone: ['latest'], want: ['latest'] },
  {
    title: 'a raised version for fewer platforms',
    files: { info: info('1.0.2') },
    want: ['1.0.2', 'latest'],
  },
  { title: 'a raised version of other content', files: { info: info('1.0.3'), a: 'B\n' }, want: ['1.0.3', 'latest'] },
  { title: 'nothing', want: [] },
];

test('the tags of a plan are those that publish sets', needs('linux', 'user namespaces'), async (t) => {
  await using rig = await Rig.setup({ files, registry: true });
  const remote = ['--remote-registry', rig.registry];
  for (const { title, files = {}, gone = [], want } of steps) {
    await t.test(title, async () => {
      const named = { info: 'contexts/00-base/info.edn', a: 'contexts/00-base/a' } as Record<string, string>;
      await rig.write(Object.fromEntries(Object.entries(files).map(([name, text]) => [named[name]!, text])));
      for (const tag of gone) await fetch(`http://${rig.registry}/v2/base/manifests/${tag}`, { method: 'DELETE' });
      const expected = want.map((tag) => `${rig.registry}/base:${tag}`);
      const plan = JSON.parse((await rig.cip('plan', 'publish', '--json', ...remote)).stdout);
      assert.deepEqual(
        plan.images.flatMap(({ tags }: { tags: { ref: string }[] }) => tags.map(({ ref }) => ref)),
        expected,
      );
      const report = JSON.parse((await rig.cip('publish', '--json', ...remote)).stdout);
      assert.deepEqual(
        report.tags.map(({ reference }: { reference: string }) => reference),
        expected,
      );
    });
  }
});
