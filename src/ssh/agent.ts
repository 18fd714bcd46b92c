import type { Readable } from 'node:stream';
import type { AgentKey } from './agent-key.ts';
import { WireReader, wireNumber, wireString } from './wire.ts';

/** https://www.ietf.org/archive/id/draft-ietf-sshm-ssh-agent-05.html#section-6.1 */
const [FAILURE, REQUEST_IDENTITIES, IDENTITIES_ANSWER, SIGN_REQUEST, SIGN_RESPONSE] = [5, 11, 12, 13, 14];

/** Bytes; what OpenSSH's agent takes at most. */
const LONGEST = 256 * 1024;

/** What an agent says to what it does not do. */
export const refusal = Buffer.from([FAILURE]);

/** The question for the keys of an agent. */
export const identitiesRequest = Buffer.from([REQUEST_IDENTITIES]);

/** Whether a step may ask it: to list keys and to sign. Nobody adds, removes or locks keys of somebody else's agent. */
export function mayAsk(message: Buffer): boolean {
  return message[0] === REQUEST_IDENTITIES || message[0] === SIGN_REQUEST;
}

/** How many keys an answer lists; undefined if it is another answer. */
export function countOfKeys(answer: Buffer): number | undefined {
  return answer[0] === IDENTITIES_ANSWER && answer.length >= 5 ? answer.readUInt32BE(1) : undefined;
}

/** What an agent with these keys answers. */
export function answerOf(message: Buffer, keys: readonly AgentKey[]): Buffer {
  if (message[0] === REQUEST_IDENTITIES) {
    const listed = keys.flatMap(({ blob, comment }) => [wireString(blob), wireString(comment)]);
    return Buffer.concat([Buffer.from([IDENTITIES_ANSWER]), wireNumber(keys.length), ...listed]);
  }
  if (message[0] !== SIGN_REQUEST) return refusal;
  try {
    const fields = new WireReader(message.subarray(1));
    const [blob, data, flags] = [fields.string(), fields.string(), fields.uint32()];
    const key = keys.find((one) => one.blob.equals(blob));
    if (key === undefined) return refusal;
    return Buffer.concat([Buffer.from([SIGN_RESPONSE]), wireString(key.sign(data, flags))]);
  } catch {
    // It is cut, or this machine's OpenSSL forbids the digest that was asked for.
    return refusal;
  }
}

/** A message as it is sent: its length comes first. */
export function framed(message: Buffer): Buffer {
  return wireString(message);
}

/** Messages of a connection, until it ends. Throws a RangeError for one that is too long. */
export async function* messagesOf(stream: Readable): AsyncGenerator<Buffer, void> {
  let bytes: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    while (bytes.length >= 4) {
      const length = bytes.readUInt32BE(0);
      if (length > LONGEST) throw new RangeError(`a message of ${length} bytes`);
      if (bytes.length < 4 + length) break;
      yield bytes.subarray(4, 4 + length);
      bytes = bytes.subarray(4 + length);
    }
  }
}
