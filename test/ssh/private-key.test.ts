/** Keys as OpenSSH and OpenSSL write them, and an agent that OpenSSH signs with. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { agentOf } from '../../src/ssh/agent-source.ts';
import { parsePrivateKey } from '../../src/ssh/private-key.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';

const exec = promisify(execFile);
const options = needs('ssh-keygen', 'ssh-add');

/** Arguments of ssh-keygen. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  ed25519: ['-t', 'ed25519'],
  rsa: ['-t', 'rsa', '-b', '2048'],
  'rsa of odd size': ['-t', 'rsa', '-b', '2049'],
  'ecdsa of 256': ['-t', 'ecdsa', '-b', '256'],
  'ecdsa of 384': ['-t', 'ecdsa', '-b', '384'],
  'ecdsa of 521': ['-t', 'ecdsa', '-b', '521'],
  'rsa in PKCS #1': ['-t', 'rsa', '-b', '2048', '-m', 'PEM'],
  'rsa in PKCS #8': ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8'],
  'ecdsa in SEC 1': ['-t', 'ecdsa', '-b', '256', '-m', 'PEM'],
};

for (const [title, args] of Object.entries(kinds))
  test(`a key of ssh-keygen signs what ssh-keygen verifies: ${title}`, options, async () => {
    await using directory = await tempDir();
    const file = join(directory.path, 'key');
    execFileSync('ssh-keygen', ['-q', ...args, '-N', '', '-C', 'me', '-f', file]);
    const [, blob] = readFileSync(`${file}.pub`, 'utf8').split(' ');
    const parsed = parsePrivateKey(readFileSync(file, 'utf8'), file);
    assert.equal(parsed.ok && parsed.value.blob.toString('base64'), blob);
    const socket = join(directory.path, 'agent');
    const serve = await agentOf({ keys: [file] });
    const server = createServer(serve).listen(socket);
    try {
      const env = { ...process.env, SSH_AUTH_SOCK: socket };
      // Without the file OpenSSH has nothing but the agent.
      execFileSync('rm', [file]);
      const { stdout } = await exec('ssh-add', ['-L'], { env });
      assert.equal(stdout.split(' ')[1], blob);
      const data = join(directory.path, 'data');
      writeFileSync(data, 'text');
      await exec('ssh-keygen', ['-Y', 'sign', '-n', 'file', '-f', `${file}.pub`, data], { env });
      const allowed = join(directory.path, 'allowed');
      writeFileSync(allowed, `me ${readFileSync(`${file}.pub`, 'utf8')}`);
      const verify = ['-Y', 'verify', '-n', 'file', '-f', allowed, '-I', 'me', '-s', `${data}.sig`];
      execFileSync('ssh-keygen', verify, { input: 'text', stdio: ['pipe', 'ignore', 'inherit'] });
      assert.throws(() =>
        execFileSync('ssh-keygen', verify, { input: 'another', stdio: ['pipe', 'ignore', 'ignore'] }),
      );
      await assert.rejects(exec('ssh-add', ['-D'], { env }), /agent refused|Failed to remove/);
    } finally {
      server.close();
    }
  });

const ed448 = generateKeyPairSync('ed448').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const encrypted = generateKeyPairSync('ed25519').privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'x',
}) as string;
const armor = (label: string, bytes: string) =>
  `-----BEGIN ${label}-----\n${Buffer.from(bytes).toString('base64')}\n-----END ${label}-----\n`;

const wrong: Readonly<Record<string, readonly [text: string, reason: string]>> = {
  nothing: ['', 'ssh-key-invalid'],
  'a public key': ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me\n', 'ssh-key-invalid'],
  'a certificate': [armor('CERTIFICATE', 'x'), 'ssh-key-invalid'],
  'a PEM that is damaged': [armor('RSA PRIVATE KEY', 'x'), 'ssh-key-invalid'],
  'a key of OpenSSH that is damaged': [armor('OPENSSH PRIVATE KEY', 'x'), 'ssh-key-invalid'],
  'a key of OpenSSH that is cut': [
    armor('OPENSSH PRIVATE KEY', 'openssh-key-v1\0\0\0\0\x04none\0\0'),
    'ssh-key-invalid',
  ],
  'a key of OpenSSH with a cipher': [
    armor('OPENSSH PRIVATE KEY', 'openssh-key-v1\0\0\0\0\x0aaes256-ctr'),
    'ssh-key-encrypted',
  ],
  'PKCS #8 with a passphrase': [encrypted, 'ssh-key-encrypted'],
  'PKCS #1 with a passphrase': [
    '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n',
    'ssh-key-encrypted',
  ],
  'a kind that SSH does not have': [ed448, 'ssh-key-invalid'],
};

for (const [title, [text, reason]] of Object.entries(wrong))
  test(`no key: ${title}`, () => {
    const parsed = parsePrivateKey(text, 'id');
    assert.deepEqual([parsed.ok, !parsed.ok && parsed.failure.reason], [false, reason]);
  });
