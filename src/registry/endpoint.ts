import { dockerHub } from '../oci/reference.ts';

/** Whether a host as references name it (`localhost:5000`) is this machine itself. */
export function isLoopback(registry: string): boolean {
  const host = registry.replace(/:\d+$/, '').toLowerCase();
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** The registry's API lives elsewhere than its name says in one case. */
export function apiHost(registry: string): string {
  return registry === dockerHub ? 'registry-1.docker.io' : registry;
}

/** What is known of an answer to a question in http. */
export type PlainAnswer =
  | { readonly status: number; readonly location: string | undefined; readonly start: string }
  /** The code of the error of the network. */
  | { readonly error: string | undefined };

/** Whether what listens there wants to be spoken to in TLS: the ways in which servers say that. */
export function wantsTls(answer: PlainAnswer): boolean {
  if ('error' in answer) return answer.error !== undefined && tlsErrors.test(answer.error);
  if (answer.status >= 300 && answer.status < 400) return answer.location?.startsWith('https://') === true;
  return answer.status === 400 && /https/i.test(answer.start);
}

/** A TLS server drops what is not TLS or answers with an alert; without a port, another one may listen on 443. */
const tlsErrors = /^(?:ECONNRESET|ECONNREFUSED|EPIPE|UND_ERR_SOCKET|HPE_.*)$/;
