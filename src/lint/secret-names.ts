const secret = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const harmless = /(?:_|^)(?:public|file|version)(?:_|$)/i;

/** Whether a variable of that name most likely holds what nobody else should read. */
export function isSecretName(name: string): boolean {
  return secret.test(name) && !harmless.test(name);
}
