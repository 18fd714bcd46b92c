import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Daemon } from '../engine/exporter/daemon-place.ts';
import { FailureError } from '../result.ts';
import { daemonAddress, daemonCertificates, daemonNotFound } from './failure.ts';
import type { Surroundings } from './surroundings.ts';

/** Which program an image is loaded into; `auto` is the first that is there. */
export type DaemonChoice = 'auto' | Daemon['program'];

type Environment = Surroundings['env'];

/** The variable that says where a program listens, and the sockets that are looked for without it. */
const programs: Readonly<
  Record<Daemon['program'], { readonly variable: string; readonly sockets: (env: Environment) => readonly string[] }>
> = {
  docker: {
    variable: 'DOCKER_HOST',
    sockets: ({ XDG_RUNTIME_DIR: own }) => ['/var/run/docker.sock', ...(own ? [join(own, 'docker.sock')] : [])],
  },
  podman: {
    variable: 'CONTAINER_HOST',
    sockets: ({ XDG_RUNTIME_DIR: own }) => [
      ...(own ? [join(own, 'podman/podman.sock')] : []),
      '/run/podman/podman.sock',
    ],
  },
};

/**
 * Where Docker or Podman listens: as DOCKER_HOST or CONTAINER_HOST says, else the first of their sockets that is there. Throws
 * FailureError: `daemon-not-found`, `daemon-address`, `daemon-certificates`.
 */
export async function findDaemon(choice: DaemonChoice, env: Environment): Promise<Daemon> {
  const wanted = choice === 'auto' ? (['docker', 'podman'] as const) : [choice];
  for (const program of wanted) {
    const { variable } = programs[program];
    const address = env[variable];
    if (address) return await daemonAt(address, { program, variable, env });
  }
  const looked: string[] = [];
  for (const program of wanted) {
    for (const socketPath of programs[program].sockets(env)) {
      looked.push(socketPath);
      if (await isThere(socketPath)) return { program, address: `unix://${socketPath}`, at: { socketPath } };
    }
  }
  throw new FailureError(daemonNotFound(choice, looked));
}

async function daemonAt(
  address: string,
  {
    program,
    variable,
    env,
  }: { readonly program: Daemon['program']; readonly variable: string; readonly env: Environment },
): Promise<Daemon> {
  const socketPath = /^unix:\/\/(\/.+)$/.exec(address)?.[1];
  if (socketPath !== undefined) return { program, address, at: { socketPath } };
  const [, host, port] = /^(?:tcp|http):\/\/(\[[0-9a-f:]+\]|[^/:]+)(?::(\d{1,5}))?\/?$/i.exec(address) ?? [];
  if (host === undefined) throw new FailureError(daemonAddress(variable, address));
  const tls = program === 'docker' && env['DOCKER_TLS_VERIFY'] ? await certificatesIn(env) : undefined;
  const at = { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? (tls ? 2376 : 2375)), tls };
  return { program, address, at };
}

async function certificatesIn({ DOCKER_CERT_PATH, HOME = '' }: Environment) {
  const directory = DOCKER_CERT_PATH || join(HOME, '.docker');
  const read = async (name: string) => {
    const path = join(directory, name);
    return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new FailureError(daemonCertificates(path, error.code ?? error.message), { cause: error });
    });
  };
  return { ca: await read('ca.pem'), cert: await read('cert.pem'), key: await read('key.pem') };
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    // What may not be looked at may be there: who asks it hears why not.
    (error: NodeJS.ErrnoException) => error.code === 'EACCES',
  );
}
