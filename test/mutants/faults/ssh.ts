import type { Fault } from '../fault.ts';

const real = ['test/e2e/ssh.test.ts'];
const keys = ['test/ssh/private-key.test.ts'];
const lowered = ['test/engine/frontend/stages.test.ts'];

export const faults: readonly Fault[] = [
  {
    name: 'a step may ask an agent for anything',
    file: 'src/ssh/agent.ts',
    find: 'return message[0] === REQUEST_IDENTITIES || message[0] === SIGN_REQUEST;',
    replace: 'return message.length > 0 || message[0] === SIGN_REQUEST;',
    tests: real,
    only: '^an agent is asked for signatures',
  },
  {
    name: 'an agent that is required is missed by the step alone',
    file: 'src/engine/engine.ts',
    find: 'if (missing.length > 0) throw new FailuresError(missing);',
    replace: 'if (missing.length > 99) throw new FailuresError(missing);',
    tests: real,
    only: '^what cannot be signed with',
  },
  {
    name: 'the mode of an agent is that of any socket',
    file: 'src/engine/executor/listening-sockets.ts',
    find: 'await chmod(path, mode);',
    replace: 'await chmod(path, mode | 0o777);',
    tests: real,
    only: '^steps sign with agents',
  },
  {
    name: 'an owner that nobody is here is a bug',
    file: 'src/engine/executor/listening-sockets.ts',
    find: "if (error.code !== 'EINVAL' && error.code !== 'EPERM') throw error;",
    replace: "if (error.code !== 'EPERM') throw error;",
    tests: real,
    only: '^an owner that nobody is here',
  },
  {
    name: 'an agent without keys is not said',
    file: 'src/cli/ssh-sources.ts',
    find: 'if (count === 0)',
    replace: 'if (count < 0)',
    tests: real,
    only: '^an agent without keys',
  },
  {
    name: 'a key with a passphrase is damaged',
    file: 'src/ssh/private-key.ts',
    find: "if (cipher !== 'none')",
    replace: "if (cipher === '')",
    tests: keys,
  },
  {
    name: 'RSA keys sign with SHA-1 whatever is asked for',
    file: 'src/ssh/agent-key.ts',
    find: 'const [SHA2_256, SHA2_512] = [2, 4];',
    replace: 'const [SHA2_256, SHA2_512] = [16, 32];',
    tests: keys,
  },
  {
    name: 'integers of signatures may be negative',
    file: 'src/ssh/wire.ts',
    find: 'bytes[0]! >= 0x80 ?',
    replace: 'bytes[0]! > 0xff ?',
    tests: keys,
  },
  {
    name: 'SSH_AUTH_SOCK of the stage is replaced',
    file: 'src/engine/frontend/run.ts',
    find: "first === undefined || variables.has('SSH_AUTH_SOCK')",
    replace: "first === undefined || variables.has('')",
    tests: lowered,
  },
  {
    name: 'numbers of agents count all mounts',
    file: 'src/engine/frontend/run.ts',
    find: "mounts.filter(({ type }) => type === 'ssh').length",
    replace: "mounts.filter(({ type }) => type !== 'secret').length",
    tests: lowered,
  },
];
