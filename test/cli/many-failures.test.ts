/**
 * Files with a mistake in every line, or thousands in one: told in bounded time and in as many lines as a person can
 * read, with their number. Time is of the processor; the limits are many times what is needed.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ProjectFiles, writeProject } from '../project/support/project-files.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runHere } from './run-here.ts';

const many = (count: number, text: string, between = '\n') => Array.from({ length: count }, () => text).join(between);
const app = (files: Readonly<Record<string, string>>): ProjectFiles => ({
  '00-app': { Dockerfile: 'FROM scratch\nCOPY . /\n', 'info.edn': '{:version "1.0.0"}\n', ...files },
});

const rows: Readonly<Record<string, { readonly files: ProjectFiles; readonly errors: number }>> = {
  'a malformed pattern in every line of .dockerignore': {
    files: app({ '.dockerignore': many(16_000, '[a') }),
    errors: 16_000,
  },
  'unknown platforms in one line': {
    files: app({ 'info.edn': `{:version "1.0.0" :platforms [${many(4_000, '"linux/amd65"', ' ')}]}` }),
    errors: 4_000,
  },
  'unknown platforms in one string': {
    files: app({ 'info.edn': `{:version "1.0.0" :platforms "${many(4_000, 'linux/amd65', ',')}"}` }),
    errors: 4_000,
  },
  'an unknown instruction in every line': {
    files: app({ Dockerfile: `FROM scratch\n${many(16_000, 'RUNN x')}\n` }),
    errors: 16_000,
  },
  'unknown images in every line': {
    files: app({ Dockerfile: many(4_000, 'FROM ${REGISTRY}/gone:1.0.0') }),
    errors: 4_000,
  },
  'a source that is not there in every line': {
    files: app({ Dockerfile: `FROM scratch\n${many(4_000, 'COPY gone /')}\n` }),
    errors: 4_000,
  },
};
for (const [title, { files, errors }] of Object.entries(rows)) {
  test(title, async () => {
    await using directory = await tempDir();
    await writeProject(join(directory.path, 'project'), files);
    const start = process.cpuUsage();
    const { status, stderr } = await runHere(directory.path, ['check']);
    const { user, system } = process.cpuUsage(start);
    assert.equal(status, 4, stderr.slice(0, 1000));
    assert.match(stderr, new RegExp(`\\n… and ${errors - 100} more errors\\n\\n${errors} errors\\n$`));
    assert.ok(stderr.length < 100_000, `${stderr.length} characters`);
    assert.ok(user + system < 5_000_000, `${user + system} µs`);
  });
}
