/** https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys */
export const annotations = {
  created: 'org.opencontainers.image.created',
  authors: 'org.opencontainers.image.authors',
  url: 'org.opencontainers.image.url',
  source: 'org.opencontainers.image.source',
  version: 'org.opencontainers.image.version',
  revision: 'org.opencontainers.image.revision',
  title: 'org.opencontainers.image.title',
  description: 'org.opencontainers.image.description',
  refName: 'org.opencontainers.image.ref.name',
  baseName: 'org.opencontainers.image.base.name',
  baseDigest: 'org.opencontainers.image.base.digest',
  /** containerd's and Docker's full name of an entry in an image layout. */
  containerdImageName: 'io.containerd.image.name',
  /** Identity of all that went into an image of one platform; on its manifest. On an index: of all platforms together. */
  buildKey: 'io.github.container-image-pipelines.build-key',
  /** Number of the rules by which `buildKey` was computed: keys of different numbers cannot be compared. */
  buildKeySchema: 'io.github.container-image-pipelines.build-key-schema',
  /** Identity of the external images that it was built on, beside `buildKey`: on the manifest, and on its entry in an index. */
  buildBases: 'io.github.container-image-pipelines.build-bases',
  /** What `buildBases` is the digest of: `name=digest` with blanks between, for people and to say what moved. */
  buildBaseImages: 'io.github.container-image-pipelines.build-base-images',
  /** What `buildKey` was made of, in short: beside it on the manifest, to say what changed since. */
  buildInputs: 'io.github.container-image-pipelines.build-inputs',
  /** `true`: a RUN step of it, or of an image it is built from, ran where only root exists; on the manifest and its entry in an index. */
  ownersLost: 'io.github.container-image-pipelines.owners-lost',
  /** On what is no image for people: the result of a step that machines share, as JSON. */
  stepResult: 'io.github.container-image-pipelines.step-result',
  /** Version of the program that built it. */
  builder: 'io.github.container-image-pipelines.builder',
} as const;
