import { z } from 'zod';
import { errorCodes } from './error-codes.ts';
import { registryDenied, registryRefused } from './failure.ts';
import type { Login } from './login.ts';
import type { Purpose } from './purpose.ts';
import { type RegistryResponse, readUpTo } from './response.ts';
import { retryAfter } from './retry.ts';
import { TransferError } from './transfer-error.ts';

const Answer = z.looseObject({
  errors: z.array(z.looseObject({ code: z.string().optional(), message: z.string().nullish() })),
});

/** What an answer that is no success means: by its status, and by the codes in its body if it has some. */
export async function answerError(
  response: RegistryResponse,
  purpose: Purpose,
  login: Login | undefined,
): Promise<TransferError> {
  const { status, headers } = response;
  const errors = errorsIn(await readUpTo(response, 64 << 10).catch(() => Buffer.alloc(0)));
  const codes = errors.flatMap(({ code }) => (code === undefined ? [] : [code]));
  const [first] = errors;
  const isDenied = status === 401 || status === 403;
  const failure = isDenied
    ? registryDenied(purpose, login, first?.message || first?.code || `status ${status}`)
    : registryRefused(purpose, { status, code: first?.code, said: first?.message ?? undefined });
  // 501 is an answer about the request and not about the state of the server.
  const isServerTrouble = (status >= 500 && status !== 501) || status === 429 || status === 408;
  const passing = codes.flatMap((code) => (errorCodes[code]?.temporary === true ? errorCodes[code] : []));
  return new TransferError(failure, {
    temporary: isServerTrouble || (passing.length > 0 && !isDenied),
    mostRetries: isServerTrouble ? undefined : passing[0]?.mostRetries,
    retryAfter: retryAfter(headers['retry-after'], headers['date']),
    status,
    codes,
    headers,
  });
}

/** Of a body in the form of the specification; none of any other. */
export function errorsIn(bytes: Buffer): z.infer<typeof Answer>['errors'] {
  try {
    return Answer.parse(JSON.parse(bytes.toString('utf8'))).errors;
  } catch {
    return [];
  }
}
