import fc from 'fast-check';
import type { ProjectFiles } from './project-files.ts';

/** How a reference to `NAME:VERSION` of the project may be written, in a Dockerfile with `ARG REGISTRY`. */
const spellings: readonly ((name: string, version: string, index: number) => readonly [above: string, line: string])[] =
  [
    (name, version) => ['', `FROM \${REGISTRY}/${name}:${version}`],
    (name, version) => ['', `FROM --platform=linux/amd64 $REGISTRY/${name}:${version} AS x`],
    (name, version, index) => [`ARG V${index}="${version}"`, `FROM \${REGISTRY:-x}/${name}:\${V${index}}`],
    (name, version, index) => [`ARG I${index}=\${REGISTRY}/${name}:${version}`, `FROM $I${index}`],
    (name, version) => ['', `FROM scratch\nCOPY --from=\${REGISTRY}/${name}:${version} /a /b`],
    (name, version) => [
      '',
      `FROM scratch\nRUN --mount=type=bind,from=$REGISTRY/${name}:${version},target=/x <<E\nFROM x\nE`,
    ],
    (name, version) => ['', `FROM scratch\nONBUILD COPY --from=$REGISTRY/${name}:${version} /a /b`],
  ];
const floating = ['latest', '0'];

const version = fc.tuple(fc.nat(2), fc.nat(12), fc.option(fc.nat(11))).map(([minor, patch, prerelease]) => {
  const release = `1.${minor}.${patch}`;
  return prerelease === null ? release : `${release}-rc.${prerelease}`;
});
const layout = fc.record({
  crlf: fc.boolean(),
  byteOrderMark: fc.boolean(),
  finalNewline: fc.boolean(),
  old: fc.boolean(),
});
const reference = fc.record({
  parent: fc.nat(),
  spelling: fc.constantFrom(...spellings),
  tag: fc.oneof(fc.constant('current'), fc.constant('old'), fc.constantFrom(...floating)),
});
const context = fc.record({ version, layout, references: fc.array(reference, { maxLength: 3 }) });

/** Up to 12 images that refer to earlier ones in all ways, at their version, an older one, or none; in every layout. */
export const arbitraryProject: fc.Arbitrary<ProjectFiles> = fc
  .array(context, { minLength: 1, maxLength: 12 })
  .map((contexts) =>
    Object.fromEntries(
      contexts.map(({ version, layout, references }, index) => {
        const lines = references
          .filter(() => index > 0)
          .map(({ parent, spelling, tag }, number) => {
            const other = parent % index;
            const tags: Readonly<Record<string, string>> = { current: contexts[other]!.version, old: '0.9.0' };
            return spelling(`i${other}`, tags[tag] ?? tag, number);
          });
        const dockerfile = [
          'ARG REGISTRY',
          ...lines.map(([above]) => above),
          ...lines.map(([, line]) => line),
          'FROM scratch',
        ];
        const write = (text: string) =>
          `${layout.byteOrderMark ? '\ufeff' : ''}${text}${layout.finalNewline ? '\n' : ''}`.replaceAll(
            '\n',
            layout.crlf ? '\r\n' : '\n',
          );
        const metadata: Readonly<Record<string, string>> = layout.old
          ? { VERSION: write(version) }
          : { 'info.edn': write(`; "${version}"\n{:other "${version}",\n :version "${version}" #_ "é"}`) };
        return [
          `${String(index).padStart(2, '0')}-i${index}`,
          { Dockerfile: write(dockerfile.join('\n')), ...metadata },
        ];
      }),
    ),
  );
