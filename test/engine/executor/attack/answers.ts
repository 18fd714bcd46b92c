import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Probe → what the kernel said. */
export type Answers = ReadonlyMap<string, string>;

/** Fewer would mean that the controls, and not the steps, are kept from everything. */
const ENOUGH_CONTROLS = 40;

/** Of the lines that attack.pl prints. */
export function answers(text: string): Answers {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => line.split('\t') as [string, string]));
}

function isOk(said: string | undefined): boolean {
  return said?.startsWith('ok') ?? false;
}

/**
 * Reports the table, and compares it with what has to hold: every probe was asked, no probe succeeded inside but those of
 * `open`, and the control outside did for most. `around`: what the same container lets everybody do.
 * With CIP_TEST_TABLES=DIR the table is written to DIR/attack-NAME.txt.
 */
export function judge(
  t: TestContext,
  name: string,
  { inside, around, control }: { readonly inside: Answers; readonly around?: Answers; readonly control: Answers },
  open: readonly string[],
): void {
  const rows = [...control].map(([probe, said]) => ({
    probe,
    inside: inside.get(probe) ?? 'not asked',
    around: around === undefined ? undefined : (around.get(probe) ?? 'not asked'),
    control: said,
  }));
  const head = { probe: 'probe', inside: 'inside', around: around && 'in the container', control: 'control outside' };
  const table = [head, ...rows]
    .map((row) => [
      row.probe.padEnd(46),
      row.inside.padEnd(14),
      ...(row.around === undefined ? [] : [row.around.padEnd(16)]),
      row.control,
    ])
    .map((cells) => cells.join('| '))
    .join('\n');
  const dir = process.env['CIP_TEST_TABLES'];
  if (dir !== undefined) writeFileSync(join(dir, `attack-${name}.txt`), `${table}\n`);
  t.diagnostic(`\n${table}`);
  assert.deepEqual(
    rows.filter((row) => isOk(row.inside) && !open.includes(row.probe)).map(({ probe }) => probe),
    [],
  );
  assert.deepEqual(
    rows.filter((row) => /died|not asked/.test(`${row.inside} ${row.around} ${row.control}`)),
    [],
  );
  const controls = rows.filter((row) => isOk(row.control)).length;
  assert.ok(controls >= ENOUGH_CONTROLS, `${controls} controls succeed`);
}
