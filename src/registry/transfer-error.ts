import { type Failure, FailureError } from '../result.ts';
import { registryTlsFailed, registryUnreachable } from './failure.ts';
import type { Place } from './place.ts';

/** A request that did not come to a good end, with what decides whether another try makes sense. */
export class TransferError extends FailureError {
  readonly temporary: boolean;
  /** Milliseconds the registry asked to wait. */
  readonly retryAfter: number | undefined;
  /** Of the answer, if there was one. */
  readonly status: number | undefined;
  /** Codes of the specification in the answer's body. */
  readonly codes: readonly string[];
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;

  constructor(
    failure: Failure,
    about: {
      readonly temporary: boolean;
      readonly retryAfter?: number | undefined;
      readonly status?: number | undefined;
      readonly codes?: readonly string[];
      readonly headers?: Readonly<Record<string, string | undefined>>;
      readonly cause?: unknown;
    },
  ) {
    super(failure, { cause: about.cause });
    this.name = 'TransferError';
    this.temporary = about.temporary;
    this.retryAfter = about.retryAfter;
    this.status = about.status;
    this.codes = about.codes ?? [];
    this.headers = about.headers ?? {};
  }
}

/** Codes of errors of the network that may be gone in a moment, and what they are called. */
const passing: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'the connection timed out',
  ECONNABORTED: 'the connection was aborted',
  EAI_AGAIN: 'its name could not be looked up for now',
  UND_ERR_SOCKET: 'the connection was closed',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_HEADERS_TIMEOUT: 'it did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'its answer stopped',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its answer was cut off',
  ERR_STREAM_PREMATURE_CLOSE: 'its answer was cut off',
};

/** Codes that stay until somebody does something. */
const lasting: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ENOTFOUND: 'its name is not known to the name server',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no network that leads to it',
  EACCES: 'the connection is not permitted',
};

const tls: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an unknown authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is of an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of an unknown authority',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  CERT_SIGNATURE_FAILURE: 'its certificate is not signed rightly',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'its answer is not TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'its answer is not TLS',
  EPROTO: 'the TLS handshake failed',
};
const answersInPlainText = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

/** The failure that an error of the network is; undefined for an error that is none. */
export function transferErrorOf(error: unknown, place: Place, doing: string): TransferError | undefined {
  const code = codeOf(error);
  if (code === undefined) return undefined;
  const words = (error as Error).message;
  if (tls[code] !== undefined) {
    const failure = registryTlsFailed(place, doing, `${tls[code]} (${code})`, answersInPlainText.has(code));
    return new TransferError(failure, { temporary: false, cause: error });
  }
  const problem = passing[code] ?? lasting[code];
  // HPE_: what answers does not speak http.
  if (problem === undefined && !/^(UND_ERR_|ERR_SSL_|HPE_)/.test(code)) return undefined;
  const failure = registryUnreachable(
    place,
    doing,
    problem === undefined ? `${words} (${code})` : `${problem} (${code})`,
  );
  return new TransferError(failure, { temporary: passing[code] !== undefined, cause: error });
}

/** The code of an error or, where Node tried several addresses, that of the first. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}
