import { checksum } from '../../src/tar/checksum.ts';
import { BLOCK, fields } from '../../src/tar/header.ts';

/** A header block of these fields as they are, with a right checksum: for what our writer never writes. */
export function rawBlock(values: Partial<Record<keyof typeof fields, string>>): Buffer {
  const block = Buffer.alloc(BLOCK);
  const plain = { name: 'f', mode: '0000644\0', size: '00000000000\0', typeflag: '0', magic: 'ustar\x0000' };
  for (const [field, text] of Object.entries({ ...plain, ...values }))
    block.write(text, fields[field as keyof typeof fields][0], 'latin1');
  if (values.checksum === undefined)
    block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, fields.checksum[0], 'latin1');
  return block;
}

/** Content padded to whole blocks. */
export function padded(content: string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

export function octal(value: number): string {
  return `${value.toString(8).padStart(11, '0')}\0`;
}

export const end = Buffer.alloc(2 * BLOCK);
