/**
 * Newcomers' mistakes and red nights, each with what cip says: exit status and reasons as a table, and word for word in
 * doc/first-ten-minutes.md. `CIP_TEST_UPDATE=is` writes what it says now into that document; with CIP_TEST_BIN and
 * `CIP_TEST_UPDATE=was` what another version of it said.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { root } from '../support/paths.ts';
import { Rig } from '../support/rig.ts';
import { Session } from './first-ten-minutes/scenario.ts';
import { scenarios } from './first-ten-minutes/scenarios.ts';

const path = join(root, 'doc', 'first-ten-minutes.md');
const update = process.env['CIP_TEST_UPDATE'];
const [head = '', ...sections] = readFileSync(path, 'utf8').split(/^## /m);
const written = new Map(
  sections.map((section) => {
    const [title = '', was = '', is = ''] =
      /^(.*)\n\nWas:\n\n```\n(.*?)\n?```\n\nIs:\n\n```\n(.*?)\n?```\n/s.exec(section)?.slice(1) ?? [];
    return [title, { was, is }];
  }),
);

for (const { title, files, needs: components = [], registry = false, run, statuses, complaints } of scenarios) {
  test(title, needs(...components), async () => {
    await using rig = await Rig.setup({ ...(files && { files }), registry });
    const session = new Session(rig);
    await run(session);
    const document = written.get(title) ?? { was: '', is: '' };
    if (update === 'was' || update === 'is') {
      written.set(title, { ...document, [update]: session.transcript() });
      if (update === 'was') return;
    }
    assert.deepEqual(
      {
        statuses: session.shown.map(({ status }) => status),
        complaints: complaintsIn(session.shown.map(({ stderr }) => stderr).join('')),
      },
      { statuses, complaints },
      session.transcript(),
    );
    if (update !== 'is') assert.equal(session.transcript(), document.is, 'CIP_TEST_UPDATE=is writes the document anew');
  });
}

test('every section of the document is a scenario', () => {
  assert.deepEqual([...written.keys()].sort(), scenarios.map(({ title }) => title).sort());
});

after(() => {
  if (update === undefined) return;
  const texts = scenarios.map(({ title }) => {
    const { was, is } = written.get(title) ?? { was: '', is: '' };
    return `## ${title}\n\nWas:\n\n\`\`\`\n${was}\n\`\`\`\n\nIs:\n\n\`\`\`\n${is}\n\`\`\`\n`;
  });
  writeFileSync(path, `${head}${texts.join('\n')}`);
});
