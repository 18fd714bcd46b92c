/**
 * Codes of the protocol, and the status each comes with where no other is more exact.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
const errorCodes = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  DENIED: 403,
  UNSUPPORTED: 405,
} as const;
/**
 * Codes of distribution-spec v1.1.1, spec.md#error-codes, that this server gives; the keys of the table of statuses.
 */
export type ErrorCode = keyof typeof errorCodes;

/** Answers a request with an error of the protocol. `message` is for people. */
export class RegistryError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly detail: unknown;

  constructor(
    code: ErrorCode,
    message: string,
    more: {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly detail?: unknown;
    } = {},
  ) {
    super(message);
    this.name = 'RegistryError';
    this.code = code;
    this.status = more.status ?? errorCodes[code];
    this.headers = more.headers ?? {};
    this.detail = more.detail;
  }
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
export function errorBody(code: ErrorCode | 'UNKNOWN', message: string, detail?: unknown): string {
  return JSON.stringify({ errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] });
}
