import type { NodeProperty, TreeDifference, TreeState } from '../../layer/compare-trees.ts';
import type { ValueDifference } from '../config-differences.ts';
import type { LayerContent } from '../image-content.ts';
import type { ImageDifference, PlatformDifference, ReadImage } from '../image-difference.ts';
import { byteSize } from './byte-size.ts';
import { plural } from './plural.ts';
import { shortDigest } from './short-digest.ts';
import { visibleLine } from './visible.ts';

/** Both images, and how each was named. */
interface Compared {
  readonly before: ReadImage & { readonly name: string };
  readonly after: ReadImage & { readonly name: string };
}

/**
 * What differs, for people: `-` is of the first image, `+` of the second, `~` of both. Nothing where there is nothing to say. In pieces:
 * whole file systems may differ, and a text has an end.
 */
export function* imageDiffText(
  { before, after }: Compared,
  { annotations, platforms }: ImageDifference,
): Generator<string, void, undefined> {
  const told = [annotations.map(valueLine), ...platforms.map(platformLines)];
  if (told.every((lines) => lines.length === 0) && platforms.every(({ files }) => files.length === 0)) return;
  yield textOf([`--- ${before.name}`, `+++ ${after.name}`, ...told[0]!]);
  for (const [at, { platform, files }] of platforms.entries()) {
    const lines = told[at + 1]!;
    if (lines.length + files.length > 0) yield textOf([platform, ...lines.map(indented)]);
    for (const some of inPieces(files)) yield textOf(some.map((file) => indented(fileLine(file))));
  }
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${visibleLine(line)}\n`).join('');
}

const indented = (line: string) => `  ${line}`;

const PIECE = 1000;

function* inPieces<T>(items: readonly T[]): Generator<readonly T[], void, undefined> {
  for (let at = 0; at < items.length; at += PIECE) yield items.slice(at, at + PIECE);
}

/** All but the files. */
function platformLines({ only, annotations, config, layers }: PlatformDifference): readonly string[] {
  if (only !== undefined) return [`${only === 'before' ? '-' : '+'} the whole platform`];
  return [...annotations.map(valueLine), ...config.map(valueLine), ...layerLines(layers)];
}

function valueLine({ field, name, before, after }: ValueDifference): string {
  const what = name === undefined ? field : `${field} ${name}`;
  if (before === undefined) return `+ ${what}${valueText(after)}`;
  if (after === undefined) return `- ${what}${valueText(before)}`;
  return `~ ${what}${valueText(before)} →${valueText(after).slice(1)}`;
}

/** What is only there or not has no value. */
function valueText(value: unknown): string {
  return value === true ? '' : `: ${JSON.stringify(value)}`;
}

function layerLines({ shared, before, after }: PlatformDifference['layers']): readonly string[] {
  if (before.length === 0 && after.length === 0) return [];
  const line = (sign: string) => (layer: LayerContent) =>
    `${sign} layer ${shortDigest(layer.digest)} ${byteSize(layer.size).padStart(7)}  ${oneLine(layer.createdBy)}`.trimEnd();
  return [`= ${plural(shared, 'layer')} of both`, ...before.map(line('-')), ...after.map(line('+'))];
}

/** Instructions may be whole scripts; `--json` has all of them. */
function oneLine(text = ''): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}

function fileLine({ path, before, after, differs }: TreeDifference): string {
  if (before === undefined) return `+ /${path} ${summaryOf(after!)}`;
  if (after === undefined) return `- /${path} ${summaryOf(before)}`;
  return `~ /${path} ${differs.map((property) => `${property} ${changeOf(property, before, after)}`).join(', ')}`;
}

function summaryOf(state: TreeState): string {
  const { type, mode, owner, size, target, device, link } = textsOf(state);
  const rest = { size, device, target: target && `→ ${target}`, link: link && `= ${link}` };
  return [type, mode, owner, ...Object.values(rest)].filter((text) => text !== undefined).join(' ');
}

function changeOf(property: NodeProperty, before: TreeState, after: TreeState): string {
  return `${textsOf(before)[property] ?? 'none'} → ${textsOf(after)[property] ?? 'none'}`;
}

/** Each property for people. */
function textsOf(state: TreeState): Readonly<Record<NodeProperty, string | undefined>> {
  const { type, mode, uid, gid, size, digest, target, device, link, xattrs, time } = stateJson(state);
  const attributes = Object.entries(xattrs ?? {}).map(([name, value]) => `${name}=${value}`);
  return {
    type,
    mode,
    owner: `${uid}:${gid}`,
    size: size === undefined ? undefined : `${size} B`,
    content: digest === undefined ? undefined : shortDigest(digest),
    target,
    device,
    link,
    xattrs: attributes.length === 0 ? undefined : attributes.join(' '),
    time,
  };
}

/** The document `cip.image-diff/v1`, in pieces as well, with a line for each file. */
export function* imageDiffJson(
  { before, after }: Compared,
  { equal, annotations, platforms }: ImageDifference,
): Generator<string, void, undefined> {
  const document = {
    schema: 'cip.image-diff/v1',
    equal,
    before: { name: before.name, digest: before.content.digest },
    after: { name: after.name, digest: after.content.digest },
    annotations,
    platforms: platforms.map((platform) => ({ ...platform, files: [] })),
    failures: [],
  };
  // No text of an image has a line break in JSON: what begins a line is of the document.
  const [head = '', ...rest] = JSON.stringify(document, null, 2).split('\n      "files": []');
  yield head;
  for (const [at, { files }] of platforms.entries()) {
    yield '\n      "files": [';
    let separator = '';
    for (const some of inPieces(files)) {
      yield some
        .map((file, place) => `${place === 0 ? separator : ','}\n        ${JSON.stringify(fileJson(file))}`)
        .join('');
      separator = ',';
    }
    yield `${files.length === 0 ? '' : '\n      '}]${rest[at]}`;
  }
  yield '\n';
}

function fileJson({ path, before, after, differs }: TreeDifference): object {
  const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  return {
    path: `/${path}`,
    change,
    differs,
    before: before && stateJson(before),
    after: after && stateJson(after),
  };
}

function stateJson({ entry, link }: TreeState) {
  const isLink = entry.type === 'symlink';
  return {
    type: entry.type,
    mode: isLink ? undefined : entry.mode.toString(8).padStart(4, '0'),
    uid: entry.uid,
    gid: entry.gid,
    size: entry.type === 'file' ? entry.size : undefined,
    digest: entry.type === 'file' ? entry.digest : undefined,
    target: isLink ? entry.target : undefined,
    device: 'major' in entry ? `${entry.major}:${entry.minor}` : undefined,
    link: link === undefined ? undefined : `/${link}`,
    xattrs: entry.xattrs,
    time: new Date(entry.mtime * 1000).toISOString(),
  };
}
