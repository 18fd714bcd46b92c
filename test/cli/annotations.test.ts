/** What `--annotation` and the keys of `--output` say, and what of an image they are about. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAnnotation, parseAnnotationKey } from '../../src/cli/options/annotation-text.ts';
import { annotationsAt, annotationsByDocument, formatPlace } from '../../src/oci/placed-annotation.ts';

const placed = (found: readonly { level: string; platform?: string | undefined; name: string; value: string }[]) =>
  found.map(({ level, platform = '', name, value }) => `${level} ${platform} ${name} ${value}`);

/** Text → what is annotated, or a part of what is wrong. */
const texts: Readonly<Record<string, readonly string[] | string>> = {
  'a=b': ['manifest  a b'],
  'a=': ['manifest  a '],
  'a=b=c:d': ['manifest  a b=c:d'],
  'manifest:a=b': ['manifest  a b'],
  'index:a:c=b': ['index  a:c b'],
  'index,manifest-descriptor:a=b': ['index  a b', 'manifest-descriptor  a b'],
  'manifest[linux/arm64/v8],index-descriptor:a=b': ['manifest linux/arm64 a b', 'index-descriptor  a b'],
  'org.Example/A.b=two\nlines': ['manifest  org.Example/A.b two\nlines'],
  a: 'it has no value',
  '': 'it has no value',
  '=b': 'it has no name',
  'index:=b': 'it has no name',
  'a b=c': 'its name has blanks',
  'image:a=b': 'not of "image"',
  ':a=b': 'not of ""',
  'index,:a=b': 'not of ""',
  'manifest[linux/arm64:a=b': 'not of "manifest[linux/arm64"',
  'manifest[linux/odd]:a=b': 'architecture',
  'manifest[]:a=b': 'platform',
  'index[linux/arm64]:a=b': 'an index is of all platforms',
  'io.github.container-image-pipelines.build-key=b': 'is written by cip itself',
  'index:org.opencontainers.image.base.digest=b': 'is written by cip itself',
};

for (const [text, wanted] of Object.entries(texts)) {
  test(`--annotation ${JSON.stringify(text)}`, () => {
    const read = parseAnnotation(text);
    if ('found' in read) assert.deepEqual(placed(read.found), wanted);
    else assert.ok(typeof wanted === 'string' && read.message.includes(wanted), read.message);
  });
}

/** Key → place and name, a part of what is wrong, or nothing for a key of something else. */
const keys: Readonly<Record<string, readonly string[] | string | undefined>> = {
  'annotation.a': ['manifest  a '],
  'annotation.a.b': ['manifest  a.b '],
  'annotation[linux/arm64].a': ['manifest linux/arm64 a '],
  'annotation-index.a': ['index  a '],
  'annotation-manifest-descriptor[linux/amd64].a': ['manifest-descriptor linux/amd64 a '],
  'annotation-index-descriptor.A': ['index-descriptor  A '],
  annotations: undefined,
  name: undefined,
  annotation: 'it has no name',
  'annotation-index': 'it has no name',
  'annotation.': 'it has no name',
  'annotation-layer.a': 'not of "layer"',
  'annotation-index[linux/amd64].a': 'an index is of all platforms',
};

for (const [key, wanted] of Object.entries(keys)) {
  test(`--output …,${key}=`, () => {
    const read = parseAnnotationKey(key);
    if (read === undefined || wanted === undefined) assert.equal(read, wanted);
    else if ('found' in read) assert.deepEqual(placed([{ ...read.found, value: '' }]), wanted);
    else assert.ok(typeof wanted === 'string' && read.message.includes(wanted), read.message);
  });
}

test('what is said of a platform goes before what is said of all, and else what comes later', () => {
  const all = ['manifest[linux/arm64]:a=1', 'a=2', 'b=3', 'b=4', 'index,manifest-descriptor:c=5'].flatMap((text) => {
    const read = parseAnnotation(text);
    return 'found' in read ? read.found : [];
  });
  assert.deepEqual(annotationsAt(all, 'manifest'), { a: '2', b: '4' });
  assert.deepEqual(annotationsByDocument(all, ['linux/arm64', 'linux/amd64']), {
    manifests: { 'linux/arm64': { a: '1', b: '4' }, 'linux/amd64': { a: '2', b: '4' } },
    entries: { 'linux/arm64': { c: '5' }, 'linux/amd64': { c: '5' } },
    index: { c: '5' },
  });
  assert.deepEqual(all.map(formatPlace), [
    'manifest[linux/arm64]:a',
    'manifest:a',
    'manifest:b',
    'manifest:b',
    'index:c',
    'manifest-descriptor:c',
  ]);
});
