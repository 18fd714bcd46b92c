/** A step that changes nothing has an empty layer, which equals that of every other: no image sees anything of another. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const options = needs('linux', 'user namespaces', 'busybox');

/** What a step may do that is in no layer, and what of it could be seen elsewhere. */
const steps: Readonly<Record<string, { readonly run: string; readonly seen: string }>> = {
  'a time of a directory': { run: 'touch /theirs', seen: '/theirs' },
  'a mode that is the same': { run: 'chmod 600 /secret', seen: '/secret' },
  'a file that came and went': { run: 'echo x > /theirs/x && rm /theirs/x', seen: '/theirs' },
  'content that is the same': {
    run: 'cp -p /secret /s && cat /s > /secret && touch -r /s /secret && rm /s',
    seen: '/secret',
  },
};

const dockerfile = (lines: readonly string[]) =>
  [
    'FROM scratch',
    'COPY --chmod=755 busybox /bin/busybox',
    'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
    ...lines,
    '',
  ].join('\n');

for (const [title, { run, seen }] of Object.entries(steps)) {
  test(`${title} is nothing that a step of another image sees`, options, async () => {
    await using rig = await Rig.setup({
      files: {
        busybox: readFileSync('/bin/busybox'),
        first: dockerfile(['RUN mkdir -m 700 /theirs && echo theirs > /secret && chmod 600 /secret', `RUN ${run}`]),
        second: dockerfile(['RUN true', `RUN ls -la ${seen} /; [ ! -e ${seen} ]`]),
      },
    });
    for (const file of ['first', 'second']) {
      const { status, stderr } = await rig.cip('build-image', '.', '--file', file, '--quiet');
      assert.equal(status, 0, `${file}: ${stderr}`);
    }
  });
}
