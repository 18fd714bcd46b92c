import { assertNever } from '../../result.ts';
import type { ToldCause } from './merge-causes.ts';
import { describeReason } from './plan-reason.ts';
import type { CausePlace, EqualParts, WhyCause } from './why-cause.ts';

/** A cause as a person is told it, on one line: `mode of contexts/01-app/a.sh 0644 → 0755`. */
function describeCause(cause: WhyCause): string {
  switch (cause.reason) {
    case 'file-added':
      return `${cause.path} is new${copiedBy(cause.at)}`;
    case 'file-removed':
      return `${cause.path} is gone`;
    case 'file-changed':
      return `${cause.path} changed${copiedBy(cause.at)}`;
    case 'file-mode':
      return `mode of ${cause.path} ${cause.before} → ${cause.after}${copiedBy(cause.at)}`;
    case 'file-content':
      return `content of ${cause.path} ${short(cause.before)} → ${short(cause.after)}${copiedBy(cause.at)}`;
    case 'file-type':
      return `${cause.path} is a ${cause.after}, not a ${cause.before} as before${copiedBy(cause.at)}`;
    case 'link-target':
      return `link ${cause.path} leads to ${cause.after}, not to ${cause.before} as before${copiedBy(cause.at)}`;
    case 'hard-link':
      return hardLink(cause);
    case 'device-number':
      return `device ${cause.path} is ${cause.after}, not ${cause.before} as before${copiedBy(cause.at)}`;
    case 'escape-changed':
      return `the escape character of ${cause.file} is ${cause.after}, not ${cause.before} as before`;
    case 'instruction-changed':
      return instructionChanged(cause);
    case 'instruction-added':
      return `${place(cause.at)} is new: ${cause.at.text}`;
    case 'instruction-removed':
      return instructionRemoved(cause);
    case 'argument-changed':
      return `ARG ${cause.name} ${argumentWords[cause.how ?? 'changed']}${firstUsedBy(cause.at)}`;
    case 'option-changed':
      return `option ${cause.name} ${argumentWords[cause.how ?? 'changed']}`;
    case 'parent-changed': {
      if (cause.how !== undefined) return `${cause.how === 'came' ? 'now' : 'no longer'} built from ${cause.parent}`;
      return `parent ${cause.parent} changed${cause.because ? `: ${describeCause(cause.because)}` : ''}`;
    }
    case 'base-moved':
      return `base ${cause.reference} moved from ${short(cause.before)} to ${short(cause.after)}${namedBy(cause.at)}`;
    case 'target-changed':
      return `the target is ${stage(cause.after)}, not ${stage(cause.before)} as before`;
    case 'record-gone':
      return 'what it was built from is not remembered here: the record is gone, or on another machine';
    case 'never-built':
      return `never built here before: ${cause.reference} is missing`;
    case 'planned':
      return cause.plan.code === 'asked-for' ? 'asked for by --no-cache' : describeReason(cause.plan);
    default:
      return assertNever(cause);
  }
}

/** A cause with where it applies: `base debian:12 moved …, also through parent lib (linux/arm64 alone)`. */
export function describeTold(cause: ToldCause): string {
  const { through = [], platforms = [] } = cause;
  const parents =
    through.length === 0 ? '' : `, also through ${through.length === 1 ? 'parent' : 'parents'} ${through.join(', ')}`;
  const where = platforms.length === 0 ? '' : ` (${platforms.join(', ')} alone)`;
  return `${describeCause(cause)}${parents}${where}`;
}

/** What an image that is up to date has in common with what it was built from: `4 instructions, 2 files`. */
export function describeEqual({ instructions, files, arguments: args, options, parents, bases }: EqualParts): string {
  const counts: readonly (readonly [number, string])[] = [
    [instructions, 'instruction'],
    [files, 'file'],
    [args, 'build argument'],
    [options, 'option'],
    [parents, 'parent'],
    [bases, 'base'],
  ];
  return counts
    .flatMap(([count, noun]) => (count === 0 ? [] : [`${count} ${noun}${count === 1 ? '' : 's'}`]))
    .join(', ');
}

const argumentWords = { changed: 'has another value', came: 'is new', left: 'is no longer used' } as const;

function hardLink({ path, before, after, at }: Extract<WhyCause, { reason: 'hard-link' }>): string {
  const now = after === undefined ? 'a file of its own' : `another name of ${after}`;
  const then = before === undefined ? '' : `, not another name of ${before} as before`;
  return `${path} is ${now}${then} (a hard link)${copiedBy(at)}`;
}

function instructionChanged({ at, before }: Extract<WhyCause, { reason: 'instruction-changed' }>): string {
  if (before === undefined) return `${place(at)} changed: ${at.text}`;
  if (before === at.text && at.text.includes('<<')) return `the here-document of ${place(at)} changed: ${at.text}`;
  if (before === at.text) return `${place(at)} changed in a part that is not shown: ${at.text}`;
  return `${place(at)} changed: ${before} → ${at.text}`;
}

function instructionRemoved(cause: Extract<WhyCause, { reason: 'instruction-removed' }>): string {
  const { file, line, before, count = 1, isIdle } = cause;
  const where = line === undefined ? file : `${file}:${line}`;
  const more = count > 1 ? ` and ${count - 1} more after it` : '';
  const text = before === undefined ? '' : `: ${before}`;
  const verb = count > 1 ? 'are' : 'is';
  return `instruction at ${where}${more} ${verb} ${isIdle ? 'no longer built' : 'gone'}${text}`;
}

function stage(name: string | undefined): string {
  return name === undefined ? 'the last stage' : `stage ${name}`;
}

function place({ file, line }: CausePlace): string {
  return `${file}:${line}`;
}

function copiedBy(at: CausePlace | undefined): string {
  return at === undefined ? '' : `, taken by ${place(at)}: ${at.text}`;
}

function firstUsedBy(at: CausePlace | undefined): string {
  return at === undefined ? '' : `, first used by ${place(at)}: ${at.text}`;
}

function namedBy(at: CausePlace | undefined): string {
  return at === undefined ? '' : `, named by ${place(at)}: ${at.text}`;
}

/** `0123456789ab`. */
function short(digest: string | undefined): string {
  return digest === undefined ? 'an unknown digest' : digest.slice('sha256:'.length, 'sha256:'.length + 12);
}
