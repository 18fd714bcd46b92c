import { startOf } from '../oci/parse-document.ts';
import { FailureError } from '../result.ts';
import { errorsIn } from './answer-error.ts';
import { notARegistry } from './failure.ts';
import { networkErrorCode } from './network-error.ts';
import { isRedirect } from './redirect.ts';
import type { RegistryResource } from './registry-resource.ts';
import { type RegistryResponse, readUpTo } from './response.ts';
import { TransferError } from './transfer-error.ts';
import type { Transport } from './transport.ts';

/** Of one that does not answer, or says 503: two more, after one and two seconds. */
const retries = 2;

/** All but those that pass: what else a server may say says something about what it is. */
const telling = Array.from({ length: 300 }, (_, i) => 200 + i).filter(
  (status) => !isRedirect(status) && status !== 408 && status !== 429,
);

/**
 * Asks `/v2/` and looks at the answer, to be done before anything else with a registry. One that wants a login answers too:
 * what it allows shows with the first real request. Ends within three times `limits.probe` and three seconds, whatever
 * listens there. `onWait` is called once when it takes longer than `limits.notice`.
 * Reasons: `not-a-registry`, `registry-unreachable`, `registry-too-slow`, `registry-tls-failed`, `registry-refused`,
 * `registry-redirect-refused`.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support
 */
export async function probe(
  transport: Transport,
  registry: string,
  { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: (() => void) | undefined },
): Promise<void> {
  const resource = { registry };
  const request = {
    method: 'GET',
    resource,
    doing: 'answer /v2/',
    at: '',
    scopes: [],
    isAnonymous: true,
    accept: telling,
    limit: transport.limits.probe,
  } as const;
  const timer = onWait && setTimeout(onWait, transport.limits.notice);
  try {
    await transport.retrier
      .atMost(retries)
      .run(() => transport.once(request, (response) => examine(response, resource), signal), signal);
  } catch (error) {
    const isGibberish = error instanceof TransferError && error.failure.reason === 'registry-answer-not-understood';
    if (!isGibberish || signal.aborted) throw error;
    const what = networkErrorCode(error.cause) ?? (error.cause as Error).message;
    throw new FailureError(notARegistry(resource, `gave an invalid answer (${what})`), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function examine(response: RegistryResponse, resource: RegistryResource): Promise<void> {
  const { status, headers } = response;
  if (headers['docker-distribution-api-version'] !== undefined) return;
  if (status === 401 && headers['www-authenticate'] !== undefined) return;
  const start = await readUpTo(response, 4096);
  // The specification asks for no body; what is there is JSON in all registries.
  const isSuccess = status < 300;
  const isFitting = isSuccess
    ? start.length === 0 || start.toString('utf8').trimStart().startsWith('{')
    : errorsIn(start).length > 0;
  if (isFitting) return;
  const answer = isSuccess ? 'does not answer with JSON' : `answers with status ${status}`;
  throw new FailureError(notARegistry(resource, answer, startOf(start)));
}
