import type { NoticeShape } from '../project/project.ts';
import type { Failure, FailureShape, SourceSpan } from '../result.ts';

/** `cip build-image` without its argument. */
export function missingDirectory() {
  return {
    reason: 'missing-directory',
    message: 'cip build-image needs the directory to build',
    hint: 'cip build-image . builds the Dockerfile of this one',
  } as const satisfies FailureShape;
}

/** A command about images without their names; `listing`: the command that shows them. */
export function missingImageName(command: string, listing = 'cip image ls') {
  return {
    reason: 'missing-image-name',
    message: `cip ${command} needs the name of an image`,
    hint: `${listing} lists them`,
  } as const satisfies FailureShape;
}

/** `meant`: the nearest name that the store has. */
export function imageNotStored(typed: string, meant: string | undefined) {
  return {
    reason: 'image-not-stored',
    message: `the store has no image ${typed}`,
    hint: meant === undefined ? 'cip image ls lists the names it has' : `did you mean ${meant}?`,
    subject: typed,
    meant,
  } as const satisfies FailureShape;
}

/** `why`: what a parser of names says. */
export function imageNameInvalid(typed: string, why: Failure) {
  return {
    reason: 'image-name-invalid',
    message: why.message,
    hint: why.hint ?? 'write REGISTRY/NAME:TAG',
    subject: typed,
  } as const satisfies FailureShape;
}

/** A file that was to hold an image; `why` completes "…: ". */
export function archiveNotAnImage(path: string, why: string) {
  return {
    reason: 'archive-not-an-image',
    message: `${path} holds no image that can be read: ${why}`,
    hint: 'name a tar of cip build-image -o type=oci,dest=FILE, of docker save or of podman save',
    subject: path,
  } as const satisfies FailureShape;
}

/** A directory in the place of a tar. */
export function archiveIsDirectory(path: string) {
  return {
    ...archiveNotAnImage(path, 'it is a directory'),
    hint: `an image layout in a directory is pushed by cip image copy oci-layout://${path} docker-image://NAME`,
  } as const satisfies FailureShape;
}

/** `cip push` without its file. */
export function missingArchive() {
  return {
    reason: 'missing-archive',
    message: 'cip push needs a tar with an image',
    hint: 'cip push image.tar registry.example.com/tool:1.0; cip publish builds and pushes a project',
  } as const satisfies FailureShape;
}

/** Nothing says under which name an image of a tar is to be pushed. */
export function archiveWithoutName(path: string) {
  return {
    reason: 'nothing-to-push',
    message: `the image in ${path} has no name`,
    hint: `write cip push ${path} registry.example.com/tool:1.0`,
    subject: path,
  } as const satisfies FailureShape;
}

/** Names for an image of several, or one of several that nothing chooses. */
export function severalImages(path: string, names: readonly string[]) {
  return {
    reason: 'several-images',
    message: `${path} holds ${names.length} images: ${names.join(', ')}`,
    hint: 'cip push with the file alone pushes each under the names it has',
    subject: path,
  } as const satisfies FailureShape;
}

/** `cip image copy` without one of its two. */
export function missingCopyPlaces() {
  return {
    reason: 'missing-image-name',
    message: 'cip image copy needs an image, and where it is to go',
    hint: 'cip image copy docker-image://debian:12 docker-image://registry.example.com/debian:12',
  } as const satisfies FailureShape;
}

/** `cip image diff` without one of its two. */
export function missingImagesToCompare() {
  return {
    reason: 'missing-image-name',
    message: 'cip image diff needs two images',
    hint: 'cip image diff tool:1.0 docker-image://registry.example.com/tool:1.0; cip image ls lists those of the store',
  } as const satisfies FailureShape;
}

/** Of what has no files. */
export function layerOfOtherType(digest: string, mediaType: string) {
  return {
    reason: 'not-a-layer',
    message: `${digest} has the media type ${mediaType}, which is not a layer of a root file system`,
    hint: 'cip image inspect shows what it is: only images of containers have files to compare',
    subject: digest,
  } as const satisfies FailureShape;
}

/** `cip registry rm` got a repository: all of it is never meant, nor is `latest`. */
export function tagNotNamed(typed: string) {
  return {
    reason: 'tag-not-named',
    message: `${typed} names a repository, and what is removed is a tag or a digest`,
    hint: `write ${typed}:TAG; cip registry ls lists the tags`,
    subject: typed,
  } as const satisfies FailureShape;
}

/** The registry answered that it has no such tag or digest, or no such repository. */
export function imageNotInRegistry(reference: string) {
  return {
    reason: 'image-not-in-registry',
    message: `${reference} does not exist in its registry`,
    hint: 'check the name and the tag',
    subject: reference,
  } as const satisfies FailureShape;
}

/** `cip build-image` got a path of something else, or of nothing; the `reason` is that of `missingDirectory`. */
export function contextNotDirectory(path: string) {
  return {
    reason: 'missing-directory',
    message: `${path} is not a directory`,
    hint: 'name the directory that holds the files to copy, and a Dockerfile elsewhere with --file',
  } as const satisfies FailureShape;
}

/** An address that nothing can be fetched by; `reason` as above. `problem.message` completes "cannot be …". */
export function contextNotFetchable(address: string, problem: { readonly message: string; readonly hint: string }) {
  return {
    reason: 'missing-directory',
    message: `${address} cannot be fetched: ${problem.message}`,
    hint: problem.hint,
  } as const satisfies FailureShape;
}

/** A repository that lacks the directory which the address names; `reason` as above. */
export function contextWithoutDirectory(repository: string, directory: string) {
  return {
    reason: 'missing-directory',
    message: `${repository} has no directory ${directory}`,
    hint: 'name one that is there at that commit, behind the ref: #REF:DIRECTORY',
  } as const satisfies FailureShape;
}

/** `--build-context NAME=path` names a path of something else, or of nothing. */
export function namedContextNotDirectory(path: string) {
  return {
    reason: 'no-build-context',
    message: `--build-context names ${path}, which is not a directory`,
    hint: 'write a directory, docker-image://REFERENCE, oci-layout://DIRECTORY:TAG, or an address',
    subject: path,
  } as const satisfies FailureShape;
}

/** `path`: of an OCI layout, or of a file in one; `why` in words. */
export function layoutNotReadable(path: string, why: string) {
  return {
    reason: 'layout-not-readable',
    message: `${path} is not an OCI layout that can be read: ${why}`,
    hint: 'name the directory that has index.json in it, as type=oci,tar=false and skopeo copy write it',
    subject: path,
  } as const satisfies FailureShape;
}

/** `wanted`: the tag or the digest, if one is named; `names`: of the images that are there. */
export function layoutHasNoSuchImage(
  path: string,
  { wanted, names }: { readonly wanted: string | undefined; readonly names: readonly string[] },
) {
  return {
    reason: 'layout-image-missing',
    message: wanted === undefined ? `${path} has several images` : `${path} has no image ${wanted}`,
    hint: names.length === 0 ? 'name one by its digest: DIRECTORY@sha256:…' : `it has ${names.join(', ')}`,
    subject: path,
  } as const satisfies FailureShape;
}

/** `meant`: a name that the Dockerfile has and that nothing was given for. */
export function unusedContext(name: string, meant: string | undefined) {
  return {
    level: 'warning',
    reason: 'unused-context',
    message: `no line of the Dockerfile names the build context ${name}`,
    hint:
      meant === undefined
        ? `use it where it is needed: COPY --from=${name.replace(/::.*/, '')}`
        : `did you mean --build-context ${meant}=…?`,
  } as const satisfies NoticeShape;
}

/** A Dockerfile from standard input, without a directory, copies `source`. */
export function copiedWithoutContext(source: string, at: SourceSpan, address: string | undefined) {
  const isFetched = address !== undefined;
  return {
    reason: 'copy-source-missing',
    message: `${source} cannot be copied: a Dockerfile from ${isFetched ? 'an address' : 'standard input'} alone has no build context`,
    hint: isFetched
      ? 'give the address of a tar or of a git repository that holds both'
      : 'name the directory that holds it: cip build-image DIR -f -',
    at,
  } as const satisfies FailureShape;
}

/** `slip`: what is no stage; `why`: what became of it as an image. */
export function stageMisspelled(
  { text, meant, at }: { readonly text: string; readonly meant: string; readonly at: SourceSpan },
  why: Failure,
) {
  return {
    reason: 'stage-misspelled',
    message: `${text} is no stage above it, and as an image it cannot be had`,
    hint: `did you mean the stage ${meant}?`,
    details: [why.message],
    at,
  } as const satisfies FailureShape;
}

/** `meant`: a secret that is mounted and was not given. */
export function unusedSecret(id: string, meant: string | undefined) {
  return {
    level: 'warning',
    reason: 'unused-secret',
    message: `no RUN mounts the secret ${id}`,
    hint:
      meant === undefined
        ? `mount it where it is needed: RUN --mount=type=secret,id=${id}`
        : `did you mean --secret id=${meant}?`,
  } as const satisfies NoticeShape;
}

/** `meant`: an agent that is mounted and was not given. */
export function unusedSsh(id: string, meant: string | undefined) {
  return {
    level: 'warning',
    reason: 'unused-ssh',
    message: `no RUN mounts the SSH agent ${id}`,
    hint:
      meant === undefined
        ? `mount it where it is needed: RUN --mount=type=ssh${id === 'default' ? '' : `,id=${id}`}`
        : `did you mean --ssh ${meant}?`,
  } as const satisfies NoticeShape;
}

/** The agent answers, and has nothing to sign with. */
export function sshAgentEmpty(id: string, socket: string) {
  return {
    level: 'warning',
    reason: 'ssh-agent-empty',
    message: `the SSH agent ${id} has no keys: ${socket}`,
    hint: 'add one with ssh-add',
  } as const satisfies NoticeShape;
}

/** `file` as typed or as it has to be; `meant`: what was probably to be typed; `target`: where a link leads to nothing. */
export function dockerfileMissing(
  file: string,
  {
    isNamed,
    meant,
    target,
  }: { readonly isNamed: boolean; readonly meant: readonly string[]; readonly target: string | undefined },
) {
  const general = isNamed ? 'write its path from the current directory' : 'name the Dockerfile with --file';
  const seen = isNamed ? `${file} does not exist, as seen from the current directory` : `${file} does not exist`;
  return {
    reason: 'dockerfile-unreadable',
    message: target === undefined ? seen : `${file} is a link to ${target}, which does not exist`,
    hint:
      meant.length > 0
        ? `did you mean ${meant.map((one) => `--file ${one}`).join(' or ')}?`
        : target === undefined
          ? general
          : 'let the link lead to a Dockerfile, or name one with --file',
  } as const satisfies FailureShape;
}

/** `why` in words; `file` as typed. */
export function dockerfileUnreadable(file: string, why: string, isForbidden: boolean) {
  return {
    reason: 'dockerfile-unreadable',
    message: `${file} cannot be read: ${why}`,
    hint: isForbidden
      ? 'make it readable for the user that runs cip, or name another with --file'
      : 'name the Dockerfile with --file',
  } as const satisfies FailureShape;
}

/** `cip build-image - --file FILE` with a Dockerfile on standard input: two of them. */
export function dockerfileTwice(file: string, address: string | undefined) {
  if (address !== undefined)
    return {
      reason: 'contradictory-options',
      message: `${address} is a Dockerfile, and --file ${file} names another`,
      hint: 'leave --file out, or give the address of a tar or of a git repository',
    } as const satisfies FailureShape;
  return {
    reason: 'contradictory-options',
    message: `- is a Dockerfile from standard input, and --file ${file} names another`,
    hint: 'leave --file out; with files to copy: cip build-image DIR --file - (or --file FILE), or give the context as a tar on standard input',
  } as const satisfies FailureShape;
}

/** `cip build-image - --file -` with a tar on standard input: it cannot be the Dockerfile too. */
export function inputTwice() {
  return {
    reason: 'contradictory-options',
    message: 'standard input is the build context, a tar, and --file - reads the Dockerfile from it too',
    hint: 'name the Dockerfile in the tar: --file Dockerfile',
  } as const satisfies FailureShape;
}

/** Not a byte: whatever was to write a Dockerfile or a tar has failed. */
export function inputEmpty(address: string | undefined) {
  return {
    reason: 'input-empty',
    message: `${address ?? 'standard input'} is empty, and has to be a Dockerfile, or a build context as a tar`,
    hint:
      address === undefined
        ? 'check the command in front of the pipe; for the current directory: cip build-image .'
        : 'check the address',
  } as const satisfies FailureShape;
}

/** `compression`: what the bytes on standard input begin like. */
export function inputNotTar(compression: string, address: string | undefined) {
  return {
    reason: 'input-not-a-tar',
    message: `${address ?? 'standard input'} is compressed with ${compression}, and there is no whole tar inside`,
    hint:
      address === undefined
        ? 'pipe a build context into cip as a tar: tar -cz . | cip build-image -'
        : 'give the address of a tar, of a git repository, or of a Dockerfile',
  } as const satisfies FailureShape;
}

/** `file`: the path that it would have in the tar; `found`: paths there that look like Dockerfiles. */
export function dockerfileNotPacked(
  file: string,
  { found, address }: { readonly found: readonly string[]; readonly address: string | undefined },
) {
  const of = address === undefined ? 'the tar' : 'what was fetched';
  return {
    reason: 'dockerfile-unreadable',
    message: `${address ?? 'the tar on standard input'} has no file ${file}`,
    hint:
      found.length === 0
        ? `put the Dockerfile into ${of}, or name it with --file: its path is the one in ${of}`
        : `did you mean ${found.map((one) => `--file ${one}`).join(' or ')}? COPY takes its files from the top of ${of}`,
  } as const satisfies FailureShape;
}

/** `--tag` says what to call an image that is not there yet, so it can't have a digest. */
export function invalidTag(name: string) {
  return {
    reason: 'invalid-tag',
    message: `--tag ${name} names a digest`,
    hint: 'write it as name:tag; the digest is known when the image is built',
  } as const satisfies FailureShape;
}

/** `dest`: of `--output`; `parent`: the directory that it is to be made in. */
export function noDirectoryFor(dest: string, parent: string) {
  return {
    reason: 'no-output-directory',
    message: `${dest} cannot be written: ${parent} is not a directory`,
    hint: `check the path, or make the directory: mkdir -p ${parent}`,
  } as const satisfies FailureShape;
}

/** Two outputs of one build; both as typed. */
export function outputsCollide(one: string, other: string) {
  return {
    reason: 'outputs-collide',
    message:
      one === other ? `two outputs are to be written to ${one}` : `the outputs ${one} and ${other} are in one place`,
    hint: 'give each output a file or directory of its own',
  } as const satisfies FailureShape;
}

/** A tar on a terminal helps nobody. */
export function outputToTerminal(flag: string) {
  return {
    reason: 'output-to-terminal',
    message: `standard output is a terminal, and ${flag} writes a tar to it`,
    hint: `redirect it, as in > image.tar, or write ${flag.replace(/-$/, 'image.tar')}`,
  } as const satisfies FailureShape;
}

/** `--push` without `--tag`. */
export function nothingToPush() {
  return {
    reason: 'nothing-to-push',
    message: 'the image is to be pushed, and has no name to push to',
    hint: 'add --tag registry.example.com/name:tag',
  } as const satisfies FailureShape;
}

/** An annotation of `--annotation` or `--output` that no document of the image would have. */
export function annotationMisplaced(message: string, hint: string) {
  return { reason: 'annotation-misplaced', message, hint } as const satisfies FailureShape;
}

/** The descriptor that leads to the index of an image of a project is its tag's, and says nothing else. */
export function noIndexDescriptor(name: string) {
  return annotationMisplaced(
    `index-descriptor:${name} has no place: nothing leads to the index of an image but its tag`,
    `write index:${name}=VALUE`,
  );
}

/** `what`: the Dockerfile or the store. */
export function outputOverInput(dest: string, what: string) {
  return {
    reason: 'output-holds-input',
    message: `${dest} would be written over ${what}, which the build needs`,
    hint: 'name another place for it',
  } as const satisfies FailureShape;
}

/** With `mode=delete` a directory loses all that is not of the image. */
export function outputHoldsInput(dest: string, path: string) {
  return {
    reason: 'output-holds-input',
    message: `mode=delete would remove ${path}, which the build needs, from ${dest}`,
    hint: 'name another directory with dest=, or leave mode=delete out',
  } as const satisfies FailureShape;
}
