import type { PlaceResult } from './cases.ts';
import { EXAMPLE, placeCases } from './cases.ts';
import type { Place } from './places.ts';

/** What a place did with each Node, by its major version. */
export interface Tried {
  readonly place: Place;
  readonly byNode: ReadonlyMap<number, PlaceResult>;
}

const titles: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(placeCases).map(([name, { title }]) => [name, title])),
  [EXAMPLE]: 'the example project',
};

/** One cell of the table: the tier, and how many of the cases are as root of the machine makes them. */
export function cellOf(result: PlaceResult, byRoot: PlaceResult): string {
  const names = Object.keys(titles);
  const equal = names.filter((name) => verdict(name, result, byRoot) === 'equal').length;
  return `${tierOf(result)}, ${equal === names.length ? `all ${equal}` : `${equal} of ${names.length}`}`;
}

/** What a place could not do, and what it said: a section of the page. */
export function sectionOf(result: PlaceResult, byRoot: PlaceResult): string {
  const lines: string[] = [`\`cip doctor\`: tier ${result.tier}.`, ''];
  const lacking = Object.keys(titles).filter((name) => verdict(name, result, byRoot) !== 'equal');
  for (const name of lacking) lines.push(`- ${titles[name]}: ${verdict(name, result, byRoot)}`);
  if (lacking.length > 0) lines.push('');
  const said = [...new Set(Object.values(result.cases).flatMap((one) => one.said.map(lasting)))].sort();
  lines.push(...(said.length === 0 ? ['Nothing is said.'] : ['It is said:', '', ...said.map((text) => `- ${text}`)]));
  return lines.join('\n');
}

function verdict(name: string, result: PlaceResult, byRoot: PlaceResult): string {
  const [own, other] = [result.cases[name]!, byRoot.cases[name]!];
  if (own.outcome !== 'built') return `\`${own.outcome}\``;
  const isEqual = own.ids.join() === other.ids.join();
  if (isEqual || other.outcome !== 'built') return 'equal';
  return 'built, but not the same image as root of the machine makes';
}

function tierOf({ tier }: PlaceResult): string {
  return /^[a-z]+/.exec(tier)?.[0] ?? '';
}

/** Without what is another in each run: directories of the store, ids that are free, ports. */
function lasting(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/(?<![\w.])\/[^\s:]*\/(store[^/\s:]*)\/[^\s:,;]*/g, '…/$1/…')
    .replaceAll(/\d{6,}-\d{6,}/g, 'FIRST-LAST')
    .trim();
}

/** Of Node: those that are maintained, or were until lately. */
export const nodeReleases = [20, 22, 24, 26] as const;

/** All of doc/places.md. `tried` begins with root of the machine, whom the others are compared with. */
export function pageOf(tried: readonly Tried[]): string {
  const root = tried[0]!.byNode;
  const rows = tried.map(({ place, byNode }) => [
    place.title,
    ...nodeReleases.map((release) => cellOf(byNode.get(release)!, root.get(release)!)),
  ]);
  const table = markdownTable([['place', ...nodeReleases.map((release) => `Node ${release}`)], ...rows]);
  const sections = tried.flatMap(({ place, byNode }) => [
    `## ${place.title}`,
    '',
    ...sectionsOf(byNode, root).flatMap(([releases, text]) => [
      ...(releases.length === nodeReleases.length ? [] : [`Node ${releases.join(', ')}:`, '']),
      text,
      '',
    ]),
  ]);
  return `${[...head, ...table, '', ...sections].join('\n').trimEnd()}\n`;
}

/** What the page says of a place and a release; undefined where it does not have them. */
export function saidOnPage(
  page: string,
  { title }: Place,
  release: number,
): { readonly cell: string | undefined; readonly section: string | undefined } {
  const row = page.split('\n').find((line) => line.startsWith(`| ${title} `));
  const cell = row?.split('|')[2 + nodeReleases.map(Number).indexOf(release)]?.trim();
  const sections = page.split(/^## /m).slice(1);
  const body = sections
    .find((text) => text.startsWith(`${title}\n`))
    ?.slice(title.length)
    .trim();
  const groups = (body ?? '').split(/^Node ([\d, ]+):$/m);
  const index = groups.findIndex((text, at) => at % 2 === 1 && text.split(', ').includes(`${release}`));
  return { cell, section: index === -1 ? body : groups[index + 1]?.trim() };
}

/** Releases for which the same is to be said are said together. */
function sectionsOf(
  byNode: Tried['byNode'],
  root: Tried['byNode'],
): readonly (readonly [releases: readonly number[], text: string])[] {
  const byText = new Map<string, number[]>();
  for (const [release, result] of byNode) {
    const text = sectionOf(result, root.get(release)!);
    byText.set(text, [...(byText.get(text) ?? []), release]);
  }
  return [...byText].map(([text, releases]) => [releases, text]);
}

const head = [
  '# Where it runs',
  '',
  '<!-- Made by `npm run places`, which builds all of it in each place. -->',
  '',
  `The ${Object.keys(titles).length} builds of \`test/places/cases.ts\` in each place, with each release of Node: what steps are kept in there, and how`,
  'many of the builds end in the image, to the byte, that root of the machine makes. Containers are those of `podman run` and `docker run` with their',
  'default profiles, without network, of a Debian 12 without packages for cip; Kubernetes has the profile of Docker where a pod asks for',
  '`RuntimeDefault`, or the cluster sets it for everybody. Below, for each place: what was another, and all that was said.',
  '',
];

function markdownTable(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  return [lines[0]!, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...lines.slice(1)];
}
