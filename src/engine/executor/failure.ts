import type { FailureShape, ReasonOf, SourceSpan } from '../../result.ts';
import type { Limit } from './limit.ts';

declare module '../../result.ts' {
  interface Reasons {
    readonly 'engine/executor': ReasonOf<typeof import('./failure.ts')>;
  }
}

export function toolMissing(name: string, from: string) {
  return {
    reason: 'tool-missing',
    message: `the program ${name} is needed to run build steps and is not on PATH`,
    hint: `install ${from}`,
  } as const satisfies FailureShape;
}

/** The place to run in could not be made; the process was never started. `said` is what the tools said. */
export function sandboxFailed(said: string) {
  return {
    reason: 'sandbox-failed',
    message: 'the namespaces and mounts to run the step in could not be set up',
    hint: '`cip doctor` shows what this machine allows',
    details: said.trim().split('\n'),
  } as const satisfies FailureShape;
}

export function cannotExecute(program: string, said: string) {
  return {
    reason: 'cannot-execute',
    message: `${program} could not be started in the image: ${said}`,
    hint: 'check that the program is in the image, is executable, and is made for its platform',
  } as const satisfies FailureShape;
}

export function idNotMapped(kind: 'user' | 'group', id: number) {
  return {
    reason: 'id-not-mapped',
    message: `the step is to run as ${kind} ${id}, which does not exist in this user namespace`,
    hint: 'give the user a range of ids in /etc/subuid and /etc/subgid (`cip doctor` prints the command), or run as root',
  } as const satisfies FailureShape;
}

export function mountTargetInvalid(target: string, why: string) {
  return {
    reason: 'mount-target-invalid',
    message: `nothing can be mounted at ${target}: ${why}`,
    hint: 'choose another target',
  } as const satisfies FailureShape;
}

export function bindSourceMissing(source: string, target: string) {
  return {
    reason: 'mount-source-missing',
    message: `${source}, to be mounted at ${target}, does not exist`,
  } as const satisfies FailureShape;
}

export function mountsUnsupported(targets: readonly string[]) {
  return {
    reason: 'mounts-unsupported',
    message: `this machine allows no mounts, and the step needs them at ${targets.join(', ')}`,
    hint: 'allow user namespaces (`cip doctor` prints how), or do without RUN --mount',
  } as const satisfies FailureShape;
}

export function networkUnsupported() {
  return {
    reason: 'network-unsupported',
    message: 'this machine allows no network namespaces, and the step is to run without network',
    hint: 'allow user namespaces (`cip doctor` prints how)',
  } as const satisfies FailureShape;
}

export function workingDirectoryInvalid(cwd: string, why: string) {
  return {
    reason: 'working-directory-invalid',
    message: `the working directory ${cwd} cannot be made: ${why}`,
    hint: 'choose another WORKDIR',
  } as const satisfies FailureShape;
}

export function emulationUnavailable(architecture: string, why: string, hint: string) {
  return {
    reason: 'emulation-unavailable',
    message: `programs for ${architecture} cannot be run on this machine: ${why}`,
    hint,
  } as const satisfies FailureShape;
}

export function emulatorNotStatic(architecture: string, file: string) {
  return {
    reason: 'emulator-not-static',
    message: `${file} is to run programs for ${architecture}, but it is dynamically linked and would not be found inside an image`,
    hint: 'install qemu-user-static',
  } as const satisfies FailureShape;
}

export function userInvalid(text: string, why: string) {
  return {
    reason: 'user-invalid',
    message: `the user ${JSON.stringify(text)} is invalid: ${why}`,
    hint: 'write name, uid, name:group or uid:gid',
  } as const satisfies FailureShape;
}

export function userUnknown(name: string) {
  return {
    reason: 'user-unknown',
    message: `there is no user ${name} in /etc/passwd of the image`,
    hint: 'create it in an earlier step, or use its number',
  } as const satisfies FailureShape;
}

export function groupUnknown(name: string) {
  return {
    reason: 'group-unknown',
    message: `there is no group ${name} in /etc/group of the image`,
    hint: 'create it in an earlier step, or use its number',
  } as const satisfies FailureShape;
}

/** For `--require-isolation`. */
export function isolationLimited(limits: readonly Limit[]) {
  return {
    reason: 'isolation-limited',
    message: 'this machine cannot keep build steps apart from it as --require-isolation asks for',
    hint: limits.map(({ fix }) => fix).join('; '),
    details: limits.map(({ message }) => message),
  } as const satisfies FailureShape;
}

/** For `--isolation=none`. */
export function runNotAllowed(image: string, at: SourceSpan | undefined) {
  return {
    reason: 'run-not-allowed',
    message: `${image} has a RUN instruction, and --isolation=none runs nothing`,
    hint: 'build it with --isolation=auto, or without RUN',
    ...(at !== undefined && { at }),
  } as const satisfies FailureShape;
}
