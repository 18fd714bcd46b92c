import { createPublicKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { wireInteger, wireString } from './wire.ts';

/** A private key that signs, as an agent keeps it. */
export interface AgentKey {
  /** The public key as SSH writes it. */
  readonly blob: Buffer;
  readonly comment: string;
  /** `flags` are those of SSH_AGENTC_SIGN_REQUEST, which choose the digest of RSA keys. */
  readonly sign: (data: Buffer, flags: number) => Buffer;
}

/** Curve of JWK → its name in SSH, and the digest that RFC 5656 signs with. */
const curves = {
  'P-256': ['nistp256', 'sha256'],
  'P-384': ['nistp384', 'sha384'],
  'P-521': ['nistp521', 'sha512'],
} as const;

/** Name of a curve in SSH → in JWK. */
export const curveNames: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(curves).map(([name, [inSsh]]) => [inSsh, name]),
);

/** https://www.ietf.org/archive/id/draft-ietf-sshm-ssh-agent-05.html#section-3.6.1 */
const [SHA2_256, SHA2_512] = [2, 4];

/** undefined for kinds of keys that SSH does not have, or has no more. */
export function agentKeyOf(key: KeyObject, comment: string): AgentKey | undefined {
  const { kty, crv, x, y, n, e } = createPublicKey(key).export({ format: 'jwk' }) as JsonWebKey;
  if (kty === 'OKP' && crv === 'Ed25519') {
    const blob = Buffer.concat([wireString('ssh-ed25519'), wireString(bytesOf(x))]);
    return { blob, comment, sign: (data) => signature('ssh-ed25519', sign(null, data, key)) };
  }
  if (kty === 'RSA') {
    const blob = Buffer.concat([wireString('ssh-rsa'), wireInteger(bytesOf(e)), wireInteger(bytesOf(n))]);
    return { blob, comment, sign: (data, flags) => signedByRsa(data, flags, key) };
  }
  if (kty !== 'EC' || crv === undefined || !Object.hasOwn(curves, crv)) return undefined;
  const [curve, digest] = curves[crv as keyof typeof curves];
  const algorithm = `ecdsa-sha2-${curve}`;
  const point = Buffer.concat([Buffer.from([4]), bytesOf(x), bytesOf(y)]);
  return {
    blob: Buffer.concat([wireString(algorithm), wireString(curve), wireString(point)]),
    comment,
    sign: (data) => {
      const both = sign(digest, data, { key, dsaEncoding: 'ieee-p1363' });
      const half = both.length / 2;
      const numbers = [both.subarray(0, half), both.subarray(half)].map(wireInteger);
      return signature(algorithm, Buffer.concat(numbers));
    },
  };
}

function signedByRsa(data: Buffer, flags: number, key: KeyObject): Buffer {
  if ((flags & SHA2_512) !== 0) return signature('rsa-sha2-512', sign('sha512', data, key));
  if ((flags & SHA2_256) !== 0) return signature('rsa-sha2-256', sign('sha256', data, key));
  return signature('ssh-rsa', sign('sha1', data, key));
}

function signature(algorithm: string, bytes: Buffer): Buffer {
  return Buffer.concat([wireString(algorithm), wireString(bytes)]);
}

function bytesOf(text: string | undefined): Buffer {
  return Buffer.from(text ?? '', 'base64url');
}
