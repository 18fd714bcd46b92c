import { nameList } from '../project/name-list.ts';
import type { NoticeShape, Problem } from '../project/project.ts';
import type { FailureShape, ReasonOf } from '../result.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly cli: ReasonOf<typeof import('./failure.ts')> | ReasonOf<typeof import('./image-failure.ts')>;
  }
}

/** `problems`: not empty, of images that the command has nothing to do with. */
export function problemsElsewhere(problems: readonly Problem[]) {
  const names = [...new Set(problems.flatMap(({ images }) => images))].sort();
  const where = names.length === 0 ? 'in its directories' : `in ${nameList(names)}`;
  return {
    level: 'warning',
    reason: 'problems-elsewhere',
    message: `this project has ${problems.length === 1 ? 'an error' : `${problems.length} errors`} ${where}, which this command does not need`,
    hint: 'run cip check',
  } as const satisfies NoticeShape;
}

/** `cip` with options but without a command. */
export function missingCommand() {
  return {
    reason: 'missing-command',
    message: 'no command given',
    hint: 'cip build builds what is missing or changed; the commands are listed above',
  } as const satisfies FailureShape;
}

/** `group`: the commands that begin with the same word. */
export function unknownCommand(typed: string, meant: string | undefined, group: readonly string[] = []) {
  const list = 'run cip help for a list of commands';
  const others = group.length === 0 ? list : `commands are: ${group.map((name) => `cip ${name}`).join(', ')}`;
  return {
    reason: 'unknown-command',
    message: `"${typed}" is not a command of cip`,
    hint: meant === undefined ? others : `did you mean cip ${meant}?`,
  } as const satisfies FailureShape;
}

/** `command` is empty where there is none yet; `meant` is the nearest option. */
export function unknownOption(typed: string, command: string, meant: string | undefined) {
  return {
    reason: 'unknown-option',
    message: `${typed} is not an option of cip ${command}`.trimEnd(),
    hint:
      meant === undefined
        ? `run cip ${`${command} --help`.trimStart()} for a list of options`
        : `did you mean ${meant}?`,
    meant,
  } as const satisfies FailureShape;
}

/** `instead`: what those do here who give another tool this option. */
export function dockerOption(typed: string, command: string, instead: string) {
  return {
    reason: 'unknown-option',
    message: `${typed} is not an option of cip ${command}`,
    hint: instead,
  } as const satisfies FailureShape;
}

/** `others`: the commands that do have the option. */
export function optionOfOtherCommand(typed: string, command: string, others: readonly string[]) {
  return {
    reason: 'option-of-other-command',
    message: `${typed} is not an option of cip ${command}`,
    hint: `it is one of: ${others.map((other) => `cip ${other}`).join(', ')}`,
  } as const satisfies FailureShape;
}

/** `typed`: with its value; `command` with what is selected. What the builds themselves understand stands behind two dashes. */
export function optionOfBuilds(flag: string, typed: string, command: string) {
  return {
    reason: 'option-of-other-command',
    message: `${flag} is not an option of cip ${command}, but of the builds`,
    hint: `write it after --: cip ${command} -- ${typed}`,
  } as const satisfies FailureShape;
}

/** An option that has one meaning, with two. */
export function optionRepeated(flag: string, typed: readonly string[]) {
  return {
    reason: 'option-repeated',
    message: `${flag} is given ${typed.length} times: ${typed.join(', ')}`,
    hint: 'give it once',
  } as const satisfies FailureShape;
}

/** An option as a person would give it. */
export interface OptionToGive {
  /** Without dashes. */
  readonly flag: string;
  /** Stands for the value. */
  readonly value: string;
  /** The environment variable that does as well, if there is one. */
  readonly variable: string | undefined;
}

/** The command cannot do without it. */
export function missingOption(command: string, { flag, value, variable }: OptionToGive) {
  return {
    reason: 'missing-option',
    message: `cip ${command} needs --${flag} ${value}`,
    ...(variable === undefined ? {} : { hint: `pass it on the command line, or set ${variable}` }),
  } as const satisfies FailureShape;
}

/** `source`: `--jobs` or `CIP_JOBS`. */
export function optionWithoutValue(source: string, value: string) {
  return {
    reason: 'option-without-value',
    message: `${source} needs a value`,
    hint: `write ${source}=${value}`,
  } as const satisfies FailureShape;
}

/** A value of an option, as it was given. */
export interface GivenValue {
  /** The flag or the variable that it came from: `--jobs`, `CIP_JOBS`. */
  readonly source: string;
  readonly typed: string;
}

/** `problems` complete "can't be …". */
export function invalidOptionValue({ source, typed }: GivenValue, problems: readonly string[], hint?: string) {
  return {
    reason: 'invalid-option-value',
    message: `${source} can't be "${typed}": ${problems.join('; ')}`,
    ...(hint === undefined ? {} : { hint }),
  } as const satisfies FailureShape;
}

/** A toggle that is given another word than those for on and off. */
export function neitherOnNorOff(given: GivenValue, hint: string) {
  return invalidOptionValue(given, ['it is either on or off'], hint);
}

/** Two options that are each right and say opposite things. */
export function contradictoryOptions(one: string, other: string) {
  return {
    reason: 'contradictory-options',
    message: `${one} and ${other} cannot be combined`,
    hint: 'remove one of them',
  } as const satisfies FailureShape;
}

/** `--on-fail=shell` in a pipeline, in CI, or with a context on standard input. */
export function shellNeedsTerminal() {
  return {
    reason: 'shell-needs-terminal',
    message: '--on-fail=shell needs a terminal, and standard input or standard output is none',
    hint: 'run it in a terminal, without a pipe, or keep the files of the step with --on-fail=keep',
  } as const satisfies FailureShape;
}

/** `takes` describes the positional arguments of the command; undefined where it has none. */
export function unexpectedArgument(typed: string, command: string, takes: string | undefined) {
  return {
    reason: 'unexpected-argument',
    message: `cip ${command} has no use for "${typed}"`,
    hint:
      typed === '-' && command === 'build-image'
        ? 'write --file - to read the Dockerfile from standard input'
        : takes === undefined
          ? 'it takes options only'
          : `it takes ${takes}`,
  } as const satisfies FailureShape;
}

/** Build arguments were passed to a command that builds nothing. */
export function argumentsAfterDashes(command: string) {
  return {
    reason: 'arguments-after-dashes',
    message: `cip ${command} reads no project, so it takes no build arguments after --`,
    hint: 'remove -- and what follows it',
  } as const satisfies FailureShape;
}

/** What follows `--` is read as `docker build` would read it, and only two of its options are known. */
export function unknownBuildArgument(typed: string) {
  return {
    reason: 'unknown-build-argument',
    message: `"${typed}" after -- is not a build argument`,
    hint: 'pass --build-arg NAME=VALUE or --target STAGE after --',
  } as const satisfies FailureShape;
}

/** `typed` is the option with its value, `problem` completes the sentence. */
export function invalidBuildArgument(typed: string, problem: string) {
  return {
    reason: 'invalid-build-argument',
    message: `${typed} ${problem}`,
    hint: 'pass --build-arg NAME=VALUE or --target STAGE',
  } as const satisfies FailureShape;
}

/** A build argument that cip gives itself, from the options that name registries. */
export function registryArgument(typed: string, name: string) {
  return {
    reason: 'invalid-build-argument',
    message: `${typed} cannot be passed: cip sets ${name} itself`,
    hint: 'name the registry with --local-registry or --remote-registry',
  } as const satisfies FailureShape;
}

/** `meant`: for each name that is like one that is declared, that one. */
export function unusedBuildArguments(names: readonly string[], meant: ReadonlyMap<string, string>) {
  const slips = names.flatMap((name) => {
    const nearest = meant.get(name);
    return nearest === undefined ? [] : [names.length === 1 ? nearest : `${nearest} instead of ${name}`];
  });
  return {
    level: 'warning',
    reason: 'unused-build-argument',
    message: `build argument${names.length === 1 ? '' : 's'} ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} not declared in any Dockerfile of this run`,
    hint:
      slips.length > 0 ? `did you mean ${slips.join(', ')}?` : `declare it in the stage that uses it: ARG ${names[0]}`,
  } as const satisfies NoticeShape;
}

/** Found before the first step, not when a RUN mounts it. */
export function secretNotReadable(id: string, file: string | undefined) {
  return {
    reason: 'secret-not-readable',
    message:
      file === undefined
        ? `neither a variable ${id} nor a file ${id} that can be read is there for the secret ${id}`
        : `the file of secret ${id} cannot be read: ${file}`,
    hint:
      file === undefined
        ? `write --secret id=${id},src=FILE or --secret id=${id},env=NAME`
        : 'src= is the path of a file, relative to the directory cip was started in',
  } as const satisfies FailureShape;
}

/** A part of an option that its own parser found wrong; who shows it says which option. */
export function invalidWord(message: string, hint: string) {
  return { reason: 'invalid-option-value', message, hint } as const satisfies FailureShape;
}

/** `env=` names a variable that cip does not have. */
export function secretVariableUnset(id: string, variable: string) {
  return {
    reason: 'secret-variable-unset',
    message: `the variable ${variable} of secret ${id} is not set`,
    hint: `export ${variable}, or name a file: --secret id=${id},src=FILE`,
  } as const satisfies FailureShape;
}

/** `limit` in bytes. */
export function secretTooBig(id: string, limit: number) {
  return {
    reason: 'secret-too-big',
    message: `the secret ${id} has more than ${limit / 1024} KiB`,
    hint: 'mount a directory that is no secret with --mount=type=bind, or give the key that opens it',
  } as const satisfies FailureShape;
}

/** A directory, pipe or device: a secret is read once for each step that mounts it. */
export function secretNotAFile(id: string, file: string) {
  return {
    reason: 'secret-not-a-file',
    message: `the source of secret ${id} is not a regular file: ${file}`,
    hint: 'write the secret into a file that nobody else can read, and name that',
  } as const satisfies FailureShape;
}

/** `--ssh ID` without a socket means that of the environment. */
export function sshAgentUnknown(id: string) {
  return {
    reason: 'ssh-agent-unknown',
    message: `--ssh ${id} means the agent of SSH_AUTH_SOCK, which is not set`,
    hint: `start one with eval "$(ssh-agent)" and ssh-add, or name a key: --ssh ${id}=FILE`,
  } as const satisfies FailureShape;
}

/** One ID has one agent, or keys. */
export function sshSourcesMixed(id: string) {
  return {
    reason: 'ssh-sources-mixed',
    message: `--ssh ${id} names the socket of an agent and something else`,
    hint: 'name one socket, or any number of keys',
  } as const satisfies FailureShape;
}

/** The file of `--registry-ca` is missing or may not be read. */
export function registryCaNotReadable(file: string) {
  return {
    reason: 'registry-ca-not-readable',
    message: `the certificates of --registry-ca cannot be read: ${file}`,
    hint: 'pass the path of a PEM file',
  } as const satisfies FailureShape;
}

/** The file of `--registry-ca` is there, and holds something else; `why` follows "cannot be used: ". */
export function registryCaInvalid(file: string, why: string) {
  return {
    reason: 'registry-ca-invalid',
    message: `${file}, given with --registry-ca, cannot be used: ${why}`,
    hint: 'pass the certificate of the authority in PEM: -----BEGIN CERTIFICATE----- and what follows (openssl x509 -inform der makes it of a .der or .cer)',
  } as const satisfies FailureShape;
}

/** The directory that cip was started in is not there any more. `was`: its path, where the shell said it. */
export function noWorkingDirectory(was: string | undefined) {
  return {
    reason: 'no-working-directory',
    message: `the current directory${was ? ` (${was})` : ''} does not exist any more`,
    hint: 'change to a directory that does (cd), and run the same command again',
  } as const satisfies FailureShape;
}

/** Neither the environment nor the system has a home directory for this account, so there is no place for the store. */
export function noHome() {
  return {
    reason: 'no-home',
    message: 'HOME is not set, and this account has no home directory, so there is no place for the store',
    hint: 'set CIP_STORE to a directory outside of what is built, or HOME',
  } as const satisfies FailureShape;
}

/** A variable that is to hold an absolute path; `directory`: where the store is, as if the variable were not set. */
export function relativeVariable(variable: string, value: string, directory: string) {
  return {
    level: 'warning',
    reason: 'variable-ignored',
    message: `${variable} is ${JSON.stringify(value)}, which is not an absolute path, and is ignored: the store is ${directory}`,
    hint: `set ${variable} to an absolute path, or CIP_STORE to the directory of the store`,
  } as const satisfies NoticeShape;
}

/** `directory`: of the store. */
export function storeDiskFull(directory: string) {
  return {
    reason: 'disk-full',
    message: `no space left on the store's disk (${directory})`,
    hint: 'free some space, or set CIP_STORE to a directory on another disk, and run the same command again',
  } as const satisfies FailureShape;
}

/** What happened is not on the disk: the run itself is none the worse. */
export function traceNotWritten(path: string, { message }: Error) {
  return {
    reason: 'trace-not-written',
    message: `the trace ${path} cannot be written: ${message}`,
    hint: 'give --trace a file in a directory that is there and that you may write to',
  } as const satisfies FailureShape;
}

/** Why everything was called off: the reason of the abort signal that all work gets. */
export function interrupted(signal: string) {
  return { reason: 'interrupted', message: `stopped by ${signal}` } as const satisfies FailureShape;
}

/** `known` are the names that `cip completion` takes. */
export function unknownShell(typed: string, known: readonly string[]) {
  return {
    reason: 'unknown-shell',
    message: `cip has no completion for "${typed}"`,
    hint: `shells are: ${known.join(', ')}`,
  } as const satisfies FailureShape;
}

/** What nobody foresaw, for the documents of `--json`; people get the whole of it. */
export function bug(error: unknown) {
  const message = error instanceof Error ? error.message : String(error);
  return { reason: 'bug', message: `cip has a bug: ${message}` } as const satisfies FailureShape;
}

/** EMFILE or ENFILE in this process; `said` names the call, and the file if there is one. */
export function filesExhausted(said: string) {
  return {
    reason: 'too-many-open-files',
    message: `the limit of open files is reached: ${said}`,
    hint: 'raise it: ulimit -n 4096 (Docker: --ulimit nofile=4096; systemd: LimitNOFILE=4096)',
  } as const satisfies FailureShape;
}

/** An error of the operating system that no room foresaw where it happened; undefined for anything else. */
export function systemFailure(error: unknown) {
  const { code, syscall, message } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (code === undefined || syscall === undefined) return undefined;
  if (code === 'EMFILE' || code === 'ENFILE') return filesExhausted(message ?? code);
  const hints: Readonly<Record<string, string>> = {
    ENOSPC: 'free some space and try again; what is complete is kept',
    EDQUOT: 'the disk quota of this account is used up: free some space and try again',
    EFBIG: 'files may not be that big here: see ulimit -f, or use another disk',
    EACCES: 'give this account permission, or use another directory (--project-dir, CIP_STORE)',
    EROFS: 'use another directory (--project-dir, CIP_STORE)',
  };
  const hint = hints[code];
  return {
    reason: 'system-error',
    message: `system call failed: ${message}`,
    code,
    ...(hint && { hint }),
  } as const satisfies FailureShape;
}

/** `--load` without a socket of Docker or Podman; `looked`: the paths. */
export function daemonNotFound(choice: 'auto' | 'docker' | 'podman', looked: readonly string[]) {
  const programs = {
    auto: 'neither Docker nor Podman listens',
    docker: 'Docker does not listen',
    podman: 'Podman does not listen',
  };
  return {
    reason: 'daemon-not-found',
    message: `${programs[choice]} on this machine: there is no ${looked.join(' and no ')}`,
    hint:
      choice === 'docker'
        ? 'start Docker, or say with DOCKER_HOST where it listens'
        : 'start Podman (systemctl --user start podman.socket) or Docker, or write --output type=docker,dest=image.tar and load that',
  } as const satisfies FailureShape;
}

/** DOCKER_HOST or CONTAINER_HOST is something else than a socket or a TCP port. */
export function daemonAddress(variable: string, address: string) {
  return {
    reason: 'daemon-address',
    message: `${variable} is ${address}, and cip connects to unix:///PATH and tcp://HOST:PORT`,
    hint: address.startsWith('ssh:')
      ? 'forward the socket (ssh -L /tmp/docker.sock:/var/run/docker.sock HOST), or pipe: --output type=docker,dest=- | ssh HOST docker load'
      : `write ${variable}=unix:///var/run/docker.sock, for example`,
  } as const satisfies FailureShape;
}

/** A file that DOCKER_TLS_VERIFY asks for. */
export function daemonCertificates(path: string, why: string) {
  return {
    reason: 'daemon-certificates',
    message: `DOCKER_TLS_VERIFY is set, and ${path} cannot be read: ${why}`,
    hint: 'name the directory of ca.pem, cert.pem and key.pem with DOCKER_CERT_PATH, or unset DOCKER_TLS_VERIFY',
  } as const satisfies FailureShape;
}
