import { readFile, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { FailureError } from '../result.ts';
import { answerOf, countOfKeys, framed, identitiesRequest, mayAsk, messagesOf, refusal } from './agent.ts';
import type { AgentKey } from './agent-key.ts';
import { sshAgentUnreachable, sshSourceUnusable } from './failure.ts';
import { parsePrivateKey } from './private-key.ts';

/** What steps may sign with: an agent by its socket, or files of private keys. Absolute paths. */
export type AgentSource = { readonly socket: string } | { readonly keys: readonly string[] };

/** What it is that is at a path. Throws FailureError for what is neither. */
export async function kindOfSource(path: string): Promise<'socket' | 'key'> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new FailureError(
      sshSourceUnusable(path, error.code === 'ENOENT' ? 'it does not exist' : (error.code ?? error.message)),
    );
  });
  if (stats.isSocket()) return 'socket';
  if (stats.isFile()) return 'key';
  throw new FailureError(sshSourceUnusable(path, 'it is neither a socket nor a file'));
}

/** The key of a file. Throws FailureError. */
export async function readAgentKey(path: string): Promise<AgentKey> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new FailureError(sshSourceUnusable(path, `it cannot be read (${error.code})`));
  });
  const key = parsePrivateKey(text, path);
  if (!key.ok) throw new FailureError(key.failure);
  return key.value;
}

/** How many keys the agent at this socket has by now. Throws FailureError where none answers before `signal` is aborted. */
export async function countAgentKeys(socket: string, signal: AbortSignal): Promise<number> {
  const unreachable = (why: string) => new FailureError(sshAgentUnreachable(socket, why));
  const connection = connect(socket);
  const giveUp = () => connection.destroy(new Error('it does not answer'));
  signal.addEventListener('abort', giveUp);
  try {
    connection.write(framed(identitiesRequest));
    const { value } = await messagesOf(connection).next();
    const count = value && countOfKeys(value);
    if (count === undefined) throw new Error('what is there is no agent');
    return count;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw unreachable(code ?? message);
  } finally {
    signal.removeEventListener('abort', giveUp);
    connection.destroy();
  }
}

/** Serves connections with what a source has, until it is asked no more. Reads keys at once; throws FailureError. */
export async function agentOf(source: AgentSource): Promise<(connection: Socket) => void> {
  const keys = 'keys' in source ? await Promise.all(source.keys.map(readAgentKey)) : [];
  return (connection) => {
    // A step that goes away in the middle of a question is its own affair.
    connection.on('error', () => {});
    const served = 'keys' in source ? serveKeys(connection, keys) : passOn(connection, source.socket);
    void served.catch(() => {}).finally(() => connection.destroy());
  };
}

async function serveKeys(connection: Socket, keys: readonly AgentKey[]): Promise<void> {
  for await (const message of messagesOf(connection)) connection.write(framed(answerOf(message, keys)));
}

/** One question after the other, so that answers come in their order. */
async function passOn(connection: Socket, socket: string): Promise<void> {
  const agent = connect(socket);
  // Whoever waits for an answer hears of it as well.
  agent.on('error', () => {});
  connection.once('close', () => agent.destroy());
  const answers = messagesOf(agent);
  try {
    for await (const message of messagesOf(connection)) {
      if (!mayAsk(message)) {
        connection.write(framed(refusal));
        continue;
      }
      agent.write(framed(message));
      const { value, done } = await answers.next();
      if (done || value === undefined) return;
      connection.write(framed(value));
    }
  } finally {
    agent.destroy();
  }
}
