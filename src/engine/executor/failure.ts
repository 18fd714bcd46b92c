import type { FailureShape, ReasonOf, SourceSpan } from '../../result.ts';
import type { Limit } from './limit.ts';

declare module '../../result.ts' {
  interface Reasons {
    readonly 'engine/executor': ReasonOf<typeof import('./failure.ts')>;
  }
}

/** `name` was looked for on the PATH of the worker; `from` is the package that has it. */
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

/** The roots of steps are copies in the store, and its file system starts no programs. */
export function storeNoexec(mountPoint: string) {
  return {
    reason: 'store-noexec',
    message: `no step can run: its files are in the store, and ${mountPoint} is mounted noexec`,
    hint: `set CIP_STORE to a directory on another file system, or allow programs there: sudo mount -o remount,exec ${mountPoint}`,
  } as const satisfies FailureShape;
}

/** The sandbox was made, and the program of the step was not started in it; `said` is the system's reason. */
export function cannotExecute(program: string, said: string) {
  return {
    reason: 'cannot-execute',
    message: `${program} could not be started in the image: ${said}`,
    hint: 'check that the program is in the image, is executable, and is made for its platform',
  } as const satisfies FailureShape;
}

/** More than the kernel hands to a program (E2BIG); `size` is in bytes. */
export function commandTooLong(what: string, size: number) {
  return {
    reason: 'command-too-long',
    message: `${what} has ${size} bytes, which is more than Linux hands to a program: 128 KiB at a time, some 2 MiB in all`,
    hint: 'put what is long into a file: a script by COPY (`COPY <<EOF /script` takes it from the Dockerfile) that RUN starts, or values that it reads',
  } as const satisfies FailureShape;
}

/** A process, file or mount needs an id that the map of the namespace does not have. */
export function idNotMapped(kind: 'user' | 'group', id: number) {
  return {
    reason: 'id-not-mapped',
    message: `the step is to run as ${kind} ${id}, which does not exist in this user namespace`,
    hint: 'give the user a range of ids in /etc/subuid and /etc/subgid (`cip doctor` prints the command), or run as root',
  } as const satisfies FailureShape;
}

/** What is at `target` in the image can't be mounted on; `why` says what it is. */
export function mountTargetInvalid(target: string, why: string) {
  return {
    reason: 'mount-target-invalid',
    message: `nothing can be mounted at ${target}: ${why}`,
    hint: 'choose another target',
  } as const satisfies FailureShape;
}

/** Every step needs something at `path`, and what the image has there leaves no place for it; `why` says what it is. */
export function rootUnusable(path: string, why: string, wanted: 'a directory' | 'a file') {
  return {
    reason: 'root-unusable',
    message: `no RUN can be started in this image, because of its ${path}: ${why}`,
    hint: `make ${path} ${wanted} in the base image or in the context that it is copied from, or leave it out there`,
  } as const satisfies FailureShape;
}

/** Found by the executor: a mount whose source on this machine is gone, which is no mistake of the Dockerfile. */
export function bindSourceMissing(source: string, target: string) {
  return {
    reason: 'mount-source-missing',
    message: `${source}, to be mounted at ${target}, does not exist`,
  } as const satisfies FailureShape;
}

/** RUN `--network=none` in the chroot tier: running with a network instead would be a silent hole. */
export function networkUnsupported() {
  return {
    reason: 'network-unsupported',
    message: 'this machine allows no network namespaces, and the step is to run without network',
    hint: 'allow user namespaces (`cip doctor` prints how)',
  } as const satisfies FailureShape;
}

/** `ENV $A=x` where A is empty: no program can be handed `=x`. */
export function environmentInvalid(variable: string) {
  return {
    reason: 'environment-invalid',
    message: `a variable of the environment has no name, only a value: ${variable.slice(1, 60)}`,
    hint: 'give the name in ENV, or a value to the variable that it is made of',
  } as const satisfies FailureShape;
}

/** A component of `cwd` is a file or a link that leads nowhere; `why` names it. */
export function workingDirectoryInvalid(cwd: string, why: string) {
  return {
    reason: 'working-directory-invalid',
    message: `the working directory ${cwd} cannot be made: ${why}`,
    hint: 'choose another WORKDIR',
  } as const satisfies FailureShape;
}

/** A platform that this machine neither runs nor emulates; `why` and `hint` say what is missing for it. */
export function emulationUnavailable(architecture: string, why: string, hint: string) {
  return {
    reason: 'emulation-unavailable',
    message: `programs for ${architecture} cannot be run on this machine: ${why}`,
    hint,
  } as const satisfies FailureShape;
}

/** The kernel starts the emulator inside the image's root, which has not the libraries of this machine. */
export function emulatorNotStatic(architecture: string, file: string) {
  return {
    reason: 'emulator-not-static',
    message: `${file} is to run programs for ${architecture}, but it is dynamically linked and would not be found inside an image`,
    hint: 'install qemu-user-static',
  } as const satisfies FailureShape;
}

/** The text of USER has no form that a user can have; `why` completes the sentence. */
export function userInvalid(text: string, why: string) {
  return {
    reason: 'user-invalid',
    message: `the user ${JSON.stringify(text)} is invalid: ${why}`,
    hint: 'write name, uid, name:group or uid:gid',
  } as const satisfies FailureShape;
}

/** A name, not a number, that the image's /etc/passwd does not have. */
export function userUnknown(name: string) {
  return {
    reason: 'user-unknown',
    message: `there is no user ${name} in /etc/passwd of the image`,
    hint: 'create it in an earlier step, or use its number',
  } as const satisfies FailureShape;
}

/** A name, not a number, that the image's /etc/group does not have. */
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

/** `owner` is `uid:gid`: of what is mounted, and unknown where the step runs. */
export function mountOwnerRefused(target: string, owner: string) {
  return {
    reason: 'mount-owner-refused',
    message: `what is mounted at ${target} cannot belong to ${owner} on this machine`,
    hint: 'give this user a range that has these numbers in /etc/subuid and /etc/subgid, or run as root',
  } as const satisfies FailureShape;
}

/** To raise a hard limit takes a right that root of a user namespace has not. */
export function ulimitRefused() {
  return {
    reason: 'ulimit-refused',
    message: 'steps cannot have a --ulimit above the hard limits that cip itself has here',
    hint: 'give lower ones (ulimit -aH prints what there is), or start cip with higher ones',
  } as const satisfies FailureShape;
}

/** `what` completes "a chroot cannot give steps ". */
export function settingUnsupported(what: string) {
  return {
    reason: 'setting-unsupported',
    message: `a chroot cannot give steps ${what}`,
    hint: 'leave the option out, or build where namespaces are allowed: cip doctor says what forbids them',
  } as const satisfies FailureShape;
}
