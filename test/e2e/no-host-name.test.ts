/** Steps where a filter of system calls refuses to set a host name, as that of a container may. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { root } from '../support/paths.ts';
import { Rig } from '../support/rig.ts';

const options = needs('linux', 'root', 'user namespaces', 'busybox', 'perl');
const skip = process.arch === 'x64' ? options.skip : 'the number of the call is that of amd64';
const refusing = join(root, 'test', 'e2e', 'no-sethostname.pl');
const text = 'FROM scratch\nCOPY --chmod=755 busybox /bin/sh\nRUN echo a > /b\nRUN echo a > /c\n';

for (const name of ['EPERM', 'EACCES', 'ENOSYS'] as const)
  test(`a step runs where its host name cannot be set: ${name}`, { skip }, async () => {
    await using rig = await Rig.setup({ files: { Dockerfile: text, busybox: readFileSync('/bin/busybox') } });
    const through = ['perl', refusing, `${constants.errno[name]}`];
    const { status, stderr } = await rig.cip('build-image', '.', { through });
    assert.equal(status, 0, stderr);
    // Once, however many steps there are.
    assert.equal(stderr.match(/steps have the host name of this container/g)?.length, 1, stderr);
    const doctor = await rig.cip('doctor', '--json', { through });
    const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; state: string }[] };
    assert.equal(checks.find((check) => check.name === 'steps-host-name')?.state, 'limited');
  });
