/** Files that the user who runs cip may not read: each is named, with what is to be done about this one. */
import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

/** Root, but for the right to read what is not allowed to be read. */
const through = [
  'setpriv',
  '--bounding-set=-dac_override,-dac_read_search',
  '--inh-caps=-dac_override,-dac_read_search',
  '--',
];

/** Path → reason and remedy. */
const rows: Readonly<Record<string, readonly [reason: string, hint: RegExp]>> = {
  Dockerfile: ['dockerfile-unreadable', /^make it readable for the user that runs cip, or name another with --file$/],
  '.dockerignore': ['context-unreadable', /^make it readable for the user that runs cip, or remove it/],
  'Dockerfile.dockerignore': ['context-unreadable', /^make it readable for the user that runs cip, or remove it/],
  copied: ['context-unreadable', /^make it readable, or list it in \.dockerignore/],
};

for (const [path, [reason, hint]] of Object.entries(rows)) {
  test(`build-image without the right to read ${path}`, needs('linux', 'root', 'setpriv'), async () => {
    await using rig = await Rig.setup({
      files: { Dockerfile: 'FROM scratch\nCOPY copied /\n', copied: '', [path]: 'FROM scratch\nCOPY copied /\n' },
    });
    await chmod(join(rig.project, path), 0);
    const { stdout, stderr } = await rig.cip('build-image', '.', '--json', { through });
    const said = stdout === '' ? stderr : JSON.stringify(JSON.parse(stdout).failures[0]);
    assert.ok(said.includes(reason) && !said.includes("open '"), said);
    assert.match(/fix: (.*)|"hint":"([^"]*)"/.exec(said)!.slice(1).join(''), hint);
    assert.match(said, /permission denied/);
  });
}
