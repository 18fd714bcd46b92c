/**
 * What grows with a layer grows with its bytes, not with their square: each row takes some hundredths of a second of
 * processor time as it should be, and several seconds as it once was.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LayerLinks } from '../../src/layer/layer-links.ts';
import { Tree } from '../../src/layer/tree.ts';
import { chainIDsOf } from '../../src/oci/chain-id.ts';
import { DiffID, digestOf } from '../../src/oci/digest.ts';
import { encodePax } from '../../src/tar/pax.ts';
import { readTar } from '../../src/tar/read.ts';
import { end, octal, rawBlock } from '../tar/raw-block.ts';
import { file } from './entries.ts';

/** Milliseconds of processor time. */
const budget = 2500;

const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

const rows: readonly (readonly [title: string, prepare: () => () => unknown])[] = [
  [
    'a hundred layers of a file two thousand directories deep',
    () => {
      const layers = times(100, (at) => [file(`${at}/${'d/'.repeat(2000)}f`)]);
      return () => Tree.of(layers).lookup('0');
    },
  ],
  [
    'three thousand layers of a file on a directory of twenty thousand',
    () => {
      const layers = [times(20_000, (at) => file(`f${at}`)), ...times(3000, (at) => [file(`f${at}`)])];
      return () => Tree.of(layers).lookup('f1');
    },
  ],
  [
    'the identities of five thousand layers',
    () => {
      const layers = times(5000, (at) => DiffID.parse(digestOf(`${at}`)));
      return () => chainIDsOf(layers);
    },
  ],
  [
    'a hundred and fifty thousand files in a deep directory, in a layer with a link',
    () => {
      const path = 'd/'.repeat(1500);
      return () => {
        const links = new LayerLinks();
        links.add('link', 'elsewhere');
        for (let at = 0; at < 150_000; at += 1) links.follow(`${path}${at}`);
      };
    },
  ],
  [
    'eight thousand global headers, each of another key',
    () => {
      const headers = times(8000, (at) => {
        const bytes = encodePax([[`key${at}`, 'x']]);
        const content = Buffer.concat([bytes, Buffer.alloc(512 - (bytes.length % 512))]);
        return Buffer.concat([rawBlock({ typeflag: 'g', size: octal(bytes.length) }), content]);
      });
      const tar = [...headers, rawBlock({ name: 'f' }), end];
      return async () => {
        for await (const _ of readTar(chunks(tar)));
      };
    },
  ],
];

async function* chunks(all: readonly Buffer[]): AsyncGenerator<Buffer, void, undefined> {
  yield* all;
}

for (const [title, prepare] of rows) {
  test(`${title} cost what they hold`, async () => {
    const work = prepare();
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    assert.ok((user + system) / 1000 < budget, `${(user + system) / 1000} ms of processor time`);
  });
}
