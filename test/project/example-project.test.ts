import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { planCascade } from '../../src/project/cascade.ts';
import { dependencyGraph } from '../../src/project/dependency-graph.ts';
import { loadProject } from '../../src/project/load.ts';
import { needs } from '../support/needs.ts';
import { root } from '../support/paths.ts';
import { tempDir } from '../support/temp-dir.ts';
import { succeeded } from './support/project-files.ts';

const example = join(root, 'example-project');

test('the example is a project without a single remark', async () => {
  const project = succeeded(await loadProject(example));
  const graph = dependencyGraph(project);
  assert.deepEqual([project.notices, graph.warnings, graph.stale, graph.externals], [[], [], [], []]);
  assert.deepEqual(
    [...graph.parents],
    [
      ['base', []],
      ['settings', []],
      ['counter', ['base']],
      ['greeter', ['base']],
      ['newsletter', ['counter', 'greeter']],
      ['site', ['newsletter', 'settings', 'base']],
    ],
  );
  const cascade = succeeded(planCascade(graph));
  assert.deepEqual([cascade.bumps, cascade.notices], [[], []]);
});

/** The programs on the usual paths but for one, as links. */
async function programsWithout(name: string, directory: string): Promise<string> {
  await mkdir(directory);
  for (const path of ['/usr/bin', '/bin', '/usr/sbin', '/sbin']) {
    for (const program of await readdir(path).catch(() => [])) {
      if (program !== name) await symlink(join(path, program), join(directory, program)).catch(() => {});
    }
  }
  return directory;
}

const machines: [
  title: string,
  pathIn: (directory: string) => Promise<string>,
  shell: 'busybox' | undefined,
  needed: string[],
][] = [
  ['of BusyBox', async () => process.env['PATH'] ?? '', 'busybox', ['linux', 'user namespaces', 'busybox']],
  [
    'of single programs',
    (directory) => programsWithout('busybox', join(directory, 'bin')),
    undefined,
    ['linux', 'user namespaces'],
  ],
];
for (const [title, pathIn, shell, needed] of machines) {
  test(`assemble-base.sh makes a root file system ${title} that runs, once`, needs(...needed), async () => {
    await using directory = await tempDir();
    const context = join(directory.path, 'contexts', '00-base');
    await mkdir(context, { recursive: true });
    await cp(join(example, 'assemble-base.sh'), join(directory.path, 'assemble-base.sh'));
    const env = { PATH: await pathIn(directory.path) };
    const assemble = () => spawnSync('/bin/sh', [join(directory.path, 'assemble-base.sh')], { env, encoding: 'utf8' });
    const first = assemble();
    assert.equal(first.status, 0, first.stderr);

    const architecture = ({ x64: 'amd64', ia32: '386' } as Record<string, string>)[process.arch] ?? process.arch;
    const made = join(context, 'rootfs', architecture);
    for (const other of ['amd64', 'arm64'].filter((name) => name !== architecture)) {
      assert.deepEqual(await readdir(join(context, 'rootfs', other)), ['NO-PROGRAMS']);
    }
    assert.equal(await readlink(join(made, 'bin', 'sh')).catch(() => undefined), shell);
    const script = 'echo "c b a" | tr " " "\\n" | sort | head -n 2 | sed s/a/x/; id -u';
    const run = spawnSync('unshare', ['-Ur', 'chroot', made, '/bin/sh', '-c', script], {
      encoding: 'utf8',
      env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin:/bin` },
    });
    assert.equal(run.stdout, 'x\nb\n0\n', run.stderr);
    assert.equal((await stat(join(made, 'bin', 'cat'))).mtimeMs, 0);

    await writeFile(join(made, 'mine'), '');
    const second = assemble();
    assert.deepEqual([second.status, second.stderr], [0, '']);
    assert.ok((await readdir(made)).includes('mine'));
  });
}
