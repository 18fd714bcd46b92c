import { type Failure, FailureError } from '../result.ts';
import {
  otherHostUnreachable,
  proxyRefused,
  proxyUnreachable,
  registryAnswerNotUnderstood,
  registryLost,
  registryTlsFailed,
  registryUnreachable,
} from './failure.ts';
import { networkErrorCode, networkProblem } from './network-error.ts';
import type { ProxyAddress } from './proxies.ts';
import type { Purpose } from './purpose.ts';

/** How a request ended, as far as another try is concerned. What each means: `TransferError`. */
interface Outcome {
  readonly temporary: boolean;
  readonly mostRetries?: number | undefined;
  readonly retryAfter?: number | undefined;
  readonly status?: number | undefined;
  readonly codes?: readonly string[];
  readonly isPlainText?: boolean;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly cause?: unknown;
}

/** A request that did not come to a good end, with what decides whether another try makes sense. */
export class TransferError extends FailureError {
  readonly temporary: boolean;
  /** How many more tries it deserves at most, where one of them already takes long. */
  readonly mostRetries: number;
  /** Milliseconds the registry asked to wait. */
  readonly retryAfter: number | undefined;
  /** Of the answer, if there was one. */
  readonly status: number | undefined;
  /** Codes of the specification in the answer's body. */
  readonly codes: readonly string[];
  /** What answers to TLS speaks http. */
  readonly isPlainText: boolean;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;

  constructor(failure: Failure, about: Outcome) {
    super(failure, { cause: about.cause });
    this.name = 'TransferError';
    this.temporary = about.temporary;
    this.mostRetries = about.mostRetries ?? Number.POSITIVE_INFINITY;
    this.retryAfter = about.retryAfter;
    this.status = about.status;
    this.codes = about.codes ?? [];
    this.isPlainText = about.isPlainText ?? false;
    this.headers = about.headers ?? {};
  }

  /** The same, not to be tried again. */
  asFinal(): TransferError {
    return new TransferError(this.failure, { ...this, temporary: false, cause: this });
  }
}

/** What undici says of an answer to CONNECT that leads nowhere. */
const refusalOfProxy = /^Proxy response \((\d+)\)/;

/** To whom the request went, and how far the other side got before the error. */
export interface Contact {
  /** `host[:port]` where it is not the registry's own: where that sent the request. */
  readonly otherHost?: string | undefined;
  /** Through which it went. */
  readonly proxy?: ProxyAddress | undefined;
  /** It has answered some request of this run: this is no wrong name and no firewall. */
  readonly wasReached: boolean;
}

/**
 * What an error of undici or of a socket means, whatever it is: all that a registry can do wrong must have a reason. Not for
 * errors of our own, such as those of a body's source.
 */
export function transferErrorOf(error: unknown, purpose: Purpose, contact: Contact): TransferError {
  const { resource } = purpose;
  const { otherHost, proxy, wasReached } = contact;
  const text = error instanceof Error ? error.message : String(error);
  const refusal = networkErrorCode(error) === 'UND_ERR_ABORTED' ? refusalOfProxy.exec(text)?.[1] : undefined;
  if (proxy !== undefined && refusal !== undefined) {
    const status = Number(refusal);
    const failure = proxyRefused(resource, proxy, { host: otherHost ?? resource.registry, status });
    // What a gateway cannot reach now it may reach in a moment; a rule stays.
    return new TransferError(failure, { temporary: status >= 500, mostRetries: 1, cause: error });
  }
  const { kind, said, isPassing, wasWaitedFor, isOfConnecting, isPlainText } = networkProblem(error);
  if (kind === 'tls') {
    const at = otherHost === undefined ? purpose : { ...purpose, resource: { ...resource, registry: otherHost } };
    const failure = registryTlsFailed(at, said, { isPlainText });
    return new TransferError(failure, { temporary: false, isPlainText, cause: error });
  }
  if (kind !== 'network') {
    return new TransferError(registryAnswerNotUnderstood(purpose, said), { temporary: false, cause: error });
  }
  const lost = () => (wasReached ? registryLost(resource, said) : registryUnreachable(resource, said));
  // Connections are made to the proxy: whether it reaches the server it says in an answer.
  const failure =
    proxy && isOfConnecting
      ? proxyUnreachable(resource, proxy, said)
      : otherHost === undefined
        ? lost()
        : otherHostUnreachable(purpose, otherHost, said);
  const mostRetries = wasWaitedFor ? 1 : undefined;
  return new TransferError(failure, { temporary: isPassing, mostRetries, cause: error });
}
