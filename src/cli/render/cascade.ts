import type { Cascade, VersionBump } from '../../project/cascade.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { ImageName } from '../../project/image-name.ts';
import { plural } from './plural.ts';

/** For a script: what a cascade changes, and where. */
export function cascadeDocument({ bumps, edits, files }: Cascade) {
  return {
    schema: 'cip.cascade/v1',
    bumps,
    edits: edits.map(({ name, parent, at, before, after }) => {
      return { name, ...(parent && { parent }), file: at.file, line: at.line, column: at.column, before, after };
    }),
    files: files.map(({ file }) => file),
    failures: [],
  };
}

/**
 * What is behind, as a tree below the images whose versions changed; one with several such parents stands below the
 * last of them.
 */
export function cascadeTree(cascade: Cascade, graph: DependencyGraph): string {
  const bumps = new Map(cascade.bumps.map((bump) => [bump.name, bump]));
  const roots = graph.order.filter((name) => {
    return !bumps.has(name) && cascade.bumps.some(({ because }) => because.includes(name));
  });
  const below = (parent: ImageName) => cascade.bumps.filter(({ because }) => because.at(-1) === parent);
  const rows: { readonly tree: string; readonly bump?: VersionBump; readonly label: string }[] = [];
  const add = (parent: ImageName, lead: string) => {
    const children = below(parent);
    for (const [index, bump] of children.entries()) {
      const last = index === children.length - 1;
      rows.push({ tree: `${lead}${last ? '└─' : '├─'} ${bump.name}`, bump, label: `${bump.from} → ${bump.to}` });
      add(bump.name, `${lead}${last ? '   ' : '│  '}`);
    }
  };
  for (const root of roots) {
    rows.push({ tree: root, label: graph.project.contexts.get(root)!.version });
    add(root, '');
  }
  const width = Math.max(0, ...rows.map(({ tree }) => tree.length));
  const versions = Math.max(0, ...rows.map(({ label }) => label.length));
  return rows
    .map(({ tree, bump, label }) => {
      const where = bump === undefined ? '' : `  ${placesOf(cascade, bump)}`;
      return `  ${tree.padEnd(width)}  ${where === '' ? label : label.padEnd(versions)}${where}\n`;
    })
    .join('');
}

/** `30 images, 60 files, 31 references`. */
export function cascadeSize({ bumps, files, edits }: Cascade): string {
  const references = edits.filter(({ parent }) => parent !== undefined);
  return [plural(bumps.length, 'image'), plural(files.length, 'file'), plural(references.length, 'reference')].join(
    ', ',
  );
}

/** `contexts/02-web/Dockerfile:6,9`, and how many parents there are if several. */
function placesOf({ edits }: Cascade, { name, because }: VersionBump): string {
  const lines = new Map<string, Set<number>>();
  for (const { at, parent } of edits.filter((edit) => edit.name === name)) {
    if (parent !== undefined) lines.set(at.file, (lines.get(at.file) ?? new Set()).add(at.line));
  }
  const places = [...lines].map(([file, numbers]) => `${file}:${[...numbers].join(',')}`).join(' ');
  return because.length > 1 ? `${places}   (${because.length} parents, 1 bump)` : places;
}
