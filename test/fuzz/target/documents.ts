import fc from 'fast-check';
import { childrenOf } from '../../../src/oci/copy-graph.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { ImageConfig } from '../../../src/oci/image-config.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseAs, parseDocument } from '../../../src/oci/parse-document.ts';
import { isAttestation, selectPlatform } from '../../../src/oci/platform-match.ts';
import { documentOf } from '../../../src/oci/read-document.ts';
import { pumped, spliced } from '../generators.ts';
import { target } from '../target.ts';

const descriptor = (mediaType: string, rest = '') =>
  `{"mediaType":"${mediaType}","digest":"${digestOf(mediaType)}","size":7${rest}}`;

const manifest = `{"schemaVersion":2,"mediaType":"${mediaTypes.imageManifest}","config":${descriptor(mediaTypes.imageConfig)},"layers":[${descriptor(mediaTypes.layerTarGzip, ',"annotations":{"a":"b"}')}],"annotations":{"a":"b"}}`;

const index = `{"schemaVersion":2,"mediaType":"${mediaTypes.imageIndex}","manifests":[${descriptor(mediaTypes.imageManifest, ',"platform":{"os":"linux","architecture":"arm","variant":"v7"}')},${descriptor(mediaTypes.dockerManifest, ',"platform":{"os":"unknown","architecture":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest"}')}]}`;

export const baseConfig = `{"architecture":"amd64","os":"linux","created":"2020-01-01T00:00:00Z","config":{"Env":["PATH=/bin","a=b"],"Cmd":["sh"],"Labels":{"a":"b"},"ExposedPorts":{"80/tcp":{}},"OnBuild":["ENV c=$a"],"User":"1:2","WorkingDir":"/a","Healthcheck":{"Test":["CMD","x"],"Interval":1}},"rootfs":{"type":"layers","diff_ids":["${digestOf('layer')}"]},"history":[{"created_by":"x"},{"empty_layer":true}]}`;

/** A value of any kind in the place of any other. */
const odd = [
  ...['null', 'true', '0', '-1', '1e999', '1.5', '9007199254740993', '""', '"a"', '[]', '{}', '[null]', '{"a":null}'],
  ...['"\\u0000"', '"\\ud800"', '{"__proto__":{"a":1}}', '{"constructor":1}', '"constructor"', '"__proto__"', '["=x"]'],
  `["${'a'.repeat(20_000)}"]`,
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
];
const value = /"[^"]*"(?!:)|\b\d+\b|\[[^[\]]*\]|\{[^{}]*\}/g;
const replaced = (seed: string) => {
  const places = [...seed.matchAll(value)];
  return fc
    .tuple(fc.constantFrom(...places), fc.constantFrom(...odd))
    .map(([place, text]) => seed.slice(0, place.index) + text + seed.slice(place.index + place[0].length));
};
const tokens = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '"a"',
  '"a":',
  'null',
  '1',
  'e9',
  '-',
  '\\',
  '\\u0000',
  '"__proto__":',
  '\ufeff',
];
const mutated = (seed: string) => fc.oneof(replaced(seed), spliced([seed], pumped(tokens)), fc.constant(seed));

export const configText = mutated(baseConfig);

interface Answer {
  readonly text: string;
  readonly mediaType: string;
}

/** A manifest or an index that a registry gives. */
export const manifestOrIndex = target<Answer>({
  name: 'manifest',
  input: fc.record({
    text: fc.oneof(mutated(manifest), mutated(index)),
    mediaType: fc.constantFrom(...Object.values(mediaTypes), 'application/json', 'text/html', '', 'constructor'),
  }),
  run: ({ text, mediaType }) => {
    const bytes = Buffer.from(text);
    const parsed = parseDocument(bytes, mediaType, 'it');
    if (!parsed.ok) return parsed;
    const root = { mediaType, digest: digestOf(bytes), size: bytes.length };
    const children = childrenOf(documentOf(root, bytes, parsed.value));
    for (const platform of [
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64' },
    ]) {
      selectPlatform(children, platform);
    }
    return JSON.stringify(parsed.value.value).length + children.filter(isAttestation).length;
  },
  rows: [
    { title: 'a manifest', input: () => ({ text: manifest, mediaType: mediaTypes.imageManifest }), want: 'value' },
    { title: 'an index', input: () => ({ text: index, mediaType: mediaTypes.imageIndex }), want: 'value' },
    {
      title: 'a platform named like what every object has',
      input: () => ({ text: index.replace('"arm"', '"constructor"'), mediaType: mediaTypes.imageIndex }),
      want: 'value',
    },
    {
      title: 'a variant named like what every object has',
      input: () => ({ text: index.replace('"v7"', '"__proto__"'), mediaType: mediaTypes.imageIndex }),
      want: 'value',
    },
    {
      title: 'an index of 300 kB',
      input: () => ({
        text: index.replace('[{', `[${`${descriptor(mediaTypes.imageManifest)},`.repeat(2000)}{`),
        mediaType: mediaTypes.imageIndex,
      }),
      want: 'value',
    },
    {
      title: 'keys that set what an object is made from',
      input: () => ({ text: manifest.replace('"a":"b"', '"__proto__":"b"'), mediaType: mediaTypes.imageManifest }),
      want: 'value',
    },
    {
      title: '30,000 levels of what nobody knows',
      input: () => ({
        text: manifest.replace('{', `{"x":${'['.repeat(30_000)}${']'.repeat(30_000)},`),
        mediaType: mediaTypes.imageManifest,
      }),
      want: ['document-not-understood'],
    },
    {
      title: '60,000 open brackets',
      input: () => ({ text: '['.repeat(60_000), mediaType: mediaTypes.imageManifest }),
      want: ['document-not-understood'],
    },
    {
      title: 'nothing',
      input: () => ({ text: '', mediaType: mediaTypes.imageManifest }),
      want: ['document-not-understood'],
    },
    {
      title: 'a page of HTML',
      input: () => ({ text: `<!DOCTYPE html>${'<p>'.repeat(20_000)}`, mediaType: 'text/html' }),
      want: ['document-not-understood'],
    },
    {
      title: 'a media type of 60,000 characters',
      input: () => ({
        text: manifest.replace(mediaTypes.imageManifest, 'a'.repeat(60_000)),
        mediaType: mediaTypes.imageManifest,
      }),
      want: ['document-not-understood'],
    },
  ],
});

export const imageConfig = target({
  name: 'config',
  input: configText,
  run: (text: string) => {
    const parsed = parseAs(ImageConfig, Buffer.from(text), { kind: 'the configuration of an image', name: 'it' });
    return parsed.ok ? JSON.stringify(structuredClone(parsed.value)).length : parsed;
  },
  rows: [{ title: 'one with everything', input: () => baseConfig, want: 'value' }],
});
