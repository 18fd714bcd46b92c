import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificates {
  /** PEM of the authority that signed `cert`. */
  readonly ca: string;
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly keyFile: string;
  readonly certFile: string;
}

const run = promisify(execFile);

/** An authority of its own and a certificate by it for `name` (such as `IP:127.0.0.1`), made with openssl in `dir`. */
export async function makeCertificates(dir: string, name = 'IP:127.0.0.1'): Promise<Certificates> {
  const file = (base: string) => join(dir, base);
  const openssl = (...args: string[]) => run('openssl', args, { cwd: dir });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test');
  await openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=registry');
  await writeFile(file('extensions'), `subjectAltName=${name}\n`);
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'extensions'];
  await openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...signing);
  return {
    ca: await readFile(file('ca.pem'), 'utf8'),
    key: await readFile(file('server.key')),
    cert: await readFile(file('server.pem')),
    keyFile: file('server.key'),
    certFile: file('server.pem'),
  };
}
