import { formatPlatform } from '../../oci/platform.ts';
import { type Action, isUpload, type Plan, type PlannedImage } from '../../orchestrator/plan/plan.ts';
import { describeReason } from '../../orchestrator/plan/plan-reason.ts';
import { firstOf } from '../../project/name-list.ts';
import type { Colors } from '../colors.ts';
import { duration } from './duration.ts';
import { plural } from './plural.ts';
import { visibleLine } from './visible.ts';

type Title = Action | 'upload';

/** What people read for each action, in the order of the list; those at the end need no line for each image. */
const titles = {
  build: 'BUILD',
  upload: 'UPLOAD',
  retag: 'RE-TAG',
  tag: 'TAG',
  'base-moved': 'BASE MOVED',
  'owners-lost': 'NO OWNERS',
  drift: 'DRIFT',
  unverified: 'UNVERIFIED',
  'skipped-platform': 'SKIP',
  'up-to-date': 'UP TO DATE',
} satisfies Record<Title, string>;

/** The plan for a person: how many of what, then each image that something is to be said about, with the reasons. */
export function planText(plan: Plan, colors: Colors): string {
  const told = plan.images.filter(({ action }) => action !== 'up-to-date');
  return [
    `${heading(plan)}\n`,
    ...(plan.images.length > 0 ? [section(counts(plan, colors))] : []),
    ...(told.length > 0 ? [section(explanations(told))] : []),
    section(forecast(plan)),
  ].join('');
}

function heading({ images, registry }: Plan): string {
  const levels = new Set(images.map(({ level }) => level)).size;
  const platforms = new Set(images.flatMap((image) => image.platforms.map(({ platform }) => formatPlatform(platform))));
  const parts = [plural(images.length, 'image'), plural(levels, 'level'), [...platforms].join(' + ')];
  return `Plan: ${parts.filter(Boolean).join(', ')} → ${registry}`;
}

function counts({ command, images }: Plan, colors: Colors): string[] {
  const titleOf = (image: PlannedImage): Title => (isUpload(image, command) ? 'upload' : image.action);
  const width = Math.max(...Object.values(titles).map((title) => title.length));
  return (Object.keys(titles) as Title[]).flatMap((action) => {
    const own = images.filter((image) => titleOf(image) === action);
    if (own.length === 0) return [];
    const names =
      action === 'up-to-date' ? '' : `   ${own.map(({ name, version }) => `${name} ${version}`).join(', ')}`;
    const title = titles[action].padEnd(width);
    const paint = { drift: colors.red, build: colors.green }[action as string] ?? ((text: string) => text);
    return [`${paint(title)} ${String(own.length).padStart(4)}${names}`];
  });
}

/** Of one image; the rest is counted. */
const mostReasons = 6;

/** A line per reason, the first beside the image. */
function explanations(images: readonly PlannedImage[]): string[] {
  const names = Math.max(...images.map(({ name }) => name.length));
  const versions = Math.max(...images.map(({ version }) => version.length));
  return images.flatMap(({ name, version, reasons }) => {
    const label = `${name.padEnd(names)}  ${version.padEnd(versions)}`;
    const shown = reasons.length > mostReasons ? reasons.slice(0, mostReasons - 1) : reasons;
    const more = reasons.length - shown.length;
    const words = [
      ...shown.map((reason) => visibleLine(describeReason(reason))),
      ...(more > 0 ? [`and ${more} more (--json lists all)`] : []),
    ];
    return words.map((word, line) => `${line === 0 ? label : ' '.repeat(label.length)}   ${word}`);
  });
}

function forecast(plan: Plan): string[] {
  const { criticalPath } = plan;
  const path = criticalPath.images;
  return [
    ...(path.length > 0 && criticalPath.isRecorded
      ? [`critical path: ${path.join(' → ')} ≈ ${duration(criticalPath.duration)}`]
      : []),
    ...tagsToSet(plan),
  ];
}

/** Versions by name, `latest` by number; nothing where the plan can't be run. */
function tagsToSet({ failures, images }: Plan): string[] {
  if (failures.length > 0) return [];
  const tags = images.flatMap((image) => image.tags.map(({ reference }) => ({ image, reference })));
  const versions = tags.filter(({ image, reference }) => reference === image.reference);
  const latest = tags.length - versions.length;
  const names = firstOf(versions.map(({ image: { name, version } }) => `${name}:${version}`));
  const words = [...names, ...(latest > 0 ? [`latest ×${latest}`] : [])];
  return words.length > 0 ? [`would set: ${words.join(', ')}`] : [];
}

function section(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
