/** Reads fields as SSH writes them. RFC 4251, section 5. Reading beyond the end throws a RangeError. */
export class WireReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  uint32(): number {
    const value = this.#bytes.readUInt32BE(this.#offset);
    this.#offset += 4;
    return value;
  }

  /** Also of an mpint, whose sign byte is left in. */
  string(): Buffer {
    const length = this.uint32();
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new RangeError('a string is longer than what holds it');
    const value = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return value;
  }
}

/** A number of four bytes. */
export function wireNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A string: its length, and its bytes. */
export function wireString(value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([wireNumber(bytes.length), bytes]);
}

/** A positive integer of any size, from its big-endian bytes: without leading zeros but for one that keeps it positive. */
export function wireInteger(value: Buffer): Buffer {
  const bytes = withoutZeros(value);
  return wireString(bytes.length > 0 && bytes[0]! >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
}

/** The same number in as few bytes as it needs. */
export function withoutZeros(value: Buffer): Buffer {
  const start = value.findIndex((byte) => byte !== 0);
  return start === -1 ? Buffer.alloc(0) : value.subarray(start);
}
