import type { FailureShape, ReasonOf } from '../result.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly remote: ReasonOf<typeof import('./failure.ts')>;
  }
}

/** No answer, or none that is one. `address` has no password in it. */
export function sourceUnreachable(address: string, problem: string) {
  return {
    reason: 'source-unreachable',
    message: `${address} is unreachable: ${problem}`,
    hint: 'check the address, and whether a proxy or firewall is in the way',
    subject: address,
  } as const satisfies FailureShape;
}

/** The server says that there is no such file. */
export function sourceNotFound(address: string, status: number) {
  return {
    reason: 'source-not-found',
    message: `there is no ${address} (HTTP status ${status})`,
    hint: 'check the spelling of the address',
    subject: address,
  } as const satisfies FailureShape;
}

/** A secret that is to be a login; `why` says nothing of what is in it. */
export function loginNotUsable(id: string, why: string) {
  return {
    reason: 'login-not-usable',
    message: `the secret ${id} cannot be a login: ${why}`,
    hint: 'a token or a header is one line of plain characters',
    subject: id,
  } as const satisfies FailureShape;
}

function hostIn(address: string): string {
  return URL.canParse(address) ? new URL(address).hostname : 'HOST';
}

/** Any other answer that brings no file. */
export function sourceRefused(address: string, status: number) {
  return {
    reason: 'source-refused',
    message: `${address} is not given out (HTTP status ${status})`,
    hint:
      status === 401 || status === 403
        ? `check the login: --secret id=HTTP_AUTH_TOKEN_${hostIn(address)},env=NAME, or HTTP_AUTH_HEADER_${hostIn(address)} for a whole header`
        : 'try again later, or put the file into the context',
    subject: address,
  } as const satisfies FailureShape;
}

/** A redirect that is not followed. */
export function sourceRedirectRefused(address: string, to: string, why: string) {
  return {
    reason: 'source-redirect-refused',
    message: `${address} leads to ${to}: ${why}`,
    hint: 'write the address that it leads to, or give ADD a --checksum',
    subject: address,
  } as const satisfies FailureShape;
}

/** The bytes are others than `--checksum` says. */
export function sourceChecksumMismatch(address: string, wanted: string, found: string) {
  return {
    reason: 'source-checksum-mismatch',
    message: `${address} is ${found}, and --checksum says ${wanted}`,
    hint: 'if the new content is wanted, write its checksum; if not, somebody changed the file',
    subject: address,
  } as const satisfies FailureShape;
}

/** The source is not any more what the build was decided on. */
export function sourceMoved(address: string, decided: string, found: string) {
  return {
    reason: 'source-moved',
    message: `${address} changed while the image was built: it was ${decided}, and is ${found}`,
    hint: 'run the same command again',
    subject: address,
  } as const satisfies FailureShape;
}

/** ADD of a repository on a machine without git. */
export function gitMissing(address: string) {
  return {
    reason: 'git-missing',
    message: `ADD ${address} needs git, which is not installed`,
    hint: 'install git, or put the files into the context',
    subject: address,
  } as const satisfies FailureShape;
}

/** git could not do what it was asked to; `said` is its complaint. */
export function gitFailed(address: string, doing: string, said: string) {
  return {
    reason: 'git-failed',
    message: `git cannot ${doing} ${address}: ${said}`,
    hint: 'check the address, and that git on this machine may read the repository without asking; --secret id=GIT_AUTH_TOKEN,env=NAME gives it a token',
    subject: address,
  } as const satisfies FailureShape;
}

/** The repository answers, and has no such branch, tag or commit. */
export function gitRefNotFound(address: string, ref: string) {
  return {
    reason: 'git-ref-not-found',
    message: `${address} has no ${ref}`,
    hint: 'name a branch, a tag or a commit that is there',
    subject: address,
  } as const satisfies FailureShape;
}

/** The commit is another than the checksum says. */
export function gitCommitMismatch(address: string, wanted: string, found: string) {
  return {
    reason: 'source-checksum-mismatch',
    message: `${address} is the commit ${found}, and its checksum is ${wanted}`,
    hint: 'if the new commit is wanted, write it as the checksum; if not, somebody moved the ref',
    subject: address,
  } as const satisfies FailureShape;
}

/** The commit has no such directory. */
export function gitDirectoryMissing(address: string, directory: string) {
  return {
    reason: 'git-directory-missing',
    message: `${address} has no directory ${directory}`,
    hint: 'check the path behind the colon of the address, or its query subdir',
    subject: address,
  } as const satisfies FailureShape;
}
