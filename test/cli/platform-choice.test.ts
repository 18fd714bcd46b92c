import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import { platformChoice } from '../../src/cli/platform-choice.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };
const host = { kind: 'host', platform: arm64 };

const cases: [line: string, want: unknown, env?: Record<string, string>][] = [
  ['build', host],
  ['publish-locally', host],
  ['publish', { kind: 'declared', defaults: [arm64, amd64] }],
  ['build --default-platforms=linux/amd64', { kind: 'declared', defaults: [amd64] }],
  ['build', { kind: 'declared', defaults: [amd64] }, { CIP_DEFAULT_PLATFORMS: 'linux/amd64' }],
  ['publish --default-platforms=linux/amd64', { kind: 'declared', defaults: [amd64] }],
  ['build --platform=linux/amd64', { kind: 'exactly', platforms: [amd64] }],
  ['publish --platform=linux/amd64 --default-platforms=arm64', { kind: 'exactly', platforms: [amd64] }],
  ['publish --only-local-platform --platform=linux/amd64', host],
  ['publish', host, { CIP_ONLY_LOCAL_PLATFORM: 'yes' }],
];
for (const [line, want, env = {}] of cases) {
  test(`platforms: ${line} ${JSON.stringify(env)}`, async () => {
    const parsed = await parseCommandLine(line.split(' '), { CIP_REMOTE_REGISTRY: 'r.example.com', ...env });
    assert.ok(parsed.ok && parsed.value.kind === 'run');
    const { command, ...invocation } = parsed.value.invocation;
    assert.deepEqual(platformChoice(command, invocation, 'arm64'), want);
  });
}
