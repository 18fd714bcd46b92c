import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bin } from '../support/paths.ts';
import { tempDir } from '../support/temp-dir.ts';
import type { Built, ConformanceBuilder, StagedCase } from './builder.ts';

const exec = promisify(execFile);

/** `cip build-image`, with a store of its own. */
export async function startCip(): Promise<ConformanceBuilder & AsyncDisposable> {
  const directory = await tempDir();
  const env = { PATH: process.env['PATH'], HOME: directory.path, CIP_STORE: join(directory.path, 'store') };
  return {
    name: 'cip',
    build: (staged) => build(staged, env),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

async function build({ case: { folder, args }, context, scratch }: StagedCase, env: NodeJS.ProcessEnv): Promise<Built> {
  const layout = join(scratch, 'cip');
  const secrets: string[] = [];
  for (const [id, value] of Object.entries(args.secrets)) {
    const file = join(scratch, `cip-secret-${id}`);
    await writeFile(file, value);
    secrets.push('--secret', `id=${id},src=${file}`);
  }
  try {
    await exec(
      process.execPath,
      [
        ...[bin, 'build-image', context, '--file', join(folder, 'Dockerfile'), '--platform', args.platform],
        ...(args.target === undefined ? [] : ['--target', args.target]),
        ...Object.entries(args.buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
        ...secrets,
        ...['--quiet', '--output', `type=oci,tar=false,dest=${layout}`],
      ],
      { env },
    );
    return { layout };
  } catch (error) {
    const { stderr = String(error), code } = error as { stderr?: string; code?: number };
    if (code === 70) throw new Error(`cip ends with 70: ${stderr}`);
    return { refused: stderr.trim() };
  }
}
