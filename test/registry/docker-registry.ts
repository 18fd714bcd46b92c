import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Method and path of each request that it has answered, in order; those that only ask for a password are left out. */
  requests(): readonly string[];
}

/**
 * Runs Debian's docker-registry (distribution) with its data in `dir`, on a port that the system picks. `config` is
 * merged into the parts of its configuration.
 */
export async function startDockerRegistry(
  dir: string,
  config: { readonly auth?: object; readonly http?: object } = {},
): Promise<DockerRegistry> {
  await mkdir(join(dir, 'data'), { recursive: true });
  const file = join(dir, 'config.json');
  // YAML reads JSON.
  await writeFile(
    file,
    JSON.stringify({
      version: '0.1',
      log: { level: 'info', formatter: 'json', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(dir, 'data') }, delete: { enabled: true } },
      http: { addr: '127.0.0.1:0', secret: 'of the test', ...config.http },
      ...(config.auth !== undefined && { auth: config.auth }),
    }),
  );
  const child = spawn('docker-registry', ['serve', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const host = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => reject(new Error(`docker-registry ended: ${said.join('\n')}`)));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
        if (address !== undefined) resolve(address);
      });
    }
  });
  return {
    host,
    requests: () =>
      said.flatMap((line) => {
        if (!line.includes('"response completed"')) return [];
        const { 'http.request.method': method, 'http.request.uri': uri } = JSON.parse(line);
        return [`${method} ${uri}`];
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
