import type { Fault } from '../fault.ts';

const contract = ['test/engine/exporter/exporter.test.ts'];

export const faults: readonly Fault[] = [
  {
    name: 'an OCI layout has one name alone',
    file: 'src/engine/exporter/layout-files.ts',
    find: 'const entries = names.map(',
    replace: 'const entries = names.slice(0, 1).map(',
    tests: contract,
  },
  {
    name: 'an OCI layout of an image without a name has no image',
    file: 'src/engine/exporter/layout-files.ts',
    find: 'entries.length > 0 ? entries : [image]',
    replace: 'entries.length > -1 ? entries : [image]',
    tests: contract,
  },
  {
    name: 'layers leave uncompressed',
    file: 'src/engine/exporter/oci-layout.ts',
    find: 'image: await preparation.prepare(image, signal, output.form)',
    replace: 'image: (void preparation, image)',
    tests: contract,
  },
  {
    name: 'what is returned is the image of the store',
    file: 'src/engine/exporter/oci-layout.ts',
    find: 'return exported.image;',
    replace: 'return image;',
    tests: contract,
  },
  {
    name: 'what was begun stays when it fails',
    file: 'src/engine/exporter/output-file.ts',
    find: '    await removeTree(unfinished);\n',
    replace: '    void removeTree;\n',
    tests: contract,
  },
  {
    name: 'an OCI layout is written where it is to be',
    file: 'src/engine/exporter/output-file.ts',
    find: 'const unfinished = join(dirname(path), unfinishedName());',
    replace: 'const unfinished = path;',
    tests: contract,
  },
  {
    name: 'a tar lacks its first blob',
    file: 'src/engine/exporter/layout-files.ts',
    find: 'for (const blob of await reachedFrom(exported.image, from, signal))',
    replace: 'for (const blob of (await reachedFrom(exported.image, from, signal)).slice(1))',
    tests: contract,
  },
  {
    name: 'the store is given the first name alone',
    file: 'src/engine/exporter/store.ts',
    find: 'names.map((name)',
    replace: 'names.slice(0, 1).map((name)',
    tests: contract,
  },
  {
    name: 'names are set though the build has ended',
    file: 'src/engine/exporter/store.ts',
    find: 'image])), signal);',
    replace: 'image])), new AbortController().signal);',
    tests: contract,
  },
  {
    name: 'a registry is given uncompressed layers',
    file: 'src/engine/exporter/registry.ts',
    find: 'const sent = await preparation.prepare(image, signal, this.#output.form);',
    replace: 'const sent = preparation ? image : image;',
    tests: contract,
  },
  {
    name: 'a registry is not given the tag',
    file: 'src/engine/exporter/registry.ts',
    find: 'await remote.putManifest(tagOrDigest(name), { descriptor: sent, bytes }, signal);',
    replace: 'await remote.putManifest(sent.digest, { descriptor: sent, bytes }, signal);',
    tests: contract,
  },
  {
    name: 'a registry is given the tag before the image',
    file: 'src/engine/exporter/registry.ts',
    find: '      await copyGraph(sent, { from: store.blobs, to: remote, onProgress }, signal);\n      await remote.putManifest(tagOrDigest(name), { descriptor: sent, bytes }, signal);',
    replace:
      '      await remote.putManifest(tagOrDigest(name), { descriptor: sent, bytes }, signal);\n      await copyGraph(sent, { from: store.blobs, to: remote, onProgress }, signal);',
    tests: contract,
  },
  {
    name: 'what is pushed is not told',
    file: 'src/engine/exporter/registry.ts',
    find: "progress.emit({ type: 'image-pushed', ...pushed });",
    replace: 'void progress;\n      void pushed;',
    tests: contract,
  },
  {
    name: 'a layer is not compressed where another of the image was',
    file: 'src/engine/exporter/push-preparation.ts',
    find: 'for (const layer of value.layers) layers.push(await this.#layer(layer, form, signal));',
    replace:
      'for (const layer of value.layers) layers.push(layers.length > 0 ? layer : await this.#layer(layer, form, signal));',
    tests: contract,
  },
];
