import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** What is given out at a path. */
export interface WebFile {
  readonly status?: number;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers conditions by its `etag` and `last-modified`; otherwise it always gives all. */
  readonly knowsConditions?: boolean;
}

/** A web server on a loopback port. */
export interface WebServer extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  /** To be changed by tests. By path, with the query. */
  readonly files: Map<string, WebFile>;
  /** `GET /path 200` of all that came, those of git left out, in order. */
  readonly log: string[];
  /** To be changed by tests. Path, or beginning of one with a slash at its end → the login that is needed there. */
  readonly logins: Map<string, string>;
  /** The logins that were shown, in order, with the path. */
  readonly shown: string[];
}

/** Serves files by their paths and, below /git/, the repositories in a directory, by git's own http-backend. */
export async function startWebServer(
  files: Iterable<readonly [string, WebFile]>,
  repositories?: string,
): Promise<WebServer> {
  const all = new Map(files);
  const log: string[] = [];
  const logins = new Map<string, string>();
  const shown: string[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    const { authorization } = request.headers;
    if (authorization !== undefined) shown.push(`${url} ${authorization}`);
    const needed = [...logins].find(([path]) => url === path || (path.endsWith('/') && url.startsWith(path)))?.[1];
    if (needed !== undefined && needed !== authorization) {
      log.push(`${method} ${url} 401`);
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('who?');
      return;
    }
    if (repositories !== undefined && url.startsWith('/git/')) {
      void answerGit(request, response, repositories).catch(() => response.destroy());
      return;
    }
    const { status, headers, body } = answerTo(request, all.get(url));
    log.push(`${method} ${url} ${status}`);
    response.writeHead(status, headers).end(method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    files: all,
    log,
    logins,
    shown,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerTo(
  { headers: asked }: IncomingMessage,
  file: WebFile | undefined,
): { status: number; headers: Record<string, string>; body: string | Buffer } {
  if (file === undefined) return { status: 404, headers: {}, body: 'nothing' };
  const { status = 200, headers = {}, body = '', knowsConditions = false } = file;
  const isSame = asked['if-none-match'] !== undefined && asked['if-none-match'] === headers['etag'];
  const isOld =
    asked['if-none-match'] === undefined &&
    asked['if-modified-since'] !== undefined &&
    asked['if-modified-since'] === headers['last-modified'];
  if (knowsConditions && (isSame || isOld)) return { status: 304, headers: { ...headers }, body: '' };
  return { status, headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) }, body };
}

/** https://git-scm.com/docs/git-http-backend, by the rules of CGI. */
async function answerGit(request: IncomingMessage, response: ServerResponse, root: string): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '').slice('/git'.length).split('?');
  const backend = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      // The repositories may be another user's.
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(path),
      QUERY_STRING: query,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  const sent = pipeline(request, backend.stdin).catch(() => {});
  const chunks: Buffer[] = [];
  for await (const chunk of backend.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  await sent;
  const answer = Buffer.concat(chunks);
  const end = answer.indexOf('\r\n\r\n');
  const lines = answer.subarray(0, Math.max(0, end)).toString().split('\r\n');
  const headers = new Map(lines.map((line) => [line.replace(/:.*/, '').toLowerCase(), line.replace(/^[^:]*: ?/, '')]));
  const status = Number(headers.get('status')?.slice(0, 3) ?? 200);
  headers.delete('status');
  response.writeHead(end < 0 ? 500 : status, Object.fromEntries(headers)).end(answer.subarray(end + 4));
}
