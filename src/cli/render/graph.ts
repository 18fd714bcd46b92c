import { formatPlatform } from '../../oci/platform.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { ImageName } from '../../project/image-name.ts';
import { levelsOf } from '../../project/level.ts';

/** What a drawing is made of: the graph, and which of its images are to be seen. */
export interface DrawnGraph {
  readonly graph: DependencyGraph;
  readonly images: ReadonlySet<ImageName>;
}

/** The values of `cip graph --format`. */
export type GraphFormat = 'tree' | 'json' | 'dot' | 'mermaid';

/** The whole text, with a newline at its end; equal graphs give equal text. */
export function drawGraph(drawn: DrawnGraph, format: GraphFormat): string {
  return { tree, json, dot, mermaid }[format](drawn);
}

/** Every image once with all that is built from it; under its other parents only its name, and where to look. */
function tree(drawn: DrawnGraph): string {
  const places = expandedUnder(drawn);
  const printed = new Set<ImageName>();
  const lines: string[] = [];
  /** What stands before the name of an image, and before the branches below it. */
  type Stem = readonly [own: string, below: string];
  const print = (name: ImageName, parent: ImageName | undefined, [own, below]: Stem) => {
    const label = `${own}${labelOf(drawn, name)}`;
    if (places.get(name) !== parent) {
      lines.push(`${label}   (${printed.has(name) ? 'above' : 'below'})`);
      return;
    }
    lines.push(label);
    printed.add(name);
    const children = visible(drawn, drawn.graph.children.get(name));
    for (const [index, child] of children.entries()) {
      const isLast = index === children.length - 1;
      print(child, name, isLast ? [`${below}└─ `, `${below}   `] : [`${below}├─ `, `${below}│  `]);
    }
  };
  for (const root of roots(drawn)) print(root, undefined, ['', '']);
  const external = [...new Set(externals(drawn).map(({ reference }) => reference))];
  if (external.length > 0) lines.push(`external: ${external.join(', ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

/** `cip.graph/v1`. An edge goes from the image whose Dockerfile names another to the one it names. */
function json(drawn: DrawnGraph): string {
  const { graph } = drawn;
  const levels = levelsOf({ order: inOrder(drawn), parents: drawn.graph.parents });
  const document = {
    schema: 'cip.graph/v1',
    nodes: inOrder(drawn).map((name) => {
      const context = graph.project.contexts.get(name)!;
      const { path, version, platforms } = context;
      return { name, version, context: path, level: levels.get(name)!, platforms: platforms.map(formatPlatform) };
    }),
    edges: graph.edges
      .filter(({ from, to }) => drawn.images.has(from) && drawn.images.has(to))
      .map(({ from, to, kind, text, at }) => ({ from, to, kind, reference: text, file: at.file, line: at.line })),
    external: externals(drawn).map(({ from, kind, reference, at }) => {
      return { from, kind, reference, file: at.file, line: at.line };
    }),
    failures: [],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function dot(drawn: DrawnGraph): string {
  const nodes = inOrder(drawn).map((name) => `  "${name}" [label="${labelOf(drawn, name)}"];`);
  const edges = arrows(drawn).map(([parent, child]) => `  "${parent}" -> "${child}";`);
  return `${['digraph images {', '  rankdir=LR;', '  node [shape=box];', ...nodes, ...edges, '}'].join('\n')}\n`;
}

/** Names that mean something to mermaid, or have dots, are replaced by numbers. */
function mermaid(drawn: DrawnGraph): string {
  const names = inOrder(drawn);
  const id = (name: ImageName) =>
    /[.]|__|^(end|graph|flowchart|subgraph|class|click|style|default)$/.test(name) ? `i${names.indexOf(name)}` : name;
  const nodes = names.map((name) => `  ${id(name)}["${labelOf(drawn, name)}"]`);
  const edges = arrows(drawn).map(([parent, child]) => `  ${id(parent)} --> ${id(child)}`);
  return `${['graph LR', ...nodes, ...edges].join('\n')}\n`;
}

/** The parent below which an image is drawn with its children: of several the one with the highest level. */
function expandedUnder(drawn: DrawnGraph): ReadonlyMap<ImageName, ImageName | undefined> {
  const levels = levelsOf({ order: inOrder(drawn), parents: drawn.graph.parents });
  return new Map(
    inOrder(drawn).map((name) => {
      const parents = visible(drawn, drawn.graph.parents.get(name));
      return [
        name,
        parents.reduce<ImageName | undefined>((best, parent) => {
          return best !== undefined && levels.get(best)! >= levels.get(parent)! ? best : parent;
        }, undefined),
      ];
    }),
  );
}

function arrows(drawn: DrawnGraph): (readonly [parent: ImageName, child: ImageName])[] {
  return inOrder(drawn).flatMap((parent) =>
    visible(drawn, drawn.graph.children.get(parent)).map((child) => [parent, child] as const),
  );
}

function roots(drawn: DrawnGraph): ImageName[] {
  return inOrder(drawn).filter((name) => visible(drawn, drawn.graph.parents.get(name)).length === 0);
}

function externals({ graph, images }: DrawnGraph) {
  return graph.externals.filter(({ from }) => images.has(from));
}

function inOrder({ graph, images }: DrawnGraph): ImageName[] {
  return graph.order.filter((name) => images.has(name));
}

function visible({ images }: DrawnGraph, names: readonly ImageName[] = []): ImageName[] {
  return names.filter((name) => images.has(name));
}

function labelOf({ graph }: DrawnGraph, name: ImageName): string {
  return `${name} ${graph.project.contexts.get(name)!.version}`;
}
