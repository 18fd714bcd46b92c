import type { FailureShape, ReasonOf } from '../../result.ts';
import type { StepOrigin } from './op-definition.ts';

declare module '../../result.ts' {
  interface Reasons {
    readonly 'engine/op': ReasonOf<typeof import('./failure.ts')>;
  }
}

const where = (origin: StepOrigin | undefined) =>
  origin ? `${origin.image}, stage ${origin.stage}: ${origin.text}` : 'a step';

/** `source`: where it was looked for. An ignore file holds for the context alone. */
export function copySourceMissing(
  pattern: string,
  source: { readonly description: string; readonly isContext: boolean },
  origin?: StepOrigin,
) {
  return {
    reason: 'copy-source-missing',
    message: `${pattern} does not exist in ${source.description} (${where(origin)})`,
    hint: source.isContext
      ? 'check the spelling and the case, and that .dockerignore does not exclude it'
      : 'check the spelling and the case, and that the stage or image of --from has it there',
    at: origin?.at,
  } as const satisfies FailureShape;
}

/** A directory of the source meets a file or a link of the image. */
export function copyOntoNonDirectory(path: string, origin?: StepOrigin) {
  return {
    reason: 'copy-onto-non-directory',
    message: `/${path} exists in the image and is not a directory, so a directory cannot be copied to it (${where(origin)})`,
    hint: 'remove it in an earlier RUN, or copy to another path',
    at: origin?.at,
  } as const satisfies FailureShape;
}

/** A file of the source meets a directory of the image of the same name. */
export function copyOntoDirectory(path: string, origin?: StepOrigin) {
  return {
    reason: 'copy-onto-directory',
    message: `/${path} is a directory in the image, so a file cannot replace it (${where(origin)})`,
    hint: 'remove it in an earlier RUN, or copy to another path',
    at: origin?.at,
  } as const satisfies FailureShape;
}

/** A file system takes no such name; `excess` completes "it has …". */
export function copyPathTooLong(path: string, excess: string, origin?: StepOrigin) {
  return {
    reason: 'copy-path-too-long',
    message: `/${path.slice(0, 100)}… cannot be made in an image: its path has ${excess} (${where(origin)})`,
    hint: 'choose a shorter name, or a destination with fewer directories',
    at: origin?.at,
  } as const satisfies FailureShape;
}

/** An entry that unpacking in place would fail for. `entry` is its path in the archive. */
export function archiveEntryImpossible(
  { archive, entry, why }: { readonly archive: string; readonly entry: string; readonly why: string },
  origin?: StepOrigin,
) {
  return {
    reason: 'archive-entry-impossible',
    message: `/${entry} of the archive ${archive} cannot be unpacked: ${why} (${where(origin)})`,
    hint: 'make the archive anew, or remove what is in its way in an earlier RUN',
    at: origin?.at,
  } as const satisfies FailureShape;
}

/** Found by the operation, as definitions may come from elsewhere than a Dockerfile. */
export function invalidChmod(text: string, origin?: StepOrigin) {
  return {
    reason: 'invalid-chmod',
    message: `--chmod=${text} is neither octal (0 to 7777) nor symbolic (${where(origin)})`,
    hint: 'write for example --chmod=0755 or --chmod=u=rwX,go=rX',
    at: origin?.at,
  } as const satisfies FailureShape;
}

/** `from` and `source` of a cache mount name a file. */
export function cacheSeedNotDirectory(source: string, origin?: StepOrigin) {
  return {
    reason: 'cache-seed-not-directory',
    message: `a cache cannot start with /${source}, which is not a directory (${where(origin)})`,
    hint: 'name the directory that the file is in',
    at: origin?.at,
  } as const satisfies FailureShape;
}

/** `owner` is `uid:gid`. */
export function cacheOwnerRefused(target: string, owner: string, origin?: StepOrigin) {
  return {
    reason: 'cache-owner-refused',
    message: `the cache at ${target} cannot belong to ${owner} on this machine (${where(origin)})`,
    hint: 'give this user a range that has these numbers in /etc/subuid and /etc/subgid, or run as root',
    at: origin?.at,
  } as const satisfies FailureShape;
}

/** A name of `--chown` that is neither a number nor in `file`, which is /etc/passwd or /etc/group. */
export function unknownOwner(name: string, file: string, origin?: StepOrigin) {
  return {
    reason: 'unknown-owner',
    message: `${name} is not in the image's ${file} (${where(origin)})`,
    hint: 'create the user or group in an earlier RUN, or give a number up to 2147483647',
    at: origin?.at,
  } as const satisfies FailureShape;
}

/** With `--link` a layer knows nothing of those below it. */
export function namedOwnerOfLink(chown: string, origin?: StepOrigin) {
  return {
    reason: 'unknown-owner',
    message: `--chown=${chown} names a user or group, and --link looks at no file of the image (${where(origin)})`,
    hint: 'give the numbers, or leave --link out',
    at: origin?.at,
  } as const satisfies FailureShape;
}

/** A secret that a step mounts and this build was not given. */
export interface LackingSecret {
  readonly id: string;
  /** One that was, under nearly that id. */
  readonly meant: string | undefined;
}

function secretToGive({ id, meant }: LackingSecret): string {
  return meant === undefined
    ? `add --secret id=${id},src=FILE`
    : `did you mean --secret id=${id} instead of id=${meant}?`;
}

/** The process of a RUN ended with another status than 0; the last lines of its output go with it. */
export function runFailed(options: {
  readonly origin: StepOrigin | undefined;
  readonly command: string;
  readonly platform: string;
  readonly code: number;
  readonly signal?: string | undefined;
  readonly lastLines: readonly string[];
  /** What steps lack, and a program of this command that needs it; whether that is what failed is not known. */
  readonly lack?: { readonly program: string; readonly message: string; readonly fix: string } | undefined;
  /** One that the step went without; whether it failed for that is not known either. */
  readonly secret?: LackingSecret | undefined;
  /** Id of an agent that the step went without. */
  readonly agent?: string | undefined;
  /** Where its files are, with lines for a person. */
  readonly kept?: { readonly directory?: string | undefined; readonly lines: readonly string[] } | undefined;
}) {
  const { origin, command, platform, code, signal, lastLines, lack, secret, agent, kept } = options;
  const ending = signal ? `was ended by ${signal}` : `exited with status ${code}`;
  return {
    reason: 'run-failed',
    message: `${command} ${ending} (${origin ? `${origin.image}, stage ${origin.stage}, ` : ''}${platform})`,
    hint:
      code === 127
        ? 'the command, the shell that runs it, or the interpreter in the first line of a script is not in the image; a script with CRLF line ends names one that is nowhere'
        : code === 126
          ? 'the command is there and cannot be run: make it executable, with COPY --chmod=755 or RUN chmod +x, or give it to its interpreter'
          : secret
            ? `if it needs the secret ${secret.id}, which was not given: ${secretToGive(secret)}`
            : agent !== undefined
              ? `if it needs the SSH agent ${agent}, which was not given: add --ssh ${agent}`
              : lack && `if ${lack.program} failed: ${lack.message}; ${lack.fix}`,
    at: origin?.at,
    details: [...lastLines, ...(kept?.lines ?? [])],
    ...(kept?.directory !== undefined && { kept: kept.directory }),
  } as const satisfies FailureShape;
}

/** A mount with `required` names a secret that this build was not given. */
export function secretMissing(secret: LackingSecret, origin?: StepOrigin) {
  return {
    reason: 'secret-missing',
    message: `the secret ${secret.id} is required but was not given (${where(origin)})`,
    hint: secretToGive(secret),
    at: origin?.at,
  } as const satisfies FailureShape;
}

/** A mount with `required` names an agent that this build was not given. */
export function sshMissing(id: string, origin?: StepOrigin) {
  return {
    reason: 'ssh-missing',
    message: `the SSH agent ${id} is required but was not given (${where(origin)})`,
    hint: `add --ssh ${id} for the agent of SSH_AUTH_SOCK, or --ssh ${id}=FILE for a key`,
    at: origin?.at,
  } as const satisfies FailureShape;
}

/** The source of a bind mount is not in the stage, image or context it names. */
export function mountSourceMissing(source: string, origin?: StepOrigin) {
  return {
    reason: 'mount-source-missing',
    message: `${source} does not exist in the source of the mount (${where(origin)})`,
    at: origin?.at,
  } as const satisfies FailureShape;
}
