import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lines } from '../../../src/cli/render/lines.ts';

const MiB = 1024 * 1024;

test('text in pieces becomes lines', () => {
  const lines = new Lines();
  assert.deepEqual(lines.push('a'), []);
  assert.deepEqual(lines.push('b\nc\r\nd\re\nf\r\r\n'), ['ab', 'c', 'e', 'f']);
  assert.deepEqual(lines.push('rest'), []);
  assert.deepEqual(lines.end(), ['rest']);
});

/** Counted, not timed: joining what is held with each piece that comes is what took minutes. */
const endless: [title: string, piece: string, most: number][] = [
  ['one line of 20 MiB', 'x'.repeat(64 * 1024), 16 * 1024 + 64 * 1024],
  ['a line that is written over and over', `${'='.repeat(1000)}\r`, 2048],
];
for (const [title, piece, most] of endless) {
  test(`${title} is passed on in pieces, and takes linear time`, () => {
    const lines = new Lines();
    const before = process.cpuUsage();
    let longest = 0;
    for (let written = 0; written < 20 * MiB; written += piece.length) {
      for (const line of lines.push(piece)) longest = Math.max(longest, line.length);
    }
    for (const line of lines.end()) longest = Math.max(longest, line.length);
    const { user, system } = process.cpuUsage(before);
    assert.ok(longest <= most, `${longest}`);
    assert.ok((user + system) / 1e6 < 20, `${(user + system) / 1e6} s`);
  });
}
