/**
 * Everything that the README tells people to type, run as it is written there. Replaced are only what would reach out of
 * the test: `npm ci`, which has been run to be here; the port of the registry; and where npm installs to.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import { startDockerRegistry } from '../registry/docker-registry.ts';
import { isThere, needs } from '../support/needs.ts';
import { bin, root } from '../support/paths.ts';
import { tempDir } from '../support/temp-dir.ts';

const exec = promisify(execFile);
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** Code blocks of a language, in order. */
function blocks(language: string): readonly string[] {
  return [...readme.matchAll(/```(\w*)\n(.*?)```/gs)].flatMap(([, name, text]) => (name === language ? [text!] : []));
}

const [start = '', install = '', project = '', cascade = '', example = '', others = '', caches = '', ...more] =
  blocks('sh');
const [first = '', second = ''] = withoutComments(start).trim().split('\n');

function withoutComments(text: string): string {
  return text.replace(/[ ]+#.*$/gm, '');
}

/** A place to type in: a home, `cip` on PATH, and no emulator for other platforms. */
class Shell implements AsyncDisposable {
  readonly directory: string;
  readonly #dispose: () => PromiseLike<void>;

  private constructor(directory: string, dispose: () => PromiseLike<void>) {
    this.directory = directory;
    this.#dispose = dispose;
  }

  static async open(): Promise<Shell> {
    const temp = await tempDir();
    const shell = new Shell(temp.path, () => temp[Symbol.asyncDispose]());
    await mkdir(join(shell.directory, 'bin'));
    for (const path of ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin']) {
      for (const name of await readdir(path).catch(() => [])) {
        if (!name.startsWith('qemu-'))
          await symlink(join(path, name), join(shell.directory, 'bin', name)).catch(() => {});
      }
    }
    for (const name of ['node', 'cip']) {
      const target = name === 'cip' ? bin : process.execPath;
      await symlink(target, join(shell.directory, 'bin', name)).catch(() => {});
    }
    return shell;
  }

  /** Ends with the first command that fails, which rejects. */
  run(script: string, cwd = this.directory) {
    const { directory } = this;
    const env = {
      PATH: join(directory, 'bin'),
      HOME: directory,
      npm_config_cache: join(directory, 'npm'),
      npm_config_prefix: join(directory, 'global'),
    };
    return exec('bash', ['-euo', 'pipefail', '-c', script], { cwd, env });
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#dispose();
  }
}

/** `name:version` of what a command printed, sorted. */
function images(stdout: string): readonly string[] {
  return [...stdout.matchAll(/^\S+\/(\S+)@sha256:[0-9a-f]{64}$/gm)].map(([, name]) => name!).sort();
}

/** The platforms that a registry has a reference for, sorted. */
async function platformsAt(host: string, name: string, tag: string): Promise<readonly string[]> {
  const accept = 'application/vnd.oci.image.index.v1+json';
  const response = await fetch(`http://${host}/v2/${name}/manifests/${tag}`, { headers: { accept } });
  const { manifests } = (await response.json()) as {
    manifests: { platform: { os: string; architecture: string } }[];
  };
  return manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`).sort();
}

const both = ['linux/amd64', 'linux/arm64'];
const exampleImages = ['base', 'counter', 'greeter', 'newsletter', 'settings', 'site'];

test(
  'the first command builds all images of the example, and the second time none',
  needs('linux', 'user namespaces'),
  async () => {
    await using shell = await Shell.open();
    assert.match(first, /^npm ci && bin\/cip\.js build /);
    const line = first.replace('npm ci && ', '');
    assert.deepEqual(
      images((await shell.run(line, root)).stdout),
      exampleImages.map((name) => `${name}:1.0.0`),
    );
    const again = await shell.run(line, root);
    assert.deepEqual([again.stdout, /6 up to date|6 images are up to date/.test(again.stderr)], ['', true]);
  },
);

test('the second command is what CI runs, and a script of the package', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  assert.match(second, /^npm ci && npm run check$/);
  assert.match(scripts['check'] ?? '', /npm test$/);
  assert.ok(readFileSync(join(root, '.ci', 'run'), 'utf8').includes(`/^${second}$/p`));
});

test('cip is installed from a checkout', needs('npm'), async () => {
  await using shell = await Shell.open();
  const [link = ''] = withoutComments(install).split('\n');
  assert.match(link, /^npm ci && npm install --global \.$/);
  // The script it would run, a build, has been run; others run beside this test, and use what it would write.
  await shell.run(`${link.replace('npm ci && ', '')} --ignore-scripts --offline`, root);
  const { stdout } = await shell.run('global/bin/cip --version');
  assert.match(stdout, /^cip \d/);
});

test('cip is installed from the one file that npm pack makes', needs('npm'), async () => {
  await using shell = await Shell.open();
  const [, pack = ''] = withoutComments(install).split('\n');
  assert.equal(pack, 'npm pack');
  await shell.run(`${pack} --ignore-scripts --pack-destination ${shell.directory}`, root);
  const files = (await readdir(shell.directory)).filter((name) => name.endsWith('.tgz'));
  assert.equal(files.length, 1);
  for (const [name] of readme.matchAll(/container-image-pipelines-[\d.]+\.tgz/g)) assert.equal(name, files[0]);
  // What npm would fetch is what is installed here.
  await shell.run(`tar xzf ${files[0]}`);
  await symlink(join(root, 'node_modules'), join(shell.directory, 'node_modules'));
  await shell.run(
    'package/bin/cip.js --help && package/bin/cip.js check -C "$1"'.replace('"$1"', join(root, 'example-project')),
  );
});

test(
  'the project of the README is checked, drawn, built, published and raised',
  needs('linux', 'docker-registry'),
  async () => {
    await using shell = await Shell.open();
    await using registry = await startDockerRegistry(shell.directory);
    const here = (text: string) => withoutComments(text).replaceAll('localhost:5000', registry.host);
    // It is there by the time that three other commands have ended.
    assert.match(project, /^cip registry serve &.*localhost:5000\n(?:cip (?:check|graph|build)\b.*\n){3}cip publish /m);
    const written = here(project).replace(/^cip registry serve &$/m, '');
    const { stdout, stderr } = await shell.run(written.replace(/^(?=cip publish )/m, 'echo ---\n'));
    const [told = '', published = ''] = stdout.split('---\n');
    assert.match(told, /^4 contexts; 4 internal references, all up to date/);
    const names = ['core', 'config', 'pages', 'shop'];
    const all = names.map((name) => `${name}:1.0.0`).sort();
    assert.deepEqual([images(told), images(published)], [all, all]);
    assert.doesNotMatch(stderr, /^(error|warning)/m);
    for (const name of names) assert.deepEqual(await platformsAt(registry.host, name, 'latest'), both);

    const raised = await shell.run(here(cascade), join(shell.directory, 'my-images'));
    assert.deepEqual(images(raised.stdout), ['config:1.0.1', 'core:1.1.0', 'pages:1.0.1', 'shop:1.0.1']);
    const dockerfile = await readFile(join(shell.directory, 'my-images/contexts/02-shop/Dockerfile'), 'utf8');
    assert.match(dockerfile, /^FROM \$\{REGISTRY\}\/pages:1\.0\.1\nCOPY --from=\$\{REGISTRY\}\/config:1\.0\.1 /);

    if (!isThere('skopeo')) return;
    assert.match(others, /^skopeo inspect .*\nskopeo copy .*\n$/);
    await shell.run(others);
  },
);

test(
  'the example is published by the line of the README, for both platforms and without emulation',
  needs('linux', 'user namespaces', 'docker-registry'),
  async () => {
    await using shell = await Shell.open();
    await using registry = await startDockerRegistry(shell.directory);
    const { stdout } = await shell.run(example.replace('localhost:5000', registry.host), root);
    assert.deepEqual(
      images(stdout),
      exampleImages.map((name) => `${name}:1.0.0`),
    );
    for (const name of exampleImages) {
      for (const tag of ['1.0.0', 'latest']) assert.deepEqual(await platformsAt(registry.host, name, tag), both, name);
    }
  },
);

test(
  'results are shared by the lines of the README, in a registry and in a directory',
  needs('linux', 'user namespaces', 'docker-registry'),
  async () => {
    await using shell = await Shell.open();
    await using registry = await startDockerRegistry(shell.directory);
    const [publish = '', build = ''] = caches
      .replaceAll('localhost:5000', registry.host)
      .replaceAll('-C example-project', `-C ${join(root, 'example-project')}`)
      .trim()
      .split('\n');
    await shell.run(publish);
    // Here nothing is left to build.
    await using another = await Shell.open();
    await another.run(build);
    const { tags } = (await (await fetch(`http://${registry.host}/v2/team/cache/tags/list`)).json()) as {
      readonly tags: readonly string[];
    };
    assert.ok(tags.length > 5 && tags.every((tag) => /^latest-results-\d+-[0-9a-f]{64}$/.test(tag)), tags.join(' '));
    assert.deepEqual((await readdir(join(another.directory, '.cache'))).sort(), ['blobs', 'results-2', 'tmp']);
  },
);

test('there is no other block of commands in the README', () => assert.deepEqual(more, []));

/** Lines with `cip …` outside of the blocks above: those of CI, and in the text. */
const lines = [
  ...blocks('yaml').flatMap((text) => [...text.matchAll(/^\s*- (?:run: )?(cip .+)$/gm)].map(([, line]) => line!)),
  ...[...readme.replace(/```.*?```/gs, '').matchAll(/`(cip [^`]+)`/g)].map(([, line]) => line!),
];

test('the README has commands for CI and in its text', () => {
  for (const line of ['cip check', 'cip cascade --check', 'cip publish --keep-going', 'cip doctor']) {
    assert.ok(lines.includes(line), line);
  }
});

for (const line of new Set(lines)) {
  test(`a command of the README is one that cip accepts: ${line}`, async () => {
    const words = line
      .replace(/\$\{\{.*?\}\}/g, 'me')
      .replace(/\\?\|\S+/g, '')
      .replace(/ \[.*?\]/g, '')
      .replace(/^cip completion bash$/, 'cip completion')
      .split(/\s+/)
      .map((word) => (word === 'R' ? 'registry.example.com' : word));
    const parsed = await parseCommandLine(words.slice(1), { CIP_REMOTE_REGISTRY: 'registry.example.com/group' });
    assert.ok(parsed.ok, JSON.stringify(parsed));
  });
}

test('the installation of CI installs what npm pack makes', needs('linux'), async () => {
  await using shell = await Shell.open();
  const { name, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, string>;
  const installs = blocks('yaml').flatMap((text) => /npm install --global (\S+)/.exec(text)?.[1] ?? []);
  assert.deepEqual(installs, [`./.ci/${name}-${version}.tgz`, `./.ci/${name}-${version}.tgz`]);
  const [, line = ''] = /`(mkdir [^`]*YOUR-PROJECT[^`]*)`/.exec(readme) ?? [];
  const project = join(shell.directory, 'project');
  await shell.run(line.replaceAll('YOUR-PROJECT', project).replace('npm pack', 'npm pack --ignore-scripts'), root);
  assert.deepEqual(await readdir(join(project, '.ci')), [`${name}-${version}.tgz`]);
});

test('the README of the example is true: a change, a check and a cascade', needs('linux'), async () => {
  await using shell = await Shell.open();
  const text = await readFile(join(root, 'example-project', 'README.md'), 'utf8');
  const [build = '', raise = ''] = [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block!);
  assert.equal(withoutComments(build).split('\n')[0], first);
  await exec('cp', ['-r', join(root, 'example-project'), shell.directory]);
  const [edit = '', check = '', cascade = ''] = withoutComments(raise).replaceAll('bin/cip.js', 'cip').split('\n');
  await writeFile(join(shell.directory, 'check.sh'), `${edit}\n${check}`);
  await assert.rejects(shell.run('bash check.sh'), { code: 3 });
  await shell.run(cascade);
  const { stdout } = await shell.run('cip check -C example-project');
  assert.match(stdout, /all up to date/);
});
