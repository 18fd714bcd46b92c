import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { failed, ok, type Result } from '../result.ts';
import { type AgentKey, agentKeyOf, curveNames } from './agent-key.ts';
import { sshKeyEncrypted, sshKeyInvalid } from './failure.ts';
import { WireReader, withoutZeros } from './wire.ts';

type KeyFailure = ReturnType<typeof sshKeyEncrypted> | ReturnType<typeof sshKeyInvalid>;

/** The key of a file as ssh-keygen writes it, or of a PEM of PKCS #1, PKCS #8 or SEC 1. `file` is for failures, as typed. */
export function parsePrivateKey(text: string, file: string): Result<AgentKey, KeyFailure> {
  const found = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----([\s\S]*?)-----END \1-----/.exec(text);
  if (!found) return failed(sshKeyInvalid(file, whatElse(text)));
  const [, label, body = ''] = found;
  if (label === 'OPENSSH PRIVATE KEY') return parseOpenSsh(Buffer.from(body, 'base64'), file);
  if (label === 'ENCRYPTED PRIVATE KEY' || body.includes('ENCRYPTED')) return failed(sshKeyEncrypted(file));
  try {
    return agentKey(createPrivateKey(text), { file, comment: file });
  } catch {
    return failed(sshKeyInvalid(file, 'it is damaged'));
  }
}

/** https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key */
function parseOpenSsh(bytes: Buffer, file: string): Result<AgentKey, KeyFailure> {
  const MAGIC = 'openssh-key-v1\0';
  if (bytes.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) return failed(sshKeyInvalid(file, 'it is damaged'));
  try {
    const outer = new WireReader(bytes.subarray(MAGIC.length));
    const cipher = outer.string().toString();
    if (cipher !== 'none') return failed(sshKeyEncrypted(file));
    // The derivation of a key, its options, how many there are, and the public one.
    outer.string();
    outer.string();
    outer.uint32();
    outer.string();
    const inner = new WireReader(outer.string());
    inner.uint32();
    inner.uint32();
    const algorithm = inner.string().toString();
    const jwk = jwkOf(algorithm, inner);
    if (jwk === undefined) return failed(sshKeyInvalid(file, `keys of the kind ${algorithm} are not supported`));
    const key = createPrivateKey({ key: jwk, format: 'jwk' });
    return agentKey(key, { file, comment: inner.string().toString() });
  } catch {
    return failed(sshKeyInvalid(file, 'it is damaged'));
  }
}

function agentKey(
  key: KeyObject,
  { file, comment }: { readonly file: string; readonly comment: string },
): Result<AgentKey, KeyFailure> {
  const made = agentKeyOf(key, comment);
  return made ? ok(made) : failed(sshKeyInvalid(file, `keys of the kind ${key.asymmetricKeyType} are not supported`));
}

/** Reads up to the comment. */
function jwkOf(algorithm: string, fields: WireReader): JsonWebKey | undefined {
  if (algorithm === 'ssh-ed25519') {
    const [x, both] = [fields.string(), fields.string()];
    return { kty: 'OKP', crv: 'Ed25519', x: base64url(x), d: base64url(both.subarray(0, 32)) };
  }
  if (algorithm === 'ssh-rsa') return rsaJwk(fields);
  if (!algorithm.startsWith('ecdsa-sha2-')) return undefined;
  const crv = curveNames[fields.string().toString()];
  const point = fields.string();
  const size = (point.length - 1) / 2;
  const d = withoutZeros(fields.string());
  const padded = Buffer.concat([Buffer.alloc(Math.max(0, size - d.length)), d]);
  return {
    kty: 'EC',
    crv: crv ?? '',
    x: base64url(point.subarray(1, 1 + size)),
    y: base64url(point.subarray(1 + size)),
    d: base64url(padded),
  };
}

function rsaJwk(fields: WireReader): JsonWebKey {
  const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => withoutZeros(fields.string()));
  const exponent = (prime: Buffer) => base64url(bytesOf(numberOf(d!) % (numberOf(prime) - 1n)));
  return {
    kty: 'RSA',
    n: base64url(n!),
    e: base64url(e!),
    d: base64url(d!),
    p: base64url(p!),
    q: base64url(q!),
    qi: base64url(qi!),
    dp: exponent(p!),
    dq: exponent(q!),
  };
}

function numberOf(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex') || '0'}`);
}

function bytesOf(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}

function base64url(bytes: Buffer): string {
  return bytes.toString('base64url');
}

function whatElse(text: string): string {
  return /^(?:ssh-|ecdsa-|sk-)\S+ AAAA/m.test(text)
    ? 'it is a public key: name the file without .pub'
    : 'it holds no private key';
}
