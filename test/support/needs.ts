import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { buildkitDir, busyboxFor, debianRootfs, distributionSuite, newerPasta, nodeRelease } from './fixtures.ts';

const checks: Record<string, () => boolean> = {
  linux: () => process.platform === 'linux',
  root: () => process.getuid?.() === 0,
  'tun device': () => existsSync('/dev/net/tun'),
  'loop devices': () => process.getuid?.() === 0 && spawnSync('losetup', ['--find']).status === 0,
  'user namespaces': () => spawnSync('unshare', ['-Urm', 'true']).status === 0,
  'conformance data': () => existsSync(conformanceDir),
  'test/support/foreign-busybox.sh': () => ['amd64', 'arm64'].every((name) => existsSync(busyboxFor(name))),
  'test/support/debian-rootfs.sh': () => existsSync(debianRootfs),
  // Its version is unknown to it.
  'pasta of Debian 12': () => spawnSync('pasta', ['--version']).stdout?.includes('unknown version') ?? false,
  'test/support/newer-pasta.sh': () => existsSync(newerPasta),
  'test/support/node-releases.sh': () => [20, 22, 24, 26].every((major) => existsSync(nodeRelease(major))),
  'sources of the distribution suite': () => existsSync(join(conformanceDir, 'distribution')),
  'test/support/distribution-suite.sh': () => existsSync(distributionSuite),
  'test/support/buildkit.sh': () => existsSync(join(buildkitDir, 'buildctl')),
  'private binfmt_misc': () => {
    const [major = 0, minor = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('.').map(Number);
    return major > 6 || (major === 6 && minor >= 7);
  },
};

/** Where facts recorded by other projects lie, if they are there: beside the checkout, or where CIP_CONFORMANCE says. */
export const conformanceDir =
  process.env['CIP_CONFORMANCE'] ?? join(import.meta.dirname, ...upToRoot(), '..', 'shared', 'conformance');

/**
 * Options for `test()`: skips it, with the name of what is missing, where a component is not there. Each component
 * is one of `checks` or a program on PATH. CIP_TEST_REQUIRE=all makes a missing component an error instead.
 */
export function needs(...components: string[]): { skip: string | false } {
  const missing = components.filter((component) => !isThere(component));
  if (missing.length === 0) return { skip: false };
  if (process.env['CIP_TEST_REQUIRE'] === 'all')
    throw new Error(`CIP_TEST_REQUIRE=all, but missing: ${missing.join(', ')}`);
  return { skip: `needs ${missing.join(', ')}` };
}

/** Whether a component is there, for tests that do with or without it. */
export function isThere(component: string): boolean {
  return (checks[component] ?? (() => onPath(component)))();
}

function onPath(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** Tests run both from test/ and from dist/test/. */
function upToRoot(): string[] {
  return import.meta.dirname.includes(`${'dist'}/test/`) ? ['..', '..', '..'] : ['..', '..'];
}
