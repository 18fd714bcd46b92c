import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { parseIndex, serializeIndex } from '../../../src/layer/index-codec.ts';
import { indexLayer } from '../../../src/layer/index-layer.ts';
import { Tree } from '../../../src/layer/tree.ts';
import { unpackLayer } from '../../../src/layer/unpack.ts';
import type { fields } from '../../../src/tar/header.ts';
import { encodePax } from '../../../src/tar/pax.ts';
import { readTar } from '../../../src/tar/read.ts';
import { directory, file, hardlink, opaque, signal, symlink, whiteout } from '../../layer/entries.ts';
import { hostileLayers } from '../../layer/hostile-layers.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { octal, padded, rawBlock } from '../../tar/raw-block.ts';
import { largest, pumped, spliced } from '../generators.ts';
import { type Row, target } from '../target.ts';

const names = fc
  .array(fc.constantFrom('a', 'b', 'l', '..', '.', '', '.wh.a', '.wh..wh..opq', '.wh.', 'ü', '\xff', 'n'.repeat(90)), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join('/'));
const number = fc.oneof(
  fc.nat({ max: 4096 }).map(octal),
  fc.constantFrom(
    '\xff'.repeat(12),
    `\x80${'\xff'.repeat(11)}`,
    '\x80\0\0\0\0\0\0\0\0\0\0\x05',
    '',
    '9',
    '777777777777',
  ),
);
const header = fc
  .record(
    {
      name: names,
      linkName: names,
      typeflag: fc.constantFrom(...'012345670011222555xgLKSVD7\0?'),
      size: fc.oneof({ weight: 6, arbitrary: fc.constant(octal(0)) }, { weight: 1, arbitrary: number }),
      uid: fc.constantFrom('0000000\0', '\xff'.repeat(8), '7777777\0'),
      mtime: number,
      devMajor: fc.constantFrom('0000001\0', '\xff'.repeat(8), '7777777\0'),
      magic: fc.constantFrom('ustar\x0000', 'ustar  \0', ''),
      prefix: fc.oneof({ weight: 5, arbitrary: fc.constant('') }, { weight: 1, arbitrary: names }),
    },
    { requiredKeys: ['name', 'typeflag'] },
  )
  .map((values) => rawBlock(values as Partial<Record<keyof typeof fields, string>>));
const record = fc.tuple(
  fc.constantFrom(
    'path',
    'linkpath',
    'size',
    'uid',
    'gid',
    'mtime',
    'SCHILY.xattr.user.a',
    'GNU.sparse.major',
    'comment',
  ),
  fc.oneof(names, fc.constantFrom('', '1', '-1', '0.5', '9'.repeat(30), 'a\0b', 'd/'.repeat(3000))),
);
const pax = fc
  .tuple(fc.constantFrom('x', 'x', 'x', 'g'), fc.array(record, { maxLength: 4 }))
  .map(([typeflag, records]) => {
    const bytes = encodePax(records);
    return Buffer.concat([rawBlock({ typeflag, size: octal(bytes.length) }), bytes, Buffer.alloc(-bytes.length & 511)]);
  });
const content = fc.string({ maxLength: 600 }).map((text) => {
  const bytes = Buffer.from(text);
  return Buffer.concat([rawBlock({ name: 'content', size: octal(bytes.length) }), padded(text)]);
});
const noise = fc.oneof(fc.constant(Buffer.alloc(512)), fc.uint8Array({ maxLength: 600 }).map(Buffer.from));
const piece = fc.oneof(
  { weight: 6, arbitrary: header },
  { weight: 4, arbitrary: pax },
  { weight: 3, arbitrary: content },
  { weight: 1, arbitrary: noise },
);

/** Pieces in a row, some of them many times over, and some bytes of them changed. */
const tar: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.array(
      fc.tuple(piece, fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(120) })),
      {
        maxLength: 20,
      },
    ),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.tuple(fc.nat(), fc.nat(255))) },
    ),
    fc.boolean(),
  )
  .map(([pieces, changes, isEnded]) => {
    const parts = pieces.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes));
    const whole = Buffer.concat(isEnded ? [...parts, Buffer.alloc(1024)] : parts).subarray(0, largest);
    for (const [at, byte] of changes) if (whole.length > 0) whole[at % whole.length] = byte;
    return whole;
  });

async function* chunks(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}

function rowsOf(stage: 'read' | 'index' | 'unpack'): Row<Buffer>[] {
  return hostileLayers.map((layer) => ({
    title: layer.title,
    input: layer.tar,
    want: layer[stage] === 'ok' ? 'value' : [layer[stage]],
  }));
}

export const tarFile = target<Buffer>({
  name: 'tar',
  input: tar,
  run: async (bytes) => {
    let size = 0;
    for await (const { body } of readTar(chunks(bytes))) for await (const part of body) size += part.length;
    if (size > bytes.length) throw new Error(`${size} bytes of content in ${bytes.length}`);
    return size;
  },
  rows: rowsOf('read'),
});

const lower = [directory('a'), file('a/b', 'x'), file('q'), symlink('l', '../..'), directory('a/a')];

export const layer = target<Buffer>({
  name: 'layer',
  input: tar,
  run: async (bytes) => {
    const { index } = await indexLayer(chunks(bytes), {}, signal);
    const parsed = parseIndex(serializeIndex(index));
    if (!parsed.ok) throw new Error(`an index of our own is refused: ${parsed.failure[0].message}`);
    const tree = Tree.of([lower, parsed.value]);
    for (const { path } of tree.walk())
      if (!tree.names(path).includes(path)) throw new Error(`${path} has lost its name`);
    return index.length;
  },
  budget: 3000,
  rows: rowsOf('index'),
});

export const unpacking = target<Buffer>({
  name: 'unpacking',
  input: tar,
  run: async (bytes) => {
    await using temp = await tempDir(existsSync('/dev/shm') ? '/dev/shm' : undefined);
    const how = { whiteouts: 'apply', owner: 'ignore', xattrs: 'skip' } as const;
    await unpackLayer({ tar: chunks(bytes), into: temp.path }, how, signal);
  },
  budget: 10_000,
  slice: 60,
  rows: [],
});

const entries = [
  ...lower,
  file('f', 'x', { xattrs: { 'user.a': 'YQ==' } }),
  hardlink('h', 'f'),
  whiteout('w'),
  opaque(''),
  { type: 'fifo', path: 'p', mode: 0o600, uid: 1, gid: 2, mtime: -3 } as const,
  { type: 'char-device', path: 'c', mode: 0o600, uid: 1, gid: 2, mtime: 3, major: 1, minor: 3 } as const,
];
const written = serializeIndex(entries);
const tokens = [
  '[',
  ']',
  '"',
  ',',
  '\n',
  '{',
  '}',
  '0',
  '-1',
  '1e99',
  'null',
  '"f"',
  '"constructor"',
  '"../x"',
  '""',
  '["w","a"]\n',
];

export const layerIndex = target<string>({
  name: 'layer index',
  input: fc.oneof(
    pumped(tokens),
    spliced([written], pumped(tokens)),
    spliced([written], fc.constantFrom(...tokens)),
    fc.array(fc.constantFrom(...entries)).map((some) => serializeIndex(some)),
  ),
  run: (text) => {
    const parsed = parseIndex(text);
    return parsed.ok ? parseIndex(serializeIndex(parsed.value)) : parsed;
  },
  rows: [
    { title: 'every kind of entry', input: () => written, want: 'value' },
    { title: 'nothing', input: () => '', want: ['layer-index-invalid'] },
    ...(
      [
        ['a letter that every object has', '["constructor","a"]'],
        ['a letter that is no text', '[["f"],"a"]'],
        ['a path that is no text', '["w",1]'],
        ['a path out of the root', '["w","../a"]'],
        ['a negative size', `["f","a",0,0,0,0,-1,"${'0'.repeat(64)}"]`],
        ['a digest that is none', '["f","a",0,0,0,0,1,"../../x"]'],
        ['attributes that are a list', '["d","a",0,0,0,0,[]]'],
        ['more than belongs there', '["w","a","b"]'],
        ['brackets inside one another', `${'['.repeat(30_000)}${']'.repeat(30_000)}`],
      ] as const
    ).map(([title, row]) => ({
      title,
      input: () => `["cip.layer-index/v1",1]\n${row}\n`,
      want: ['layer-index-invalid'],
    })),
  ],
});
