/** What a code means, for a person, and what can be done about it. */
export interface ErrorMeaning {
  /** Worth another try after a while. */
  readonly temporary: boolean;
  /** How many more tries it is worth; as many as others unless given. */
  readonly mostRetries?: number;
  readonly meaning: string;
  readonly hint?: string;
}

/**
 * Codes in the bodies of registries' answers.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes, and below the line those of
 * https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#errors-2
 */
export const errorCodes: Readonly<Record<string, ErrorMeaning>> = {
  BLOB_UNKNOWN: { temporary: false, meaning: 'it does not have the blob' },
  /** Docker's own registry says so where a chunk broke off. A new upload may do. */
  BLOB_UPLOAD_INVALID: {
    temporary: true,
    meaning: 'it does not accept the upload',
    hint: 'a proxy before the registry may have changed the request; look into its log',
  },
  /** A new upload may do. */
  BLOB_UPLOAD_UNKNOWN: {
    temporary: true,
    meaning: 'it no longer knows the upload',
    hint: 'several instances behind one address need shared storage and the same http.secret',
  },
  /** Docker's own registry says so where somebody else writes the same blob at the same moment. */
  DIGEST_INVALID: {
    temporary: true,
    mostRetries: 2,
    meaning: 'what it received has another digest',
    hint: 'perhaps the content was damaged on the way, by a proxy before the registry or by its disk',
  },
  MANIFEST_BLOB_UNKNOWN: {
    temporary: false,
    meaning: 'it lacks a blob or manifest that the manifest names',
    hint: 'the registry may have deleted it in the meantime; push again',
  },
  MANIFEST_INVALID: {
    temporary: false,
    meaning: 'it does not accept the manifest',
    hint: 'perhaps its tags may not be moved, or it is too old for this media type; its log may say more',
  },
  MANIFEST_UNKNOWN: { temporary: false, meaning: 'it does not have the manifest' },
  NAME_INVALID: {
    temporary: false,
    meaning: 'it does not accept the name of the repository',
    hint: 'some registries require a path of a certain depth, such as group/project/image',
  },
  NAME_UNKNOWN: {
    temporary: false,
    meaning: 'it does not know the repository',
    hint: 'some registries require the repository to be created before the first push',
  },
  SIZE_INVALID: { temporary: false, meaning: 'what it received has another size than announced' },
  UNAUTHORIZED: { temporary: false, meaning: 'it requires other credentials' },
  DENIED: { temporary: false, meaning: 'the account may not do this' },
  UNSUPPORTED: { temporary: false, meaning: 'it does not support this operation' },
  TOOMANYREQUESTS: {
    temporary: true,
    meaning: 'it received too many requests',
    hint: 'log in for a higher limit, or wait until the limit resets',
  },

  TAG_INVALID: { temporary: false, meaning: 'the tag does not match the manifest' },
  MANIFEST_UNVERIFIED: { temporary: false, meaning: 'it could not verify the manifest' },
  RANGE_INVALID: { temporary: false, meaning: 'it does not accept the range of the chunk' },
  PAGINATION_NUMBER_INVALID: { temporary: false, meaning: 'it does not accept the size of a page' },
  UNAVAILABLE: { temporary: true, meaning: 'it is not available' },
  UNKNOWN: { temporary: false, meaning: 'it failed for an unknown reason' },
};
