import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LastLines } from '../../../src/engine/op/last-lines.ts';

function collected(secrets: readonly string[] = []) {
  const pieces: string[] = [];
  return { pieces, lines: new LastLines(secrets, (_, text) => pieces.push(text)) };
}

test('whole lines are passed on as they end, and the rest at the end', () => {
  const { pieces, lines } = collected();
  lines.write('stdout', 'a');
  lines.write('stdout', 'b\nc\nd');
  lines.end();
  assert.deepEqual(pieces, ['ab\nc\n', 'd']);
  assert.deepEqual(lines.lines, ['ab', 'c', 'd']);
});

test('the last forty lines are kept', () => {
  const { lines } = collected();
  for (let index = 0; index < 100; index++) lines.write('stderr', `${index}\n`);
  assert.deepEqual([lines.lines.length, lines.lines[0], lines.lines.at(-1)], [40, '60', '99']);
});

test('a line without an end is passed on in pieces, whole, and little of it is kept', () => {
  const { pieces, lines } = collected();
  const piece = 'x'.repeat(60_000);
  for (let index = 0; index < 500; index++) lines.write('stdout', piece);
  lines.end();
  assert.equal(
    pieces.reduce((sum, text) => sum + text.length, 0),
    500 * 60_000,
  );
  assert.ok(Math.max(...pieces.map(({ length }) => length)) < 200_000);
  assert.ok(lines.lines.reduce((sum, line) => sum + line.length, 0) <= 40 * 4096);
});

test('a secret that begins with another is hidden whole', () => {
  const { pieces, lines } = collected(['open', 'open-sesame']);
  lines.write('stdout', 'say open-sesame, and open\n');
  lines.end();
  assert.deepEqual(pieces, ['say ***, and ***\n']);
});

for (const length of [1, 2, 5, 11]) {
  test(`a secret is hidden wherever what is said is cut: every ${length} characters`, () => {
    const { pieces, lines } = collected(['open-sesame']);
    const text = 'say open-sesame\nopen-sesame';
    for (let at = 0; at < text.length; at += length) lines.write('stderr', text.slice(at, at + length));
    lines.end();
    assert.equal(pieces.join(''), 'say ***\n***');
    assert.deepEqual(lines.lines, ['say ***', '***']);
  });
}

for (const at of [65_530, 65_536, 65_540, 65_550]) {
  test(`a secret is hidden wherever a long line is cut: it begins at ${at}`, () => {
    const secret = 'open-sesame-open-sesame';
    const { pieces, lines } = collected([secret]);
    const text = `${'x'.repeat(at)}${secret}${'y'.repeat(100_000)}`;
    for (let index = 0; index < text.length; index += 7) lines.write('stdout', text.slice(index, index + 7));
    lines.end();
    assert.ok(pieces.length > 1);
    const all = pieces.join('');
    assert.equal(all, text.replace(secret, '***'));
  });
}
