import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { buildkitDir } from '../support/fixtures.ts';
import { tempDir } from '../support/temp-dir.ts';
import { agentFlags } from './agents.ts';
import type { Built, ConformanceBuilder, StagedCase } from './builder.ts';
import { filledContext } from './case.ts';

const exec = promisify(execFile);

/** A buildkitd of its own, with runc, as root. `registry` is asked by http. */
export async function startBuildkit(
  registry: string,
): Promise<ConformanceBuilder & AsyncDisposable & { readonly address: string }> {
  const directory = await tempDir();
  const address = `unix://${directory.path}/socket`;
  const config = join(directory.path, 'buildkitd.toml');
  const { stdout: runc } = await exec('sh', ['-c', 'PATH=$PATH:/usr/sbin:/sbin command -v runc']);
  await writeFile(
    config,
    [
      `root = "${directory.path}/root"`,
      `[grpc]\naddress = ["${address}"]`,
      `[worker.oci]\nenabled = true\ngc = false\nbinary = "${runc.trim()}"`,
      '[worker.containerd]\nenabled = false',
      `[registry."${registry}"]\nhttp = true`,
    ].join('\n'),
  );
  const daemon = spawn(join(buildkitDir, 'buildkitd'), ['--config', config], {
    stdio: 'ignore',
    // Variables of tracing would reach the steps.
    env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, HOME: directory.path },
  });
  const ended = once(daemon, 'exit');
  for (let tries = 0; !(await isThere(join(directory.path, 'socket'))); tries++) {
    if (tries > 600 || daemon.exitCode !== null) throw new Error(`buildkitd does not start (${daemon.exitCode})`);
    await delay(100);
  }
  return {
    name: 'BuildKit',
    address,
    build: (staged) => build(address, staged),
    async [Symbol.asyncDispose]() {
      daemon.kill('SIGTERM');
      await ended;
      await directory[Symbol.asyncDispose]();
    },
  };
}

async function build(
  address: string,
  { case: { folder, args }, context, scratch, outputs = [] }: StagedCase,
): Promise<Built> {
  const layout = join(scratch, 'buildkit');
  const secrets: string[] = [];
  for (const [id, value] of Object.entries(args.secrets)) {
    const file = join(scratch, `buildkit-secret-${id}`);
    await writeFile(file, value);
    secrets.push('--secret', `id=${id},src=${file}`);
  }
  const locals: string[] = [];
  const contexts: Record<string, string> = {};
  for (const [name, value] of Object.entries(args.contexts)) {
    const filled = filledContext(value, args.buildArgs);
    const isLocal = filled.startsWith('dir:');
    // Its names of directories have no colons.
    const local = `named-${locals.length}`;
    if (isLocal) locals.push('--local', `${local}=${join(context, filled.slice(4))}`);
    contexts[`context:${name}`] = isLocal ? `local:${local}` : filled.replace(/^image:/, 'docker-image://');
  }
  const options = {
    ...contexts,
    ...args.options?.buildkit,
    platform: args.platform,
    ...(args.target !== undefined && { target: args.target }),
    ...Object.fromEntries(Object.entries(args.buildArgs).map(([name, value]) => [`build-arg:${name}`, value])),
  };
  try {
    await exec(join(buildkitDir, 'buildctl'), [
      ...['--addr', address, 'build', '--frontend', 'dockerfile.v0', '--progress', 'plain'],
      ...['--local', `context=${context}`, '--local', `dockerfile=${folder}`],
      ...locals,
      ...Object.entries(options).flatMap(([name, value]) => ['--opt', `${name}=${value}`]),
      ...secrets,
      ...(await agentFlags(args.ssh, scratch)),
      ...[`type=oci,tar=false,dest=${layout}`, ...outputs].flatMap((output) => ['--output', output]),
    ]);
    return { layout };
  } catch (error) {
    const { stderr = String(error) } = error as { stderr?: string };
    return { refused: stderr.trim().split('\n').slice(-12).join('\n') };
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
