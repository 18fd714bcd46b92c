import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeDockerfile } from '../../src/dockerfile/decode.ts';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import { replaceSpans } from '../../src/dockerfile/replace-spans.ts';
import { valueIn } from './outcome.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const BOM = [0xef, 0xbb, 0xbf];

test('decodeDockerfile() keeps every character, newlines as they are', () => {
  assert.equal(valueIn(decodeDockerfile(bytes('FROM a\r\n# é 한 👽\n'), 'Dockerfile')), 'FROM a\r\n# é 한 👽\n');
});

test('decodeDockerfile() keeps a byte order mark, and an edit leaves the bytes around it alone', () => {
  const text = valueIn(decodeDockerfile(Uint8Array.from([...BOM, ...bytes('FROM a:1\n')]), 'Dockerfile'));
  const [stage] = valueIn(parseDockerfile(text, 'Dockerfile')).stages;
  assert.deepEqual(stage?.from.imageAt, { file: 'Dockerfile', line: 1, column: 6, offset: 6, length: 3 });
  const edited = valueIn(replaceSpans(text, [{ at: stage.from.imageAt, text: 'b:2' }]));
  assert.deepEqual([...bytes(edited)], [...BOM, ...bytes('FROM b:2\n')]);
});

const invalid: [title: string, before: string, wrong: number[], after: string, line: number, column: number][] = [
  ['a stray continuation byte', 'FROM a\n# é', [0x80], 'b\n', 2, 4],
  ['a sequence cut off by the end', 'FROM a\n', [0xed, 0x95], '', 2, 1],
  ['a sequence cut off by a character', 'FROM a\nRUN 👽', [0xf0, 0x9f], 'x', 2, 7],
  ['Latin-1', 'LABEL a=caf', [0xe9], '\n', 1, 12],
  ['behind a replacement character that is really there', 'a \ufffd ', [0xff], '', 1, 5],
  ['a surrogate', '', [0xed, 0xa0, 0x80], '', 1, 1],
];
for (const [title, before, wrong, after, line, column] of invalid) {
  test(`decodeDockerfile() says where ${title} is`, () => {
    const result = decodeDockerfile(Uint8Array.from([...bytes(before), ...wrong, ...bytes(after)]), 'Dockerfile');
    assert.ok(!result.ok);
    const [failure] = result.failure;
    assert.deepEqual(
      { reason: failure?.reason, line: failure?.at?.line, column: failure?.at?.column, offset: failure?.at?.offset },
      { reason: 'invalid-utf8', line, column, offset: before.length },
    );
  });
}

const utf16le = (text: string) => Buffer.from(text, 'utf16le');
const wholes: readonly (readonly [title: string, bytes: Uint8Array, message: string])[] = [
  ['UTF-16 with a byte order mark', utf16le('\ufeffFROM é\r\n'), 'Dockerfile is saved as UTF-16'],
  ['UTF-16 without', utf16le('FROM a\n'), 'Dockerfile is saved as UTF-16'],
  ['UTF-16, the high byte first', utf16le('\ufeffFROM a\n').swap16(), 'Dockerfile is saved as UTF-16'],
  ['UTF-16, the high byte first, without', utf16le('FROM a\n').swap16(), 'Dockerfile is saved as UTF-16'],
  ['a tar', Buffer.from(`Dockerfile${'\0'.repeat(502)}FROM a\n`), 'Dockerfile is a binary file, not text'],
  ['gzip', Uint8Array.from([0x1f, 0x8b, 8, 0, 0x66, 0xff]), 'Dockerfile is a binary file, not text'],
];
for (const [title, given, message] of wholes) {
  test(`decodeDockerfile() says one thing of ${title}`, () => {
    const result = decodeDockerfile(given, 'Dockerfile');
    assert.ok(!result.ok);
    assert.deepEqual(
      result.failure.map((failure) => [failure.reason, failure.message]),
      [['invalid-utf8', message]],
    );
  });
}

test('decodeDockerfile() leaves NUL characters in a text to whoever reads it', () => {
  for (const text of ['FROM a\nENV A=\0\n', 'A\0B\0C D', '\0\0\0'])
    assert.equal(valueIn(decodeDockerfile(bytes(text), 'Dockerfile')), text);
});

test('decodeDockerfile() does not count a byte order mark as a column', () => {
  const result = decodeDockerfile(Uint8Array.from([...BOM, 0x61, 0xff]), 'Dockerfile');
  assert.ok(!result.ok);
  assert.equal(result.failure[0]?.at?.column, 2);
});
