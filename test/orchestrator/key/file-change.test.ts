import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileChange } from '../../../src/orchestrator/key/file-change.ts';

const [one, two] = ['1', '2'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string];

const rows: readonly (readonly [before: string | undefined, after: string | undefined, reason: string])[] = [
  [undefined, `file 644 ${one}`, 'file-added'],
  [`file 644 ${one}`, undefined, 'file-removed'],
  [`file 644 ${one}`, `file 755 ${one}`, 'file-mode 0644 0755'],
  [`file 644 ${one}`, `file 4755 ${one}`, 'file-mode 0644 4755'],
  [`file 644 ${one}`, `file 755 ${two}`, `file-content ${one} ${two}`],
  [`file ${one}`, `file ${two}`, `file-content ${one} ${two}`],
  ['directory 755', 'directory 700', 'file-mode 0755 0700'],
  ['directory 755', `file 755 ${one}`, 'file-type directory file'],
  ['symlink a', 'symlink a b', 'link-target a a b'],
  ['symlink a', `file 644 ${one}`, 'file-type symlink file'],
  ['fifo 644', 'fifo 600', 'file-mode 0644 0600'],
  ['char-device 644', 'block-device 644', 'file-type char-device block-device'],
  ['0123456789ab', 'ba9876543210', 'file-changed'],
  [`file ${one}`, `file 644 ${one}`, 'file-changed'],
  [`file 644 ${one} = a b`, `file 644 ${one}`, 'hard-link a b'],
  [`file 644 ${one}`, `file 644 ${one} = a`, 'hard-link a'],
  [`file 644 ${one} = a`, `file 644 ${one} = b`, 'hard-link a b'],
  [`file 644 ${one} = a`, `file 644 ${two} = a`, `file-content ${one} ${two}`],
  ['char-device 644 1:3', 'char-device 644 1:5', 'device-number 1:3 1:5'],
];

for (const [before, after, want] of rows) {
  test(`what changed of a file: ${before} → ${after}`, () => {
    assert.equal(Object.values(fileChange(before, after)).join(' '), want);
  });
}
