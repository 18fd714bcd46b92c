import type { FailureShape, ReasonOf } from '../result.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly ssh: ReasonOf<typeof import('./failure.ts')>;
  }
}

/** A file of `--ssh` holds something else; `why` follows a colon. */
export function sshKeyInvalid(file: string, why: string) {
  return {
    reason: 'ssh-key-invalid',
    message: `${file} cannot be used as an SSH key: ${why}`,
    hint: 'name a private key, or the socket of an agent that has it: --ssh default=$SSH_AUTH_SOCK',
    subject: file,
  } as const satisfies FailureShape;
}

/** Nobody is asked for a passphrase. */
export function sshKeyEncrypted(file: string) {
  return {
    reason: 'ssh-key-encrypted',
    message: `the SSH key ${file} has a passphrase, and cip asks for none`,
    hint: `add it to an agent with ssh-add ${file}, and pass --ssh default`,
    subject: file,
  } as const satisfies FailureShape;
}

/** `why` is what the system or the agent said. */
export function sshAgentUnreachable(socket: string, why: string) {
  return {
    reason: 'ssh-agent-unreachable',
    message: `no SSH agent answers at ${socket}: ${why}`,
    hint: 'start one with eval "$(ssh-agent)" and ssh-add, or name a key: --ssh default=FILE',
    subject: socket,
  } as const satisfies FailureShape;
}

/** Missing, a directory, or not to be read; `why` follows a colon. */
export function sshSourceUnusable(file: string, why: string) {
  return {
    reason: 'ssh-source-unusable',
    message: `${file} of --ssh cannot be used: ${why}`,
    hint: 'name the socket of an agent or private keys, as seen from the current directory',
    subject: file,
  } as const satisfies FailureShape;
}
