import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInContainer } from '../../src/cli/in-container.ts';

const cases: [title: string, env: Record<string, string>, files: Record<string, string>, want: boolean][] = [
  ['nothing says so', {}, { '/proc/self/cgroup': '0::/user.slice/user-1000.slice/session-1.scope\n' }, false],
  ['a service that is named like one', {}, { '/proc/self/cgroup': '0::/system.slice/dockerish.service\n' }, false],
  ['the cgroup of Docker itself is none', {}, { '/proc/self/cgroup': '0::/system.slice/mydocker/x\n' }, false],
  ['Docker', {}, { '/.dockerenv': '' }, true],
  ['Podman', {}, { '/run/.containerenv': 'engine="podman"\n' }, true],
  ['systemd-nspawn, Podman, LXC', { container: 'lxc' }, {}, true],
  ['Kubernetes', { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, {}, true],
  ['a cgroup of Docker', {}, { '/proc/self/cgroup': '1:cpu:/docker/0123\n' }, true],
  ['a cgroup of a pod', {}, { '/proc/self/cgroup': '0::/kubepods.slice/kubepods-pod1.slice\n' }, true],
];
for (const [title, env, files, want] of cases) {
  test(`isInContainer(): ${title}`, () => {
    assert.equal(
      isInContainer(env, (file) => files[file]),
      want,
    );
  });
}
