const isNothing = 'leave it out: cip has nothing like it';
const isNoAttestation = 'leave it out: cip makes no attestations';
const limits = 'start cip itself with these limits: ulimit, or systemd-run --scope -p MemoryMax=2G cip build-image …';
const isClean = 'leave it out: no container is left of a step';

/**
 * Options of `docker build` (reference of the command, buildx 0.31) and `podman build` that `cip build-image` does not have →
 * what to do instead. None of them is a slip of one of its own, however near they are.
 */
export const dockerOptions: ReadonlyMap<string, string> = new Map([
  ['--allow', isNothing],
  ['--attest', isNoAttestation],
  ['--authfile', 'set REGISTRY_AUTH_FILE to the path'],
  ['--builder', 'leave it out: cip builds by itself, without a daemon'],
  ['--call', isNothing],
  ['--cgroup-parent', limits],
  ['--compress', 'leave it out: no context is sent anywhere'],
  ['--cpu-period', limits],
  ['--cpu-quota', limits],
  ['--cpu-shares', limits],
  ['--cpuset-cpus', limits],
  ['--cpuset-mems', limits],
  ['--force-rm', isClean],
  ['--memory', limits],
  ['-m', limits],
  ['--memory-swap', limits],
  ['--policy', isNothing],
  ['--provenance', isNoAttestation],
  [
    '--pull',
    'leave it out: tags of base images are looked up in their registries at every run, but for names that the store has',
  ],
  ['--rm', isClean],
  ['--sbom', isNoAttestation],
  ['--security-opt', isNothing],
  ['--tls-verify', 'use --insecure-registry HOST for a registry without TLS'],
]);
